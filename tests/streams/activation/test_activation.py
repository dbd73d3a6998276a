"""The whole way: events land, people come into a segment, and a tool in another process is told of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.settings import Project
from tests.living import append, running, typed, wait_for
from tests.reached import SECRET, VARIABLE, consent, everybody, mail, now, person, tooled, webhook, withdrawal
from tests.tool import Tool

PEOPLE = 6


@pytest.fixture
def reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Project, Tool]]:
    """A project in which six people have consented, a tool, and a destination between them."""
    monkeypatch.setenv(VARIABLE, SECRET)
    with tooled(tmp_path) as (project, tool):
        append(project, [said for number in range(PEOPLE) for said in person(number)])
        append(project, [*person(PEOPLE, purpose=None), *person(PEOPLE + 1, purpose="surveys"), everybody()])
        webhook(project, tool)
        yield project, tool


def approved(project: Project, name: str = "mail") -> None:
    """Lets the first transfer go, once it waits for that."""
    wait_for(lambda: "wait for" in typed(project.root, "destinations", "status")[1].said)
    code, run = typed(project.root, "destinations", "approve", name, "--reason", "First transfer.")
    assert code == 0, run.said


def holds(*numbers: int) -> set[str]:
    """Addresses of people."""
    return {mail(number) for number in numbers}


def test_those_who_consented_are_told_and_taken_back(reached: tuple[Project, Tool]) -> None:
    project, tool = reached
    with running(project):
        approved(project)
        wait_for(lambda: set(tool.held()) == holds(*range(PEOPLE)))
        append(project, [withdrawal(2)])
        began = time.monotonic()
        wait_for(lambda: set(tool.held()) == holds(0, 1, 3, 4, 5))
        assert time.monotonic() - began < 60
        append(project, person(9))
        wait_for(lambda: set(tool.held()) == holds(0, 1, 3, 4, 5, 9))
        append(project, [consent(2, now())])
        wait_for(lambda: set(tool.held()) == holds(0, 1, 2, 3, 4, 5, 9))
        said = typed(project.root, "destinations", "status")[1].said
        assert "well; sent last" in said
        assert "last withdrawal delivered" in said
