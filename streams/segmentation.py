"""Segments kept up to date beside what lands, in a thread of their own.

Decides when they are looked at: at once while landing keeps up, else seldom enough to hold nothing up. Must
never end the process, whatever a definition does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from time import monotonic
from typing import Self

import duckdb

from schemas.catalogue import Catalogue
from sinks.duckdb.segments import Segments
from streams.owner import Owner
from streams.state import State

LOOK_SECONDS = 0.2  # between two looks while nothing lands
SHARE = 0.1  # of the time, at most, while records wait in the log
BACKLOG = 20_000  # records that wait: more, and landing goes first
FEWEST = 500  # customers at once, however little memory is left
TELL_SECONDS = 60.0


@contextmanager
def segments_of(owner: Owner) -> Iterator[Segments]:
    """The segments of an open store, for the thread that opened it."""
    connection = owner.store.database.connection
    segments = Segments((connection.cursor(), connection.cursor()), owner.store.catalogue)
    try:
        yield segments
    finally:
        segments.close()


class Segmentation:
    """Looks at segments from when it is made until it is closed."""

    def __init__(self, owner: Owner, state: State, tell: Callable[[str], None]) -> None:
        """Begins. To be made and closed by the thread that lands."""
        self._owner, self._state, self._tell = owner, state, tell
        self._root = owner.store.database.connection.cursor()
        self._stop = threading.Event()
        self._told_at = -TELL_SECONDS
        self._thread = threading.Thread(target=self._run, name="segments", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends what is running; returns when nothing of it touches the store any more."""
        self._stop.set()
        while self._thread.is_alive():
            with suppress(duckdb.Error):
                self._root.interrupt()
            self._thread.join(LOOK_SECONDS)
        self._root.close()

    def __enter__(self) -> Self:
        """The segmentation itself; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        self.close()

    def _run(self) -> None:
        catalogue, segments = self._owner.store.catalogue, None
        rested_at, pause = 0.0, LOOK_SECONDS
        while not self._stop.wait(pause):
            began, pause = monotonic(), LOOK_SECONDS
            if began < rested_at and self._state.waiting > BACKLOG:
                continue
            try:
                if segments is None or catalogue is not self._owner.store.catalogue:
                    catalogue = self._owner.store.catalogue
                    segments = self._renewed(segments, catalogue)
                    assert segments
                if self._look(segments):
                    pause = 0.0
            except duckdb.OutOfMemoryException:
                if segments:
                    segments.at_once = max(segments.at_once // 2, FEWEST)
                self._complain("little memory is left for segments; raise store.memory_limit in rundum.toml")
            except Exception as failure:  # whatever it is: landing must not end with it
                if not self._stop.is_set():
                    self._complain(f"segments: {str(failure).strip().splitlines()[0]}")
                    segments = self._renewed(segments, None)
            now = monotonic()
            rested_at = now + (now - began) * (1 - SHARE) / SHARE
        self._renewed(segments, None)

    def _look(self, segments: Segments) -> bool:
        """Looks at something that is due and at some who are touched; whether more may be due already."""
        now = segments.now()
        if now is None:
            return False
        has_swept = segments.sweep_due(now) > 0
        segments.refresh(now)
        return has_swept

    def _renewed(self, old: Segments | None, catalogue: Catalogue | None) -> Segments | None:
        """Closes what was, and opens it for other contracts, if there are any."""
        if old:
            with suppress(duckdb.Error):
                old.close()
        return Segments((self._root.cursor(), self._root.cursor()), catalogue) if catalogue else None

    def _complain(self, what: str) -> None:
        if monotonic() - self._told_at >= TELL_SECONDS:
            self._told_at = monotonic()
            self._tell(what)


def catch_up(owner: Owner) -> datetime | None:
    """Looks at everything that is due or touched, at the time of the last tick; None before the first."""
    with segments_of(owner) as segments:
        if now := segments.now():
            segments.catch_up(now)
        return now
