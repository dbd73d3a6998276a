"""A real broker starts, keeps what it was told over kills and restarts, and can be held and let go."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import KafkaException

from tests.cluster.broker import Broker, knows_itself, new_cluster
from tests.cluster.jvm import wait_for
from tests.cluster.shared import Cluster
from tests.cluster.topics import Raw, create, delete, new_name, produce, read, truncate


def test_records_come_back_as_they_were_told(kafka: Cluster) -> None:
    topic = new_name()
    create(kafka.bootstrap, topic, partitions=2)
    told = [
        Raw(b"one", b"k", 1, 1_760_000_000_000, [("source", b"shop")]),
        Raw(None, b"k", 1, 1_760_000_000_001),
        Raw(b"elsewhere", partition=0),
    ]
    assert produce(kafka.bootstrap, topic, told) == 3
    one, gone = read(kafka.bootstrap, topic, partition=1)
    assert (one.value(), one.key(), one.timestamp()[1], one.headers()) == (
        b"one", b"k", 1_760_000_000_000, [("source", b"shop")],
    )  # fmt: skip
    assert (gone.value(), gone.offset()) == (None, 1)
    assert [message.value() for message in read(kafka.bootstrap, topic)] == [b"elsewhere"]


def test_nobody_makes_a_topic_by_naming_it(kafka: Cluster) -> None:
    with pytest.raises(KafkaException):
        produce(kafka.bootstrap, new_name(), [Raw(b"x")], {"message.timeout.ms": "2000"})


def test_a_topic_can_be_made_anew_and_cut_at_its_start(kafka: Cluster) -> None:
    topic = new_name()
    for _ in range(2):
        create(kafka.bootstrap, topic)
        produce(kafka.bootstrap, topic, (Raw(b"%d" % number) for number in range(5)))
        assert [message.offset() for message in read(kafka.bootstrap, topic)] == [0, 1, 2, 3, 4]
        truncate(kafka.bootstrap, topic, 0, before=3)
        assert [message.offset() for message in read(kafka.bootstrap, topic)] == [3, 4]
        delete(kafka.bootstrap, topic)


def test_retention_takes_old_records_within_seconds(kafka: Cluster) -> None:
    topic = new_name()
    create(kafka.bootstrap, topic, settings={"retention.ms": "600000"})
    produce(kafka.bootstrap, topic, [Raw(b"old", timestamp=1_760_000_000_000)])
    wait_for(lambda: not read(kafka.bootstrap, topic), "An empty topic")
    produce(kafka.bootstrap, topic, [Raw(b"new")])
    assert [message.offset() for message in read(kafka.bootstrap, topic)] == [1]


def test_a_broker_keeps_its_data_over_kill_pause_and_restart(own_broker: Broker) -> None:
    topic = new_name()
    create(own_broker.address, topic)
    produce(own_broker.address, topic, [Raw(b"before the kill")])
    address, pid = own_broker.address, own_broker.pid

    own_broker.kill()
    assert not own_broker.lives
    assert not own_broker.answers()
    own_broker.start()
    assert (own_broker.address == address, own_broker.pid == pid) == (True, False)

    own_broker.pause()
    with pytest.raises(KafkaException):
        produce(own_broker.address, topic, [Raw(b"into silence")], {"message.timeout.ms": "1000"})
    assert own_broker.lives
    own_broker.resume()
    produce(own_broker.address, topic, [Raw(b"after the pause")])

    own_broker.restart()
    values = [message.value() for message in read(own_broker.address, topic)]
    # Whoever was not answered does not know: the record may have been taken.
    assert [value for value in values if value != b"into silence"] == [b"before the kill", b"after the pause"]

    own_broker.pause()
    own_broker.stop()
    assert not own_broker.lives


def test_a_clusters_id_is_no_option() -> None:
    ids = {new_cluster() for _ in range(200)}
    assert len(ids) == 200
    assert all(len(one) == 22 and one[0] == "R" for one in ids)


def test_nobody_answers_where_nobody_listens() -> None:
    begun = time.monotonic()
    assert not knows_itself("127.0.0.1:1")
    assert time.monotonic() - begun < 60
