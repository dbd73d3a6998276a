"""The ways into a project's log: the embedded one, and Kafka once the project has grown.

Decides which log is appended to, and how a datum becomes a record. Must never land anything.
"""

from __future__ import annotations

import json
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from schemas.catalogue import Catalogue, EventType
from schemas.meanings import ITEMS
from streams.brokers import Kafka
from streams.core.framing import frame
from streams.log.protocol import Log, Outgoing
from streams.log.sqlite import SqliteLog
from streams.pipeline import micros
from streams.registry.protocol import Registry, RegistryError
from streams.registry.sqlite import SqliteRegistry
from streams.settings import Project
from streams.sources.files import encode

TICKED = "own/clock/ticked"

Follow = Callable[[Catalogue], None]
Named = Callable[[str], str]


class Inlet:
    """The way into a log: data of contracts, framed with the ids of their schemas."""

    def __init__(
        self,
        log: Log,
        registry: Registry,
        catalogue: Catalogue,
        follow: Follow | None = None,
        named: Named = str,
    ) -> None:
        """`follow` has a log that others keep take over the topics of a catalogue; None: the file is ours.

        `named` is what it calls a topic.
        """
        self.log, self.registry, self.catalogue = log, registry, catalogue
        self.embedded = follow is None
        self._follow, self._named = follow, named
        self._ids: dict[str, int] = {}

    def outgoing(self, event: EventType, datum: Any, topic: str = "", at: int | None = None) -> Outgoing:
        """A record of an event for the log: in the topic of its source, keyed by its strongest identifier.

        `at` is when it was appended, in microseconds since 1970, UTC; None means now.
        """
        topic = topic or event.source.topic
        value = frame(self.schema_id(event, topic), encode(event, datum))
        return Outgoing(topic, value, key=self._key(event, datum), timestamp=at)

    def schema_id(self, event: EventType, topic: str = "") -> int:
        """The id of a contract's schema in a topic. Raises RegistryError."""
        subject = f"{self._named(topic or event.source.topic)}-{event.full_name}"
        if subject not in self._ids:
            self._ids[subject] = self.registry.register(subject, json.dumps(event.schema))
        return self._ids[subject]

    def introduce(self, known: Mapping[int, str]) -> None:
        """Registers the contracts; `known` are schemas by the ids that the registry gave before.

        Raises RegistryError, also for a registry that was emptied: it would give old ids to other schemas.
        """
        foreign = {one.event for one in self.catalogue.foreign.values()}
        for event in (one for one in self.catalogue.events.values() if one.name not in foreign):
            number = self.schema_id(event)
            if number in known and json.loads(known[number]) != event.schema:
                raise RegistryError(
                    f"the schema registry gives {event.full_name} the id {number}, which another had: it "
                    "has lost its schemas; restore it, for records in the topics bear the old ids"
                )

    def adopt(self, catalogue: Catalogue) -> None:
        """Goes on under other contracts, and with their topics."""
        self.catalogue = catalogue
        self._ids.clear()
        if self._follow:
            self._follow(catalogue)

    def close(self) -> None:
        """Closes log and registry."""
        self.registry.close()
        self.log.close()

    def __enter__(self) -> Self:
        """The inlet itself; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the log."""
        self.close()

    def _key(self, event: EventType, datum: Any) -> bytes | None:
        kinds = self.catalogue.kinds
        for mark in sorted(event.marked("id"), key=lambda mark: kinds[mark.name].rank):
            value = datum
            for step in mark.path:
                if not value:
                    break
                value = value[0] if step == ITEMS else value[step]
            if value:
                return str(value).encode()
        return None


def embedded_inlet(file: Path, catalogue: Catalogue) -> Inlet:
    """The way into the embedded log in a file, made if it is not there. Raises LogError."""
    return Inlet(SqliteLog(file), SqliteRegistry(file), catalogue)


def kafka_inlet(kafka: Kafka, catalogue: Catalogue, loop: AbstractEventLoop | None = None) -> Inlet:
    """The way into the topics of a cluster, which are made if they are not there. Raises LogError."""
    from streams.log.kafka import KafkaLog  # a third of a second, for those who have Kafka only
    from streams.registry.remote import RemoteRegistry

    log = KafkaLog(kafka.cluster, loop=loop)

    def follow(catalogue: Catalogue) -> None:
        names = names_of(kafka, catalogue)
        ours = names.keys() - catalogue.foreign.keys()
        log.topics.create({names[topic]: kafka.wish(topic) for topic in ours})
        log.read(names)

    try:
        follow(catalogue)
        return Inlet(log, RemoteRegistry(kafka.registry), catalogue, follow, kafka.named)
    except BaseException:
        log.close()
        raise


def open_inlet(project: Project, catalogue: Catalogue, loop: AbstractEventLoop | None = None) -> Inlet:
    """The way into the log that the project appends to. Raises LogError."""
    if project.kafka:
        return kafka_inlet(project.kafka, catalogue, loop)
    return embedded_inlet(project.log, catalogue)


def older_inlets(project: Project, catalogue: Catalogue) -> list[Inlet]:
    """The ways into logs that the project appended to before: what is left there lands first."""
    if project.kafka and project.log.exists():
        return [embedded_inlet(project.log, catalogue)]
    return []


def names_of(kafka: Kafka, catalogue: Catalogue) -> dict[str, str]:
    """The topics of all sources, each with its name in the cluster: those that others fill keep theirs."""
    return {topic: topic if topic in catalogue.foreign else kafka.named(topic) for topic in catalogue.topics}


def tick_of(inlet: Inlet, now: datetime) -> Outgoing:
    """The record that says which minute it is (UTC, no zone); said twice, it is one event."""
    minute = now.replace(second=0, microsecond=0)
    datum = {"event_id": f"{minute:%Y-%m-%dT%H:%MZ}", "occurred_at": micros(minute)}
    return inlet.outgoing(inlet.catalogue.events[TICKED], datum)
