"""Projects whose events come over Kafka: made, fed, and landed by `rundum worker`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from uuid import uuid4

from schemas.catalogue import Catalogue
from sinks.duckdb.database import StoreError
from sinks.duckdb.reader import QueryError
from sinks.gateway.access import Access
from streams.brokers import Kafka
from streams.core.model import Place
from streams.inlet import Inlet, kafka_inlet
from streams.settings import Project
from tests.cluster.shared import Cluster as Served
from tests.feed import Said, catalogue
from tests.living import LANDING, PATIENCE, Started, command, new_project, outgoing

REACHED = "SELECT topic, partition, max(next_offset) FROM ops.position GROUP BY ALL"


def grown_project(folder: Path, served: Served, **kafka: object) -> Project:
    """A project on a cluster, with topics that no other test has; `kafka` are keys of [kafka]."""
    told = {"bootstrap": served.bootstrap, "registry": served.registry, "prefix": f"t{uuid4().hex[:8]}."}
    return new_project(folder, kafka=told | kafka)


def kafka_of(project: Project) -> Kafka:
    """The cluster of a project."""
    assert project.kafka
    return project.kafka


@contextmanager
def inlet_of(project: Project, contracts: Catalogue | None = None) -> Iterator[Inlet]:
    """The way into the topics of a project."""
    with kafka_inlet(kafka_of(project), contracts or catalogue()) as inlet:
        yield inlet


def working(project: Project, *words: str) -> Started:
    """`rundum worker`, which has the store open."""
    started = command(project.root, "worker", "--port", "0", *words)
    started.until(LANDING)
    return started


def produce(project: Project, events: Iterable[Said], chance: Random | None = None) -> int:
    """Puts events on the topics of a project; with `chance` into any partition. How many."""
    with inlet_of(project) as inlet:
        records = [outgoing(inlet, said) for said in events]
        if chance:
            count = kafka_of(project).partitions
            records = [one._replace(partition=chance.randrange(count)) for one in records]
        inlet.log.append(records)
    return len(records)


def heads(project: Project, contracts: Catalogue | None = None) -> dict[Place, int]:
    """Where the topics of a project end."""
    with inlet_of(project, contracts) as inlet:
        return {place: ends.head for place, ends in inlet.log.ends().items()}


def await_landed(project: Project, goal: dict[Place, int], patience: float = PATIENCE) -> None:
    """Waits until a store has landed that far, whoever has it open."""
    end = time.monotonic() + patience
    reached: dict[Place, int] = {}
    while time.monotonic() < end:
        try:
            with Access(project.store, patience=1.0) as access:
                rows = access.reader.rows(
                    "SELECT topic, partition, max(next_offset) FROM ops.position GROUP BY ALL"
                )
            reached = {Place(topic, partition): offset for topic, partition, offset in rows}
        except (QueryError, StoreError):
            pass
        if all(
            reached.get(place, 0) >= head
            for place, head in goal.items()
            if not place.topic.startswith("own.clock")
        ):
            return
        time.sleep(0.1)
    raise AssertionError(f"stuck at {reached} of {goal}")
