"""Records on their way to Kafka.

Decides what is refused before it is sent, and that nothing counts as sent before all replicas have it. Must
never read a record back.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.log.cluster import Cluster
from streams.log.headers import split_headers
from streams.log.protocol import LogUnreachable, Outgoing
from streams.log.topics import as_failure

SECONDS = 30.0  # for what was given to the client to be kept by the cluster
LOOK_SECONDS = 5.0
SETTINGS = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",  # as Java's producers place keys
    "compression.type": "lz4",
    "linger.ms": 5,
    "message.timeout.ms": int(SECONDS * 1000),
    "topic.metadata.propagation.max.ms": 15_000,  # a topic that was just made
    "queue.buffering.max.messages": 200_000,
}


class Sender:
    """A producer of one cluster. For any thread."""

    def __init__(self, cluster: Cluster) -> None:
        """Connects when there is something to send."""
        self._cluster = cluster
        self._producer: Producer | None = None

    def send(self, records: Sequence[Outgoing]) -> list[int]:
        """Sends records; their offsets, once all replicas have them.

        Raises TypeError for what is no record, before anything is sent; LogError and LogUnreachable, after
        which some can have been kept.
        """
        for record in records:
            _check(record)
        offsets = [-1] * len(records)
        failed: list[KafkaError] = []
        producer = self._started()
        for at, record in enumerate(records):

            def told(error: KafkaError | None, message: Message, at: int = at) -> None:
                if error is not None:
                    failed.append(error)
                else:
                    offsets[at] = message.offset() or 0

            self._give(producer, record, told)
        left = producer.flush(SECONDS) if records else 0
        if failed:
            raise as_failure(self._cluster, failed[0])
        if left:
            raise LogUnreachable(f"Kafka at {self._cluster.bootstrap} has not taken {left:,} records in time")
        return offsets

    def close(self) -> None:
        """Lets go of the cluster."""
        self._producer = None

    def _started(self) -> Producer:
        if self._producer is None:
            self._producer = Producer({**self._cluster.for_librdkafka(), **SETTINGS})
        return self._producer

    def _give(self, producer: Producer, record: Outgoing, told: Any) -> None:
        """Hands one record to the client, waiting while it has its hands full."""
        partition = record.partition if record.partition is not None else (0 if record.key is None else -1)
        until = monotonic() + SECONDS
        while True:
            try:
                producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    partition,
                    on_delivery=told,
                    timestamp=(record.timestamp or 0) // 1000,
                    headers=[*split_headers(record.headers)],
                )
                producer.poll(0)
                return
            except (BufferError, KafkaException) as failure:
                if monotonic() > until:
                    raise LogUnreachable(f"Kafka at {self._cluster.bootstrap} takes no records") from None
                if isinstance(failure, BufferError):
                    producer.poll(0.5)
                elif failure.args[0].code() == KafkaError._UNKNOWN_PARTITION:  # it can be new
                    producer.list_topics(record.topic, timeout=LOOK_SECONDS)
                else:
                    raise as_failure(self._cluster, failure.args[0]) from failure


def _check(record: Outgoing) -> None:
    for part in (record.value, record.key, record.headers):
        if not isinstance(part, bytes | None):
            raise TypeError(f"a record of {record.topic} holds {type(part).__name__} where bytes are wanted")
