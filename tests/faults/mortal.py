"""A process that drains a log into a store, and may die by its own hand on the way."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from schemas.catalogue import load
from sinks.duckdb.database import Database, leave_pandas_out
from sinks.duckdb.segments import Segments
from sinks.duckdb.store import Store
from streams.log.sqlite import SqliteLog
from streams.pipeline import Pipeline, drain, utc_now
from streams.registry.sqlite import SqliteRegistry


class Paths(NamedTuple):
    """The files at work."""

    store: Path
    log: Path
    registry: Path


class Mortal(Database):
    """Dies before the use of the database whose turn it is: a statement, BEGIN, COMMIT, registering Arrow."""

    left: int

    def __getattribute__(self, name: str) -> object:
        if name == "connection":
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().__getattribute__(name)


def drain_log(paths: Paths, batch: int, dies_after: int, told: Connection) -> None:
    """Drains the log; says when the store is open and after each batch. `dies_after` 0 is never."""
    leave_pandas_out()  # which would take as long as all that is tried before the end comes
    store = Store(paths.store, load())
    if dies_after:
        store.database.__class__ = Mortal
        store.database.left = dies_after  # type: ignore[attr-defined]
    pipeline = Pipeline(store, SqliteRegistry(paths.registry))
    told.send("open")
    for _ in drain(pipeline, SqliteLog(paths.log), utc_now, batch_size=batch):
        told.send("landed")
    store.close()


def drain_and_divide(paths: Paths, batch: int, told: Connection) -> None:
    """Drains the log, looks at segments after each batch, and says so; first, that the store is open."""
    leave_pandas_out()
    store = Store(paths.store, load())
    connection = store.database.connection
    segments = Segments((connection.cursor(), connection.cursor()), store.catalogue)
    segments.at_once = 3
    pipeline = Pipeline(store, SqliteRegistry(paths.registry))
    told.send("open")
    look(segments)
    for _ in drain(pipeline, SqliteLog(paths.log), utc_now, batch_size=batch):
        look(segments)
        told.send("looked")
    segments.close()
    store.close()


def look(segments: Segments) -> None:
    """Looks at all that is due or touched, at the time of the last tick."""
    if now := segments.now():
        segments.catch_up(now)
