"""A project on Kafka, what was told to it, and the workers that land it while something goes wrong.

Decides what is right at the end: all that the topics hold is accounted for, and the store says what a clean
run says. Must never wait for a person: whatever recovers does so by itself.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from sinks.duckdb.digest import digest
from sinks.duckdb.store import Store
from streams.log.protocol import CLOCK, LogUnreachable
from streams.sources.synthetic import Parameters, generate
from tests.cluster.shared import Cluster
from tests.feed import Said, batch_of, catalogue, check_books, land, new_store
from tests.grown import await_landed, grown_project, heads, inlet_of, produce
from tests.living import LANDING, PATIENCE, Started, command, health, outgoing, port_of

PIECE = 2_000  # events that are produced at a time
CHUNK = 50_000  # events that a clean run lands at a time
MOST = 300.0  # seconds until all must have landed, on a machine with much to do
COPIES, CONFLICTS = 0.1, 0.02
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  UTC without a zone, as the store keeps it
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Outcome:
    """What became of a trial. `recovery` is in seconds, from the end of the trouble until all had landed."""

    events: int
    restarts: int
    recovery: float
    balanced: bool
    equal: bool

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, doubled or derived otherwise."""
        return self.balanced and self.equal


@cache
def shop(events: int, seed: int = 1) -> tuple[Said, ...]:
    """The generated shop, copies and conflicts included, in no order."""
    chance = Random(seed)
    parameters = Parameters(
        people=max(12, events // 40), events=events, seed=seed, duplicates=COPIES, conflicts=CONFLICTS
    )
    told = [Said(event.type, event.datum) for event in generate(parameters)]
    chance.shuffle(told)
    return tuple(told)


def patiently(work: Callable[[], Answer]) -> Answer:
    """Does something that needs the cluster, which may just have come back."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except LogUnreachable:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


class Scene:
    """One project and its workers."""

    def __init__(self, folder: Path, served: Cluster, seed: int = 1, **kafka: object) -> None:
        """`kafka` are keys of [kafka]."""
        self.project = grown_project(folder, served, **kafka)
        self.chance = Random(seed)
        self.told: list[Said] = []
        self.restarts = 0
        self.recovery = 0.0

    def tell(self, events: Sequence[Said]) -> None:
        """Produces events, to any partition."""
        self.told += events
        for at in range(0, len(events), PIECE):
            piece = events[at : at + PIECE]
            patiently(lambda piece=piece: produce(self.project, piece, self.chance))  # type: ignore[misc]

    @contextmanager
    def telling(self, events: Sequence[Said]) -> Iterator[None]:
        """Within, a producer is at work; at the end all is produced."""
        teller = threading.Thread(target=self.tell, args=(events,))
        teller.start()
        try:
            yield
        finally:
            teller.join()

    @contextmanager
    def appending(self) -> Iterator[Callable[[Sequence[Said]], Callable[[], object]]]:
        """Frames events now, as long as the registry is there; what it gives sends them."""
        with inlet_of(self.project) as inlet:

            def append(events: Sequence[Said]) -> Callable[[], object]:
                self.told += events
                records = [outgoing(inlet, said) for said in events]
                return lambda: inlet.log.append(records)

            yield append

    def worker(self, *words: str) -> Started:
        """`rundum worker`, just begun."""
        self.restarts += 1
        return command(self.project.root, "worker", "--port", "0", *words)

    @property
    def goal(self) -> dict[Any, int]:
        """Where the topics end."""
        return patiently(lambda: heads(self.project))

    def recover(self, worker: Started) -> None:
        """Waits until all has landed, for as long as the worker lives, and takes the time."""
        began, goal = time.monotonic(), self.goal
        while True:
            try:
                await_landed(self.project, goal, 5.0)
                break
            except AssertionError as stuck:
                if worker.process.poll() is not None or time.monotonic() - began > MOST:
                    raise AssertionError(f"{stuck}\n{worker.said}") from None
        self.recovery = max(self.recovery, time.monotonic() - began)

    def verdict(self, *, is_whole: bool = True) -> Outcome:
        """What became of it, once no worker lives. `is_whole`: the topics hold all that they ever held."""
        store = Store(self.project.store, catalogue())
        try:
            balanced = not store.database.rows("FROM ops.conservation WHERE NOT balanced")
            if is_whole:
                balanced &= _is_true(lambda: check_books(store, self._accepted(store)))
            with new_store() as clean:
                land_clean(clean, [*self.told, *own_events(store)])
                equal = digest(store.database, catalogue()) == digest(clean.database, catalogue())
        finally:
            store.close()
        return Outcome(len(self.told), self.restarts, self.recovery, balanced, equal)

    def _accepted(self, store: Store) -> int:
        """All that the topics hold; of the clock's what has landed, for it never stands still."""
        ticks = store.database.value(f"SELECT sum(next_offset) FROM ops.position WHERE topic = '{CLOCK}'")
        return (ticks or 0) + sum(head for place, head in self.goal.items() if place.topic != CLOCK)

    def finish(self, worker: Started | None = None) -> Outcome:
        """Lands the rest by a worker that nobody disturbs, ends it in order, and looks."""
        with worker or self.worker() as last:
            last.until(LANDING)
            self.recover(last)
            assert last.end(signal.SIGTERM) == 0, last.said
        return self.verdict()


def land_clean(store: Store, events: Sequence[Said]) -> None:
    """Lands events undisturbed."""
    starts = range(0, len(events), CHUNK)
    land(store, (batch_of(events[at : at + CHUNK], first=at) for at in starts))


def own_events(store: Store) -> list[Said]:
    """What Rundum itself has said, as it is in a store: ticks, and that rejects were replayed."""
    found = []
    for event in catalogue().events.values():
        if not event.name.startswith("own/"):
            continue
        names = list(dict.fromkeys(["event_id", "occurred_at", *event.arrow.names]))
        for row in store.database.rows(f"SELECT {', '.join(names)} FROM {event.table}"):
            found.append(Said(event.name, dict(zip(names, map(_as_avro, row), strict=True))))
    return found


def why_of(worker: Started) -> tuple[str, str]:
    """Status and reason in /health."""
    told = health(port_of(worker))[1]
    return told["status"], told["why"]


def _as_avro(value: Any) -> Any:
    return round((value - EPOCH).total_seconds() * 1_000_000) if isinstance(value, datetime) else value


def _is_true(check: Callable[[], None]) -> bool:
    try:
        check()
    except AssertionError:
        return False
    return True
