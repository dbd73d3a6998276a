"""A store of an older version becomes one of today's: in a copy beside it, checked, then swapped in.

Decides which steps lead where, and when the result is right. Must never change the old file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.catalogue import Catalogue
from sinks.duckdb.contracts import adopt, changed_rules, landed_contracts
from sinks.duckdb.database import MEMORY_LIMIT, VERSION, Database, StoreError, open_read_only
from sinks.duckdb.digest import Digests, digest
from sinks.duckdb.reader import Rows
from sinks.duckdb.rebuild import Progress, rebuild
from sinks.duckdb.sql import Script, scripts

FIRST = 1  # the oldest version that there is a way from
Copy = Callable[[Path, Path], None]  # must be another process's work: closing a file here drops its locks


@dataclass(frozen=True)
class Changes:
    """What an upgrade would do to a store."""

    version: int
    steps: list[str]  # in words
    new: list[str]  # event types whose contract the store does not know yet
    changed: list[str]  # event types whose contract is another now
    rules: str  # which have changed, in words; empty if none

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.steps or self.new or self.changed or self.rules)


def find_changes(store: Rows, catalogue: Catalogue) -> Changes:
    """What an upgrade would do to a store. Raises StoreError."""
    version, known = version_of(store), landed_contracts(store, catalogue)
    changed = [name for name, old in known.items() if catalogue.events[name].schema != old.schema]
    words = [script.doc for script in _steps_from(version)]
    new = sorted(catalogue.events.keys() - known.keys())
    return Changes(version, words, new, changed, changed_rules(store, catalogue, known))


def version_of(store: Rows) -> int:
    """The version of a store's tables."""
    return int(store.rows("SELECT value FROM ops.meta WHERE key = 'version'")[0][0])


def upgrade(
    path: Path, catalogue: Catalogue, copy: Copy, progress: Progress, *, memory_limit: str = MEMORY_LIMIT
) -> tuple[Digests, Digests]:
    """Brings the store at `path` up to date; returns its digests before and after.

    They are equal unless the rules have changed. Raises StoreError, leaving the store as it was.
    """
    with swapping(path, memory_limit) as fresh:
        copy(path, fresh)
        changes, before, after = _carry_over(fresh, catalogue, memory_limit)
        if changes.rules:
            _, after = rebuild(fresh, catalogue, progress, memory_limit=memory_limit)
        is_alike = not changes.changed and not changes.rules
        if is_alike and replace(after, rules=before.rules) != before:  # new contracts count as other rules
            raise StoreError(_different(path))
    return before, after


@contextmanager
def swapping(path: Path, memory_limit: str = MEMORY_LIMIT) -> Iterator[Path]:
    """Gives a place for a new store, which replaces the one at `path` unless something is raised.

    Meanwhile nobody else can open the store. Raises StoreBusy if somebody has, StoreMissing.
    """
    open_read_only(path, memory_limit, FIRST).close()  # what is not there must not be made
    folder = path.with_name(f"{path.name}.upgrade")
    held = Database(path, memory_limit=memory_limit, oldest=FIRST)
    try:
        held.run("CHECKPOINT")  # a write-ahead log of the old file must not end up behind the new one
        shutil.rmtree(folder, ignore_errors=True)  # of an upgrade that was killed
        folder.mkdir(mode=0o700)
        yield folder / "store.duckdb"
        os.replace(folder / "store.duckdb", path)
    finally:
        held.close()
        shutil.rmtree(folder, ignore_errors=True)


def _carry_over(path: Path, catalogue: Catalogue, memory_limit: str) -> tuple[Changes, Digests, Digests]:
    """The steps, then the contracts unless other rules keep them waiting; digests before and after."""
    database = Database(path, memory_limit=memory_limit, oldest=FIRST)
    try:
        changes, before = find_changes(database, catalogue), digest(database, catalogue)
        _take_steps(database)
        if digest(database, catalogue) != before:
            raise StoreError(_different(path))
        if not changes.rules:
            adopt(database, catalogue)
        database.run("CHECKPOINT")
        return changes, before, digest(database, catalogue)
    finally:
        database.close()


def _take_steps(database: Database) -> None:
    """Changes the tables; what none of the steps names but today's store has is made new."""
    with database.transaction():
        for step in _steps_from(version_of(database)):
            database.run_script(step.text)
        there = {
            name for (name,) in database.rows("SELECT schema_name || '.' || table_name FROM duckdb_tables()")
        }
        for table in scripts("tables"):
            if table.name not in there:
                database.run(table.text)
            database.document(table.name, "TABLE", table.doc, table.columns)
        database.set_meta("version", str(VERSION))


def _steps_from(version: int) -> list[Script]:
    steps = sorted(scripts("upgrades"), key=lambda step: int(step.name))
    return [step for step in steps if version < int(step.name) <= VERSION]


def _different(path: Path) -> str:
    return (
        f"upgraded, {path} would say something else under the same rules; nothing was changed: go on with "
        "the Rundum that you had, and please report it"
    )
