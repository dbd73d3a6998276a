"""A project on disk in which the story has landed, and commands typed in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import click
from click.testing import CliRunner, Result

from sinks.duckdb.digest import digest
from sinks.duckdb.store import Store
from streams.cli.session import Session
from tests.fed import Event, fed
from tests.feed import catalogue, workshop
from tests.story import story


def told_project(folder: Path, events: Iterable[Event] | None = None) -> Path:
    """A new project in which the story has landed, or the given events; nothing is left open."""
    if events is None:
        return Path(shutil.copytree(_story(), folder, dirs_exist_ok=True))
    made = fed(folder)
    made.tell(events)
    made.close()
    (folder / "rundum.toml").write_text('[store]\npath = "fed.duckdb"\n', "utf-8")
    return folder


@cache
def _story() -> Path:
    folder = workshop() / "story"
    folder.mkdir()
    return told_project(folder, story())


def typed(folder: Path, command: click.Command, *words: str) -> Result:
    """What a command of a person in the project gives."""
    return CliRunner().invoke(command, words, obj=Session(folder=folder))


def state(folder: Path) -> tuple[str, list[tuple[object, ...]]]:
    """The digest of all profiles, and who belongs together and why, without what people decided."""
    store = Store(folder / "fed.duckdb", catalogue())
    try:
        profiles = digest(store.database, store.catalogue).profiles
        nodes = (
            "SELECT node, NULL, first_seen, last_seen, events, hub, component, customer FROM identity.node"
        )
        edges = "SELECT a, b, first_seen, NULL, strength, NULL, NULL, NULL FROM identity.edge"
        outcomes = (
            "SELECT a, b, NULL, NULL, NULL, NULL, NULL, NULL FROM identity.edge WHERE outcome = 'joined'"
        )
        return profiles, store.database.rows(f"{nodes} UNION ALL {edges} UNION ALL {outcomes} ORDER BY ALL")
    finally:
        store.close()
