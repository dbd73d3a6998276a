"""The same events over the embedded log and over Kafka: the same store, however they travel."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random

import pytest

from sinks.duckdb.digest import Digests, digest
from sinks.duckdb.store import Store
from streams.house import House
from streams.settings import Project
from streams.sources.synthetic import Parameters, generate
from tests.cluster.shared import Cluster
from tests.feed import Said, catalogue, check_books, land_whole, new_store
from tests.grown import await_landed, grown_project, heads, inlet_of, kafka_of, produce, working
from tests.living import append, outgoing

SEED = 5
COPIES = 0.1


@cache
def shop() -> tuple[Said, ...]:
    """The generated shop, with copies, conflicts and mistakes."""
    told = generate(Parameters(people=60, events=2_500, seed=SEED, duplicates=COPIES, conflicts=0.02))
    return tuple(Said(event.type, event.datum) for event in told)


@cache
def expected() -> Digests:
    """What a clean run says: all events at once, in their order."""
    with new_store() as clean:
        land_whole(clean, shop())
        return digest(clean.database, catalogue())


def shuffled(seed: int) -> list[Said]:
    """All events, a tenth of them once more, in another order."""
    chance = Random(seed)
    told = [*shop(), *chance.sample(shop(), len(shop()) // 10)]
    chance.shuffle(told)
    return told


def land(project: Project) -> None:
    with House(project, catalogue(), lambda *_: None) as house:
        house.land()


def check(project: Project, records: int) -> None:
    """Checks a store: every record is accounted for, and it says what a clean run says."""
    store = Store(project.store, catalogue())
    try:
        check_books(store, records)
        assert digest(store.database, catalogue()) == expected()
    finally:
        store.close()


def produce_by_two(project: Project, told: Sequence[Said], chance: Random) -> None:
    """Two producers put events on the topics in turns, into any partition."""
    count = kafka_of(project).partitions
    with inlet_of(project) as one, inlet_of(project) as other:
        for at in range(0, len(told), 100):
            inlet = chance.choice((one, other))
            records = [outgoing(inlet, said) for said in told[at : at + 100]]
            inlet.log.append([record._replace(partition=chance.randrange(count)) for record in records])


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_partitions_order_and_copies_change_nothing(tmp_path: Path, kafka: Cluster, partitions: int) -> None:
    project, told = grown_project(tmp_path / "shop", kafka, partitions=partitions), shuffled(partitions)
    middle = len(told) // 2
    produce_by_two(project, told[:middle], Random(partitions))
    land(project)
    produce_by_two(project, told[middle:], Random(partitions))
    land(project)
    check(project, len(told))


def test_half_of_them_over_each_log(tmp_path: Path, kafka: Cluster) -> None:
    project, told = grown_project(tmp_path / "shop", kafka), shuffled(77)
    append(project, told[: len(told) // 2])
    produce(project, told[len(told) // 2 :], Random(1))
    land(project)
    check(project, len(told))


def test_a_store_that_was_filled_embedded_goes_on_with_kafka(tmp_path: Path, kafka: Cluster) -> None:
    project, told = grown_project(tmp_path / "shop", kafka), shuffled(78)
    half = len(told) // 2
    append(project, told[:half])
    with working(project) as worker:
        produce(project, told[half:], Random(2))
        await_landed(project, heads(project))
        assert worker.end(signal.SIGTERM) == 0
    store = Store(project.store, catalogue())
    try:
        ticks = store.database.rows("SELECT event_id, epoch_us(occurred_at) FROM own_clock.ticked")
        check_books(store, len(told) + len(ticks))
        with new_store() as clean:
            land_whole(clean, [*shop(), *(tick(*row) for row in ticks)])
            assert digest(store.database, catalogue()) == digest(clean.database, catalogue())
    finally:
        store.close()


def tick(event_id: str, micros: int) -> Said:
    return Said("own/clock/ticked", {"event_id": event_id, "occurred_at": micros})
