"""Decides how tests make, fill, read and take away topics: confirmed by the broker before the call returns.

Must never take a topic's name that another test could take: see `new_name`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.cluster.jvm import PATIENCE

ANY = -1


class Raw(NamedTuple):
    """A record as bytes."""

    value: bytes | None
    key: bytes | None = None
    partition: int = ANY  # by key
    timestamp: int = 0  # milliseconds since 1970; 0 is now
    headers: Sequence[tuple[str, bytes]] = ()


def new_name(stem: str = "topic") -> str:
    """A topic that no other test has."""
    return f"{stem}-{os.urandom(6).hex()}"


def create(
    bootstrap: str, topic: str, partitions: int = 1, settings: Mapping[str, str] | None = None
) -> None:
    """Makes a topic, once one of this name is wholly gone; `settings` are those of the topic."""
    wanted = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=dict(settings or {}))
    admin = _admin(bootstrap)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            admin.create_topics([wanted])[topic].result(PATIENCE)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS or time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def delete(bootstrap: str, *topics: str) -> None:
    """Takes topics away, with all they hold, and waits until nobody is told of them."""
    admin = _admin(bootstrap)
    for done in admin.delete_topics(list(topics)).values():
        done.result(PATIENCE)
    end = time.monotonic() + PATIENCE
    while set(topics) & set(admin.list_topics(timeout=PATIENCE).topics):
        assert time.monotonic() < end, f"{topics} are still there"
        time.sleep(0.02)


def truncate(bootstrap: str, topic: str, partition: int, before: int) -> None:
    """Takes away what lies before an offset, as retention does."""
    admin = _admin(bootstrap)  # named: were it gone, the answer would never come
    for done in admin.delete_records([TopicPartition(topic, partition, before)]).values():
        done.result(PATIENCE)


def produce(
    bootstrap: str, topic: str, records: Iterable[Raw], settings: Mapping[str, str] | None = None
) -> int:
    """Appends records in order, each acknowledged by the broker; how many. `settings` are the producer's.

    Over an outage a record may come twice; {"enable.idempotence": True} prevents that, for half a second.

    Raises:
        KafkaException: one was not taken.
    """
    producer = Producer({"bootstrap.servers": bootstrap, "max.in.flight": 1, **(settings or {})})
    refused: list[KafkaError] = []

    def hear(error: KafkaError | None, _: Message) -> None:
        if error:
            refused.append(error)

    count = 0
    for record in records:
        while True:
            try:
                producer.produce(
                    topic, record.value, record.key, record.partition,
                    on_delivery=hear, timestamp=record.timestamp, headers=list(record.headers),
                )  # fmt: skip
                break
            except BufferError:  # it holds as many as it may
                producer.poll(0.1)
        producer.poll(0)
        count += 1
    unsent = producer.flush(PATIENCE)
    if refused:
        raise KafkaException(refused[0])
    assert not unsent, f"{unsent} records were not acknowledged"
    return count


def read(bootstrap: str, topic: str, partition: int = 0) -> list[Message]:
    """Everything that a partition holds now, from its start to its end; markers and gaps are left out."""
    settings = {
        "bootstrap.servers": bootstrap, "group.id": new_name("reader"), "enable.auto.commit": False,
        "auto.offset.reset": "error", "enable.partition.eof": True,
    }  # fmt: skip
    found: list[Message] = []
    with closing(Consumer(settings)) as consumer:
        place = TopicPartition(topic, partition)
        start, end = consumer.get_watermark_offsets(place, timeout=PATIENCE)
        consumer.assign([TopicPartition(topic, partition, start)])
        last = time.monotonic()
        while start < end:
            # It waits until it has so many: behind gaps there are fewer, hence not for long.
            for message in consumer.consume(min(end - start, 10_000), timeout=0.2):
                last = time.monotonic()
                if not (error := message.error()):
                    found.append(message)
                elif error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
                start = (message.offset() or 0) + (error is None)
            assert time.monotonic() < last + PATIENCE, f"nothing came after {len(found)} records"
    return found


def _admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap})
