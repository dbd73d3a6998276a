"""Upgrading a store in place of itself: what changes, what must not, and how often a contract has changed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.catalogue import Catalogue
from schemas.meanings import read_fields, read_marks
from sinks.duckdb import upgrade as module
from sinks.duckdb.database import Database, StoreBusy, StoreError, StoreMissing, open_read_only
from sinks.duckdb.rebuild import rebuild
from sinks.duckdb.sql import Script
from sinks.duckdb.store import Store
from sinks.duckdb.upgrade import find_changes, swapping, upgrade
from tests.feed import blank_store, catalogue, land_whole, says
from tests.streams.cli.conftest import held

EVENT = "web/tracking/page_viewed"


def reworded(doc: str) -> Catalogue:
    """The contracts with other words about page views, which mean the same."""
    event = catalogue().events[EVENT]
    schema = {**json.loads(json.dumps(event.schema)), "doc": doc}
    changed = replace(event, schema=schema, marks=read_marks(schema), fields=read_fields(schema))
    return replace(catalogue(), events={**catalogue().events, EVENT: changed})


def version(path: Path, contracts: Catalogue) -> int:
    """The number of the contract's version, once the store has taken it over."""
    store = Store(path, contracts)
    number: int = store.database.value("SELECT version FROM ops.contract WHERE event_type = ?", [EVENT])
    store.close()
    return number


def copy(path: Path, fresh: Path) -> None:
    shutil.copyfile(path, fresh)


def unheard(done: int, total: int) -> None:
    assert done <= total


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with a few page views."""
    path = blank_store(tmp_path / "store.duckdb")
    store = Store(path, catalogue())
    land_whole(
        store, [says(EVENT, f"v{n}", n, device_id=f"d{n}", url="https://a.example/") for n in range(5)]
    )
    store.close()
    return path


def test_a_contract_is_counted_whenever_it_changes(path: Path) -> None:
    assert version(path, catalogue()) == 1
    assert version(path, reworded("Other words.")) == 2
    assert version(path, reworded("Other words.")) == 2
    assert version(path, catalogue()) == 3
    rebuild(path, catalogue(), unheard)
    assert version(path, catalogue()) == 3
    rebuild(path, reworded("Other words."), unheard)
    assert version(path, reworded("Other words.")) == 4


def test_what_would_change_is_known_before(path: Path) -> None:
    database = Database(path)
    assert not find_changes(database, catalogue())
    changes = find_changes(database, reworded("Other words."))
    assert (changes.steps, changes.new, changes.changed, changes.rules) == ([], [], [EVENT], "")
    database.close()
    before, after = upgrade(path, reworded("Other words."), copy, unheard)
    assert before == after
    assert version(path, reworded("Other words.")) == 2


def test_a_step_that_changes_what_the_store_says_is_not_taken(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        module, "_steps_from", lambda _: [Script("9", "DELETE FROM web_tracking.page_viewed;\n", "", {})]
    )
    before = path.read_bytes()
    with pytest.raises(
        StoreError, match="would say something else under the same rules; nothing was changed"
    ):
        upgrade(path, catalogue(), copy, unheard)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_new_store_takes_the_place_while_nobody_else_can(path: Path) -> None:
    with swapping(path) as fresh:
        blank_store(fresh)
    with open_read_only(path) as connection:
        assert connection.execute("SELECT count(*) FROM ops.event").fetchall() == [(0,)]
    with held(path), pytest.raises(StoreBusy), swapping(path):
        raise AssertionError("a store that somebody has open was swapped")
    with pytest.raises(StoreMissing), swapping(path.with_name("other.duckdb")):
        raise AssertionError("a store was made")
    assert [file.name for file in path.parent.iterdir()] == [path.name]
