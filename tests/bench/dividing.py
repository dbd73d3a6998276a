"""Measures of segments: what they cost beside landing, what a look at all takes, how soon a change is seen.

Decides what has to be settled before a clock starts or stops. Must never count the making of the load.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from schemas.catalogue import load
from sinks.duckdb.definitions import SEGMENT, TRAIT, find_files
from sinks.duckdb.segments import Segments
from sinks.duckdb.store import Store
from streams.core.identify import identify
from streams.core.model import Reading
from streams.definitions import APPLIED
from streams.inlet import Inlet, embedded_inlet, tick_of
from streams.log.sqlite import SqliteLog
from streams.owner import Owner
from streams.pipeline import BATCH, Pipeline, drain, later, micros, uncollected, utc_now
from streams.pipeline import waiting as waiting_in
from streams.registry.sqlite import SqliteRegistry
from streams.running import IDLE
from streams.segmentation import Segmentation
from streams.settings import loose_project
from streams.sources.synthetic import QUALITY
from streams.state import State
from tests.bench.crowds import NOW, decoded_now, decoded_shop
from tests.bench.timing import Watch, rates
from tests.bench.workload import SECRET, STORE, Decoded, log_shop, opened

SHOP_NOW = datetime(2026, 7, 1)  # noqa: DTZ001  the day after the generated shop's last
LOOK = 0.01  # seconds between two looks
SETTLE = 2.0  # seconds of landing that do not count
PATIENCE = 900.0
UNSETTLED = (
    "SELECT (SELECT count(*) FROM segment.touched) + (SELECT count(*) FROM segment.definition"
    " ANTI JOIN (FROM segment.refresh WHERE version IS NOT NULL) USING (kind, name))"
)
FAILED = "SELECT name, error FROM segment.refresh WHERE error IS NOT NULL"
Figures = dict[str, Any]


def make_shop(log: str, events: int) -> Figures:
    """The log of the generated shop that `beside_landing` reads."""
    log_shop(Path(log), replace(QUALITY, people=events // 10, events=events))
    return {"bytes": Path(log).stat().st_size}


def beside_landing(folder: str, log: str, kinds: Sequence[str]) -> Figures:
    """A full log and definitions of these kinds: until all has landed and segments have settled."""
    with opened(folder) as store, SqliteLog(log) as source, SqliteRegistry(log) as registry:
        with _clock(folder, store) as tell:
            tell(SHOP_NOW, kinds)
        pipeline, state, landed = Pipeline(store, registry), State(), 0
        state.waiting = waiting_in(source, {})
        with _segmentation(store, state), _settled(store), Watch() as watch:
            for landing in drain(pipeline, source, utc_now):
                landed += landing.landed
                state.waiting = waiting_in(source, store.positions(source.id))
            landed_seconds = time.perf_counter() + watch.wall
            _settle(store)
        counts = dict(store.database.rows("SELECT cause, count(*) FROM segment.change GROUP BY cause"))
        return rates(watch, landed) | {
            "wall": watch.wall, "cpu": watch.cpu, "landed_seconds": landed_seconds, "changes": counts,
        }  # fmt: skip


def filled(folder: str, customers: int) -> Figures:
    """A store of so many customers, who have looked and ordered, for `swept` and `prompt`."""
    with opened(folder) as store, Watch() as watch:
        landed_at = utc_now()
        events = 0
        for one in decoded_shop(customers, BATCH):
            landed_at = _commit(store, one, landed_at)
            events += len(one.batch.records)
        stored = store.database.value("SELECT count(DISTINCT customer) FROM identity.node")
    return {"customers": stored, "events": events, "wall": watch.wall}


def swept(folder: str) -> Figures:
    """Seconds of a look at all customers, by definition, in a store that `filled` left; each looked twice."""
    with _reopened(folder) as store:
        with _clock(folder, store) as tell:
            tell(NOW, (TRAIT, SEGMENT))
        connection = store.database.connection
        segments = Segments((connection.cursor(), connection.cursor()), store.catalogue)
        took: dict[str, Figures] = {}
        for number in range(2):  # the first takes everybody in
            for one in segments.definitions():
                with Watch() as watch:
                    segments.sweep(one, NOW + number * timedelta(minutes=1))
                figures = took.setdefault(f"{one.kind} {one.name}", {})
                figures[("first", "again")[number]] = watch.wall
                figures["cpu"] = watch.cpu
        _check(store)
        for kind, name, members in store.database.rows("SELECT kind, name, members FROM segment.refresh"):
            took[f"{kind} {name}"]["members"] = members
        segments.close()
    return {"definitions": took}


def prompt(folder: str, customers: int, rate: int, seconds: float) -> Figures:
    """Seconds from the commit of an event until all memberships that it changes have changed.

    What chance has the customers do lands as `rundum run` does it; in the middle an hour passes, so that all
    definitions are due at once. In a store that `filled` and `swept` left.
    """
    with _reopened(folder) as store, _clock(folder, store) as tell, _segmentation(store, State()):
        _settle(store)
        before = store.database.value("SELECT count(*) FROM segment.change WHERE cause = 'event'")
        looks: list[tuple[float, datetime | None]] = []
        with _watching(store, looks):
            landings = _flow(store, customers, rate, seconds, tell)
            _settle(store)
            time.sleep(10 * LOOK)
        _check(store)
        changes = store.database.value("SELECT count(*) FROM segment.change WHERE cause = 'event'") - before
    waited = [
        next(at for at, oldest in looks if at >= done and (oldest is None or oldest > landed_at)) - done
        for done, landed_at, _ in landings
    ]
    sizes = [size for _, _, size in landings]
    span = landings[-1][0] - landings[0][0]
    each = np.repeat(waited, sizes)
    return {
        "freshness_p50": float(np.quantile(each, 0.5)),
        "freshness_p99": float(np.quantile(each, 0.99)),
        "freshness_worst": max(waited),
        "events_per_second": sum(sizes[1:]) / span,
        "changes_per_second": changes / (seconds + SETTLE),
    }


def _flow(
    store: Store, customers: int, rate: int, seconds: float, tell: Callable[..., None]
) -> list[tuple[float, datetime, int]]:
    """Lands what has come up since the landing before; of each that counts when it was done, and its size."""
    chance, number, told = np.random.default_rng(2), 1 << 40, False
    landed_at, landings = utc_now(), []
    began = last = time.monotonic()
    while (now := time.monotonic()) < began + SETTLE + seconds:
        size, last = round(rate * (now - last)), now
        if size:
            landed_at = _commit(store, decoded_now(number, customers, size, chance), landed_at)
            number += size
            if now > began + SETTLE:
                landings.append((time.monotonic(), landed_at, size))
        if not told and now > began + SETTLE + seconds / 2:
            tell(NOW + timedelta(hours=2))
            told = True
        time.sleep(IDLE)
    return landings


@contextmanager
def _watching(store: Store, looks: list[tuple[float, datetime | None]]) -> Iterator[None]:
    """Within, looks again and again since when anybody waits to be looked at."""
    cursor, stop = store.database.connection.cursor(), threading.Event()

    def watch() -> None:
        while not stop.wait(LOOK):
            at = time.monotonic()  # asked then: what it answers cannot be newer
            looks.append((at, cursor.execute("SELECT min(landed_at) FROM segment.touched").fetchall()[0][0]))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        cursor.close()


def _commit(store: Store, one: Decoded, last: datetime) -> datetime:
    """Lands one batch; when."""
    landed_at = later(max(last, store.last_landed_at() or last), utc_now())
    with uncollected():
        named = identify(one.tables, len(one.batch.records), store.naming)
        store.commit(one.batch, Reading(one.tables), named, landed_at)
    return landed_at


@contextmanager
def _reopened(folder: str) -> Iterator[Store]:
    store = Store(Path(folder) / STORE, load(), secret=SECRET)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _clock(folder: str, store: Store) -> Iterator[Callable[..., None]]:
    """Says what time it is, and applies what ships of some kinds, by a log of its own."""
    with embedded_inlet(Path(folder) / f"clock{utc_now():%H%M%S%f}.log", store.catalogue) as inlet:

        def tell(now: datetime, kinds: Sequence[str] = ()) -> None:
            events = [_applied(inlet, kind, name) for kind in kinds for name in find_files(kind, None)]
            inlet.log.append([*events, tick_of(inlet, now)])
            for _ in drain(Pipeline(store, inlet.registry), inlet.log, utc_now):
                pass

        yield tell


def _applied(inlet: Inlet, kind: str, name: str) -> Any:
    text = find_files(kind, None)[name].read_text("utf-8")
    datum: Mapping[str, Any] = {
        "event_id": f"{kind} {name}", "occurred_at": micros(NOW), "kind": kind, "name": name,
        "text": text, "reason": "-", "actor": "bench",
    }  # fmt: skip
    return inlet.outgoing(inlet.catalogue.events[APPLIED], datum)


@contextmanager
def _segmentation(store: Store, state: State) -> Iterator[None]:
    """Segments beside a store, as in `rundum run`; of its owner they ask for the store and its project."""
    said: list[str] = []
    owner = SimpleNamespace(store=store, project=loose_project(store.database.path))
    with Segmentation(cast(Owner, owner), state, said.append):
        yield
    assert not said, said


@contextmanager
def _settled(store: Store) -> Iterator[None]:
    """Begins when everything that is defined holds."""
    _settle(store)
    yield


def _settle(store: Store) -> None:
    """Waits until everybody touched was looked at, under every definition."""
    until = time.monotonic() + PATIENCE
    while store.database.value(UNSETTLED):
        assert time.monotonic() < until, "segments never come to an end"
        time.sleep(LOOK)
    _check(store)


def _check(store: Store) -> None:
    failed = store.database.rows(FAILED)
    assert not failed, failed


DIVIDING: Sequence[Callable[..., Figures]] = (make_shop, beside_landing, filled, swept, prompt)
