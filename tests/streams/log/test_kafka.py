"""The grown-up log on a real Kafka: the conformance suite, and what only Kafka can do to a log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from streams.core.model import Place
from streams.log.cluster import Cluster, Wish
from streams.log.headers import join_headers, split_headers
from streams.log.kafka import KafkaLog
from streams.log.protocol import Log, LogUnreachable, Outgoing, PositionError, check_life
from streams.log.topics import Topics
from tests.cluster.shared import Cluster as Served
from tests.streams.log.conformance import LogConformance, OpenLog, read_on, values


@pytest.fixture
def cluster(kafka: Served) -> Cluster:
    return Cluster(kafka.bootstrap)


@pytest.fixture
def open_log(cluster: Cluster) -> Iterator[OpenLog]:
    opened: list[KafkaLog] = []

    def open_log(topics: Mapping[str, int]) -> Log:
        Topics(cluster).create({name: Wish(count) for name, count in topics.items()})
        opened.append(KafkaLog(cluster, {name: name for name in topics}))
        return opened[-1]

    yield open_log
    for log in opened:
        log.close()


class TestKafkaLog(LogConformance):
    @pytest.fixture
    def open_log(self, open_log: OpenLog) -> OpenLog:
        return open_log


def transact(cluster: Cluster, topic: str, values: list[bytes], *, commit: bool) -> None:
    """What somebody else's transactional producer does."""
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "transactional.id": uuid4().hex})
    producer.init_transactions(20)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, partition=0)
    producer.flush(20)
    producer.commit_transaction(20) if commit else producer.abort_transaction(20)


def test_aborted_transactions_are_gaps(cluster: Cluster, open_log: OpenLog) -> None:
    topic = f"shop.{uuid4().hex}"
    with open_log({topic: 1}) as log:
        transact(cluster, topic, [b"kept 1", b"kept 2"], commit=True)
        transact(cluster, topic, [b"never said"] * 3, commit=False)
        log.append([Outgoing(topic, b"plain")])
        transact(cluster, topic, [b"never said either"], commit=False)
        positions: dict[Place, int] = {}
        records = read_on(log, positions)
        assert values(records) == [b"kept 1", b"kept 2", b"plain"]
        assert positions == {Place(topic, 0): log.ends()[Place(topic, 0)].head}
        assert not log.poll(positions, 10).positions


def test_a_topic_made_anew_is_told_from_the_old_one(cluster: Cluster, open_log: OpenLog) -> None:
    topic, admin = f"shop.{uuid4().hex}", AdminClient(cluster.for_librdkafka())
    with open_log({topic: 1}) as log:
        log.append([Outgoing(topic, b"old")] * 5)
        before = log.poll({}, 10)
        admin.delete_topics([topic])[topic].result(20)
        while topic in Topics(cluster).look([topic]):
            pass
        with pytest.raises(LogUnreachable, match=f"does not have {topic} now"):
            log.poll(before.positions, 10)
        Topics(cluster).create({topic: Wish(1)})
        log.append([Outgoing(topic, b"new")] * 9)
        after = log.poll(before.positions, 10)
    place = Place(topic, 0)
    assert len(after.records) == 4
    with pytest.raises(PositionError, match=f"{topic}/0: the topic was deleted and made anew"):
        check_life(log.id, place, before.lives[place], after.lives[place])
    with pytest.raises(PositionError, match="is not there any more"):
        check_life(log.id, place, before.lives[place], None)
    check_life(log.id, place, before.lives[place], before.lives[place])


def test_more_partitions_are_read_as_they_come(cluster: Cluster, open_log: OpenLog) -> None:
    topic, admin = f"shop.{uuid4().hex}", AdminClient(cluster.for_librdkafka())
    with open_log({topic: 1}) as log:
        log.append([Outgoing(topic, b"one", partition=0)])
        positions: dict[Place, int] = {}
        read_on(log, positions)
        admin.create_partitions([NewPartitions(topic, 3)])[topic].result(20)
        log.append([Outgoing(topic, b"two", partition=2)])
        assert values(read_on(log, positions)) == [b"two"]


def test_a_cluster_out_of_reach_is_said_so() -> None:
    with pytest.raises(LogUnreachable, match=r"Kafka at 127\.0\.0\.1:1 cannot be reached"):
        KafkaLog(Cluster("127.0.0.1:1"))


@pytest.mark.parametrize(
    "headers", [[("trace", b"1")], [("a", None), ("b", b""), ("a", b"\x00&=%\xff")], [("größe", b"1")]]
)
def test_headers_come_back(headers: list[tuple[str, bytes | None]]) -> None:
    assert split_headers(join_headers(headers)) == headers
