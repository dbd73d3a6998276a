"""Deriving everything again in a copy, to see whether it says what the store says.

Decides where the copy lies. Must never touch the store, but for keeping writers out while it is copied.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import asdict

from schemas.catalogue import Catalogue
from sinks.duckdb.database import StoreError, open_read_only
from sinks.duckdb.rebuild import Progress, rebuild
from sinks.gateway.access import Caller, DoorClosed
from streams.check.files import size_of
from streams.check.finding import REBUILD, Finding, Repair, State
from streams.copying import copy_store
from streams.settings import Project

MUST = "Derived again from its events, the store says the same."
ELSEWHERE = (
    "process {} has the store open, and only a store that nobody writes can be copied: stop it, or make a "
    "`rundum backup DIR` and `rundum check --deep --store DIR/store.duckdb`"
)


def check_derived(project: Project, catalogue: Catalogue, progress: Progress) -> Finding:
    """Copies the store, derives the copy anew, and compares digests. Raises StoreError, BackupError."""
    try:
        with closing(Caller(project.store)) as caller:
            raise StoreError(ELSEWHERE.format(caller.owner["pid"]))
    except DoorClosed:
        pass
    if shutil.disk_usage(project.store.parent).free < 2 * size_of(project.store):
        raise StoreError(f"{project.store.parent} has no room for two copies of the store; make some")
    folder = project.store.with_name(f"{project.store.name}.check")
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        with closing(open_read_only(project.store, project.memory_limit)):
            copy_store(project.store, None, folder)
        copy = folder / "store.duckdb"
        before, after = rebuild(copy, catalogue, progress, memory_limit=project.memory_limit, distrust=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if before == after:
        return Finding("derived", MUST)
    if before.rules != after.rules:
        why = "the rules have changed, so the two cannot be compared"
        return Finding("derived", MUST, State.ADVICE, (why,), 1, "`rundum rebuild`, then check again")
    parts = [part for part, told in asdict(before).items() if told != getattr(after, part)]
    seen = tuple(f"the digest of {part} is another" for part in parts)
    return Finding("derived", MUST, State.WRONG, seen, len(seen), REBUILD, Repair.REBUILD)
