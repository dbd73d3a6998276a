"""The outbox on its way out: changed customers as Avro events on a topic.

Decides how a change is written, and that it is forgotten only once Kafka has it. Must never tell two changes
of one customer in another order than they happened.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import fastavro

from schemas.catalogue import SHIPPED
from sinks.duckdb.outbox import Change, forget_told, teller, untold
from sinks.duckdb.reader import Reader
from streams.brokers import Kafka
from streams.core.framing import frame
from streams.log.protocol import Outgoing
from streams.log.sender import Sender
from streams.log.topics import Topics
from streams.owner import Owner
from streams.pipeline import micros
from streams.registry.remote import RemoteRegistry

CONTRACT = SHIPPED / "outgoing" / "customer_changed.avsc"
MOST = 10_000  # changes sent together


class Post:
    """Sends what the outbox of one store holds. For one thread at a time."""

    def __init__(self, owner: Owner, reader: Reader, kafka: Kafka) -> None:
        """Connects when there is something to send. Raises QueryError."""
        self._owner, self._reader, self._kafka = owner, reader, kafka
        self._sender, self._registry = Sender(kafka.cluster), RemoteRegistry(kafka.registry)
        self._store = teller(reader)
        self._schema_id: int | None = None

    def send(self) -> int:
        """Sends the oldest changes; how many. Raises LogError, RegistryError, QueryError: then they stay."""
        changes = untold(self._reader, MOST)
        if changes:
            self._sender.send(self._outgoing(changes))
            last = changes[-1].outbox_id
            self._owner.between(partial(forget_told, self._owner.store.database, last))
        return len(changes)

    def close(self) -> None:
        """Lets go of the cluster."""
        self._sender.close()
        self._registry.close()

    def _outgoing(self, changes: Sequence[Change]) -> list[Outgoing]:
        topic, schema_id = self._kafka.named(self._kafka.outbox), self._known_as()
        return [
            Outgoing(topic, frame(schema_id, encode(self._store, one)), key=one.customer_id.encode())
            for one in changes
        ]

    def _known_as(self) -> int:
        """The id of the schema; the topic is there then too."""
        if self._schema_id is None:
            topic = self._kafka.named(self._kafka.outbox)
            Topics(self._kafka.cluster).create({topic: self._kafka.wish(self._kafka.outbox)})
            schema = CONTRACT.read_text("utf-8")
            name = json.loads(schema)
            self._schema_id = self._registry.register(f"{topic}-{name['namespace']}.{name['name']}", schema)
        return self._schema_id


def encode(store_id: str, change: Change) -> bytes:
    """The Avro body of a change."""
    body = io.BytesIO()
    datum = {
        "event_id": f"{store_id}/{change.outbox_id}",
        "changed_at": micros(change.landed_at),
        "customer_id": change.customer_id,
        "now_id": change.now_id,
    }
    fastavro.schemaless_writer(body, _parsed(), datum)
    return body.getvalue()


@cache
def _parsed() -> Any:
    return fastavro.parse_schema(json.loads(CONTRACT.read_text("utf-8")))
