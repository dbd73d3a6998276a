"""Segments kept up to date beside what lands, in a thread of their own.

Decides when they are looked at: at once while landing keeps up, else seldom enough to hold nothing up. Must
never end the process, whatever a definition does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Self

import duckdb

from schemas.catalogue import Catalogue
from sinks.duckdb.segments import Segments
from sinks.serving.copy import ServingCopy, copy_of
from sinks.serving.tables import CopyError
from streams.owner import Owner
from streams.serving import Serving
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
        serving = serving_of(self._owner, self._tell)
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
                if look(segments, serving):
                    pause = 0.0
            except duckdb.OutOfMemoryException:
                if segments:
                    segments.at_once = max(segments.at_once // 2, FEWEST)
                self._complain("little memory is left for segments; raise store.memory_limit in rundum.toml")
            except CopyError as failure:
                self._complain(f"the API is not served: {failure}")
                if serving:
                    serving.close()
                serving = serving_of(self._owner, self._tell)
            except Exception as failure:  # whatever it is: landing must not end with it
                if not self._stop.is_set():
                    self._complain(f"segments: {str(failure).strip().partition(chr(10))[0] or repr(failure)}")
                    segments = self._renewed(segments, None)
            now = monotonic()
            rested_at = now + (now - began) * (1 - SHARE) / SHARE
        self._renewed(segments, None)
        if serving:
            serving.close()

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


def look(segments: Segments, serving: Serving | None) -> bool:
    """Looks at one definition that is due and at some who are touched; whether more is due already."""
    now = segments.now()
    if now is None:
        return False
    if serving and not serving.is_filled(segments.newest_change()):
        serving.fill(segments, now)
    segments.refresh(now, serving.feed if serving else None)  # first: what an event did is not time's doing
    has_swept = segments.sweep_due(now) > 0
    if serving:
        serving.follow(segments.scope)
    return has_swept


def serving_of(owner: Owner, tell: Callable[[str], None]) -> Serving | None:
    """The serving copy, if the project has an API; else none is left, for it would not be kept up to date."""
    path = copy_of(owner.project.store)
    try:
        if not owner.project.api.grants:
            path.unlink(missing_ok=True)
            return None
        keep = timedelta(days=owner.project.api.keep_days)
        return Serving(ServingCopy(path, owner.store_id, keep))
    except (CopyError, OSError) as error:
        tell(f"the API is not served: {error}")
        return None


def catch_up(owner: Owner) -> datetime | None:
    """Looks at everything that is due or touched, at the time of the last tick; None before the first."""
    serving = serving_of(owner, lambda _: None)
    with segments_of(owner) as segments:
        try:
            if now := segments.now():
                if serving and not serving.is_filled(segments.newest_change()):
                    serving.fill(segments, now)
                segments.catch_up(now, serving.feed if serving else None)
                if serving:
                    serving.follow(segments.scope)
            return now
        finally:
            if serving:
                serving.close()
