"""A write-ahead log stays in bounds beside readers who never pause, and they are hardly held up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import load
from sinks.duckdb.reader import QueryError
from streams import tidy
from streams.core.model import Place
from streams.inlet import embedded_inlet
from streams.owner import Owner
from streams.settings import Project
from tests.feed import Said
from tests.living import append, new_project, pages

PLACE = Place("web.tracking", 0)
SLOW = "SELECT node FROM identity.node, range(1000000)"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new project whose log forgets at once."""
    return replace(new_project(tmp_path / "shop"), keep_hours=0)


@pytest.fixture
def owner(project: Project) -> Iterator[Owner]:
    """Its owner, with some devices landed and a reader who has not read on since."""
    append(project, pages(4))
    with embedded_inlet(project.log, load()) as inlet, Owner(project, load(), [inlet]) as made:
        list(made.land())
        yield made


def again(word: str) -> list[Said]:
    """Other events of the same devices, whose state they change."""
    return [one._replace(datum={**one.datum, "event_id": f"{word} {at}"}) for at, one in enumerate(pages(4))]


def amid_an_answer(project: Project, owner: Owner) -> Iterator[Any]:
    """A reader who has begun to read what is then changed by the events appended."""
    reading = owner.reader.ask(SLOW, None).batches
    next(reading)
    append(project, again("second"))
    return reading


def test_newcomers_wait_until_the_log_was_put_in_order(
    project: Project, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = amid_an_answer(project, owner)
    list(owner.land())
    monkeypatch.setattr(tidy, "MUCH", 1)
    monkeypatch.setattr(tidy, "TOO_MUCH", 2**40)
    list(owner.land())
    assert not owner.trim()
    answers: list[int] = []
    late = threading.Thread(target=lambda: answers.append(owner.reader.value("SELECT 42")))
    late.start()
    late.join(0.3)
    assert answers == []
    append(project, again("third"))
    assert [landing.landed for landing in owner.land()] == [4]
    del reading
    list(owner.land())
    monkeypatch.setattr(tidy, "MUCH", 2**40)
    list(owner.land())
    late.join(10)
    assert answers == [42]
    assert owner.tidy.filed[PLACE] == 12
    assert owner.trim()
    assert owner.inlet.log.ends()[PLACE] == (12, 12)


def test_readers_who_take_too_long_are_let_go_on(
    project: Project, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = amid_an_answer(project, owner)
    monkeypatch.setattr(tidy, "MUCH", 1)
    monkeypatch.setattr(tidy, "TOO_MUCH", 2**40)
    monkeypatch.setattr(tidy, "WAIT", 0.0)
    for _ in range(3):
        list(owner.land())
    assert owner.reader.value("SELECT 42") == 42
    assert len(next(reading)) > 0


def test_beyond_all_bounds_they_are_ended(
    project: Project, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = amid_an_answer(project, owner)
    list(owner.land())
    monkeypatch.setattr(tidy, "MUCH", 1)
    monkeypatch.setattr(tidy, "TOO_MUCH", 2)
    for _ in range(3):
        list(owner.land())
    with pytest.raises(QueryError, match="put its files in order"):
        list(reading)
    list(owner.land())
    assert owner.tidy.filed[PLACE] == 8
