"""An Avro topic of ours that others read: made, its schema registered, records framed and sent.

Decides nothing of what is said. Must never count as sent what Kafka has not.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import fastavro

from streams.brokers import Kafka
from streams.core.framing import frame
from streams.log.protocol import Outgoing
from streams.log.sender import Sender
from streams.log.topics import Topics
from streams.registry.remote import RemoteRegistry


class Outlet:
    """One topic with one contract. For one thread at a time."""

    def __init__(self, kafka: Kafka, topic: str, contract: Path) -> None:
        """Connects when there is something to send. `topic` is without the cluster's prefix."""
        self._kafka, self._topic = kafka, topic
        self._schema = contract.read_text("utf-8")
        self._parsed: Any = fastavro.parse_schema(json.loads(self._schema))
        self._sender, self._registry = Sender(kafka.cluster), RemoteRegistry(kafka.registry)

    def send(self, said: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Sends data by their keys, in order. Raises LogError, RegistryError: then some may have gone."""
        topic, schema_id = self._kafka.named(self._topic), self._schema_id
        self._sender.send(
            [Outgoing(topic, frame(schema_id, self._encode(datum)), key=key.encode()) for key, datum in said]
        )

    def close(self) -> None:
        """Lets go of the cluster."""
        self._sender.close()
        self._registry.close()

    @cached_property
    def _schema_id(self) -> int:
        """The id of the schema; the topic is there then too."""
        topic = self._kafka.named(self._topic)
        Topics(self._kafka.cluster).create({topic: self._kafka.wish(self._topic)})
        named = json.loads(self._schema)
        return self._registry.register(f"{topic}-{named['namespace']}.{named['name']}", self._schema)

    def _encode(self, datum: Mapping[str, Any]) -> bytes:
        body = io.BytesIO()
        fastavro.schemaless_writer(body, self._parsed, datum)
        return body.getvalue()
