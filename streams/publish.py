"""A snapshot of the store for any number of stock DuckDB clients, while it is written.

Decides what is published: all but the store's secret, without which nobody can tell who is behind an id. Must
never let a reader see half a file.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb

from sinks.duckdb.sql import literal
from streams.backup import copied
from streams.copying import STORE, BackupError, check_room, sync
from streams.settings import Project

WORK = ".publishing"
STRIP = "CREATE OR REPLACE TABLE ops.meta AS SELECT * FROM ops.meta WHERE key <> 'secret'"


def publish(project: Project, folder: Path) -> Path:
    """Puts a snapshot of now into a folder, in the place of the last one; its file.

    Who has the last one open goes on reading it. Raises BackupError, StoreError; then the last one stays.
    """
    folder = folder.absolute()
    work = folder / WORK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(work, ignore_errors=True)  # of a process that was killed
        work.mkdir(mode=0o700)
        check_room(work, 2 * project.store.stat().st_size if project.store.exists() else 0)
        copied(project, None, work)
        fresh = _compacted(work / STORE, work / f"fresh-{STORE}")
        sync(fresh)
        os.replace(fresh, folder / STORE)
        sync(folder)
    except OSError as error:
        raise BackupError(f"{folder}: {error.strerror}; mend it or choose another folder") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder / STORE


def _compacted(copy: Path, fresh: Path) -> Path:
    """A new file with all that is to be read in a copy of a store."""
    connection = duckdb.connect(str(copy))
    try:
        connection.execute(STRIP)
        connection.execute(f"ATTACH {literal(str(fresh))} AS published")
        connection.execute(f"COPY FROM DATABASE {copy.stem} TO published")
        connection.execute("CHECKPOINT published")
    finally:
        connection.close()
    return fresh
