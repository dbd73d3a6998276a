"""The control plane: what is done beside landing, now and then.

Decides what is retried, shown and watched. Must never hold up what lands: all of it runs in another thread,
and writes through the owner or the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from confluent_kafka import Consumer, KafkaException, TopicPartition

from sinks.duckdb.reader import QueryError, Reader
from sinks.duckdb.store import positions_of
from sinks.gateway.access import DoorClosed
from streams.brokers import Kafka
from streams.inlet import Inlet, kafka_inlet, names_of
from streams.log.protocol import LogError
from streams.log.topics import explained
from streams.owner import Owner
from streams.registry.protocol import RegistryError
from streams.rejects import find_groups, find_rejects
from streams.resend import replayable
from streams.state import LANDING, State
from streams.worker.post import CUSTOMERS, MOVES, Post, post_of

UNKNOWN = "schema_unknown"
MOST = 10_000  # rejects retried together
UNBALANCED = "SELECT count(*) FROM ops.conservation WHERE NOT balanced"
Work = Callable[[Owner, Reader], None]
PASSING = (LogError, RegistryError, QueryError, DoorClosed, KafkaException)


class Control:
    """The control plane of the process that owns a store. For one thread at a time."""

    def __init__(self, kafka: Kafka, state: State, tell: Callable[[str], None]) -> None:
        """Does nothing until `serve` has said whose store it is."""
        self._kafka, self._state, self._tell = kafka, state, tell
        self._at: tuple[Owner, Reader] | None = None
        self._post: Post | None = None
        self._moves: Post | None = None
        self._inlet: Inlet | None = None
        self._shown: Consumer | None = None

    def serve(self, owner: Owner, reader: Reader) -> None:
        """Works for this owner from now on; heard in the thread that lands."""
        self._at = owner, reader

    def run(self, work: Work) -> None:
        """Does one thing, if this process lands; what fails is said, and is tried again next time."""
        if self._state.role != LANDING or not self._at:
            return
        try:
            work(*self._at)
        except Exception as failure:  # whatever it is: what lands must not end with it
            if self._state.role == LANDING and not self._state.trouble:
                said = str(failure) if isinstance(failure, PASSING) else repr(failure)
                logging.getLogger(f"rundum.{work.__name__}").warning(said)  # a line a minute: see quiet.py

    def tell_customers(self, owner: Owner, reader: Reader) -> None:
        """Sends what the outbox holds."""
        if not self._kafka.outbox:
            return
        if self._post is None:
            self._post = post_of(owner, reader, self._kafka, self._kafka.outbox, CUSTOMERS)
        while self._post.send() and self._state.role == LANDING:
            pass

    def tell_segments(self, owner: Owner, reader: Reader) -> None:
        """Sends who came into segments and who left."""
        if not self._kafka.segments:
            return
        if self._moves is None:
            self._moves = post_of(owner, reader, self._kafka, self._kafka.segments, MOVES)
        while self._moves.send() and self._state.role == LANDING:
            pass

    def retry_unknown(self, owner: Owner, reader: Reader) -> None:
        """Sends records again that nobody knew the schema of, once the registry knows it."""
        groups = find_groups(reader, resolved_too=False)
        ids = [number for group in groups if group.reason == UNKNOWN for number in group.ids]
        if not ids:
            return
        if self._inlet is None:
            self._inlet = kafka_inlet(self._kafka, owner.store.catalogue)
        records, _ = replayable(reader, self._inlet, find_rejects(reader, ids[:MOST]))
        if records:
            self._inlet.log.append(records)
            self._tell(f"{len(records) // 2:,} records land after all: the registry knows their schema now")

    def show_positions(self, owner: Owner, reader: Reader) -> None:
        """Writes the positions as offsets of a group, for lag tools; nobody reads them back."""
        positions = positions_of(reader, owner.inlet.log.id)
        names = names_of(self._kafka, owner.store.catalogue)
        if self._shown is None:
            settings = {"group.id": self._kafka.named(self._kafka.group), "enable.auto.commit": False}
            self._shown = Consumer({**self._kafka.cluster.for_librdkafka(), **settings})
        if positions:
            told = [
                TopicPartition(names.get(topic, topic), partition, offset)
                for (topic, partition), offset in positions.items()
            ]
            with explained(self._kafka.cluster):
                self._shown.commit(offsets=told, asynchronous=False)

    def watch_books(self, _: Owner, reader: Reader) -> None:
        """Raises an alarm if a record is not accounted for."""
        self._state.unbalanced = int(reader.value(UNBALANCED))
        if self._state.unbalanced:
            self._tell(
                f"ALARM: the books do not balance in {self._state.unbalanced} hours of topics; "
                "`rundum check` says where"
            )

    def close(self) -> None:
        """Lets go of the owner and all clients."""
        clients = self._post, self._moves, self._inlet, self._shown
        self._at = self._post = self._moves = self._inlet = self._shown = None
        for one in clients:
            if one is not None:
                one.close()
