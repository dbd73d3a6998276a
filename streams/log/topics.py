"""The topics of a Kafka cluster: which there are, made, and made to forget.

Decides when a cluster counts as out of reach. Must never read or write a record.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.cimpl import NewTopic

from streams.core.model import Place
from streams.log.cluster import SECONDS, Cluster, Wish
from streams.log.protocol import Ends, LogError, LogUnreachable

NOTHING = -1  # an offset where there is none
SETTLE = 20.0  # seconds until a topic that was made is known to all
GONE = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC)
PASSING = (  # a broker that comes back, a leader that changes: the client does not call all of them retriable
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError.REPLICA_NOT_AVAILABLE,
    KafkaError.STALE_CTRL_EPOCH,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_ENOUGH_REPLICAS,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    KafkaError.NOT_CONTROLLER,
    KafkaError.KAFKA_STORAGE_ERROR,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.STALE_BROKER_EPOCH,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.ELIGIBLE_LEADERS_NOT_AVAILABLE,
    KafkaError.THROTTLING_QUOTA_EXCEEDED,
    KafkaError.UNKNOWN_TOPIC_ID,
)
REFUSED = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError._AUTHENTICATION,
)


class Topic(NamedTuple):
    """A topic as the cluster has it. `life` is its id: deleted and made anew it has another."""

    life: str
    partitions: int


class Topics:
    """The topics of a cluster. For any thread."""

    def __init__(self, cluster: Cluster) -> None:
        """Connects when it is first asked."""
        self.cluster = cluster
        self._refusal: KafkaError | None = None  # said aside: the answer itself is a time-out
        told: dict[str, Any] = {**cluster.for_librdkafka(), "error_cb": self._hear}
        self._admin = AdminClient(told)

    def cluster_id(self) -> str:
        """The cluster's own id. Raises LogUnreachable."""
        with self._explained():
            return str(self._admin.list_topics(timeout=SECONDS).cluster_id)

    def look(self, names: Sequence[str]) -> dict[str, Topic]:
        """Those of some topics that there are. Raises LogUnreachable."""
        if not names:
            return {}
        with self._explained():
            asked = self._admin.describe_topics(TopicCollection(list(names)), request_timeout=SECONDS)
            found = {name: _unless(GONE, future) for name, future in asked.items()}
        return {
            name: Topic(str(one.topic_id), len(one.partitions))
            for name, one in found.items()
            if one is not None
        }

    def create(self, wishes: Mapping[str, Wish]) -> list[str]:
        """Makes those topics that are not there yet; their names. Raises LogError, LogUnreachable."""
        missing = sorted(wishes.keys() - self.look(sorted(wishes)).keys())
        if not missing:
            return []
        with self._explained():
            made = self._admin.create_topics(
                [_new_topic(name, wishes[name]) for name in missing],
                operation_timeout=SETTLE,
                request_timeout=SETTLE,
            )
            for future in made.values():
                _unless((KafkaError.TOPIC_ALREADY_EXISTS,), future)
        return missing

    def ends(self, places: Collection[Place]) -> dict[Place, Ends]:
        """The ends of places that there are. Raises LogError, LogUnreachable."""
        specs = (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]
        starts, heads = self._offsets(places, *specs)
        return {place: Ends(starts[place], heads[place]) for place in places}

    def offsets_at(self, places: Collection[Place], milliseconds: int) -> dict[Place, int]:
        """The first offsets of records not older than a time; -1 where all are. Raises LogError."""
        return self._offsets(places, OffsetSpec.for_timestamp(milliseconds))[0]

    def _offsets(self, places: Collection[Place], *specs: OffsetSpec) -> list[dict[Place, int]]:
        """Some offsets of each place, all asked for before any is waited for.

        Records of a transaction that is still open are not there yet.
        """
        if not places:
            return [{} for _ in specs]
        with self._explained():
            asked = [
                self._admin.list_offsets(
                    {TopicPartition(*place): spec for place in places},
                    isolation_level=IsolationLevel.READ_COMMITTED,
                    request_timeout=SECONDS,
                )
                for spec in specs
            ]
            found = [
                {Place(one.topic, one.partition): future.result().offset for one, future in futures.items()}
                for futures in asked
            ]
        for offsets in found:
            if strays := [place.topic for place, offset in offsets.items() if offset < NOTHING]:
                # The client says so of a partition without a leader, and calls it no error.
                raise LogUnreachable(f"Kafka at {self.cluster.bootstrap} has no leader for {strays[0]} now")
        return found

    def forget(self, positions: Mapping[Place, int]) -> None:
        """Deletes the records below some offsets. Raises LogError, LogUnreachable."""
        with self._explained():
            asked = self._admin.delete_records(
                [TopicPartition(*place, offset) for place, offset in positions.items()],
                request_timeout=SECONDS,
            )
            for future in asked.values():
                future.result()

    def _hear(self, error: KafkaError) -> None:
        if error.code() in REFUSED:
            self._refusal = error

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """What goes wrong, as a LogError; a refusal rather than the silence that follows it."""
        try:
            yield
        except KafkaException as failure:
            self._refusal = None
            self._admin.poll(0)  # hears what was said meanwhile
            raise as_failure(self.cluster, self._refusal or failure.args[0]) from failure


@contextlib.contextmanager
def explained(cluster: Cluster) -> Iterator[None]:
    """What goes wrong with a cluster, as a LogError with the mend."""
    try:
        yield
    except KafkaException as failure:
        raise as_failure(cluster, failure.args[0]) from failure


def as_failure(cluster: Cluster, error: KafkaError) -> LogError:
    """A refusal as LogError; all else can pass by itself."""
    where = f"Kafka at {cluster.bootstrap}"
    if error.code() in REFUSED:
        return LogError(
            f"{where} refuses this user ({error.str()}); mend [kafka] in rundum.toml or the rights"
        )
    if error.retriable() or error.code() < 0 or error.code() in (*GONE, *PASSING):
        return LogUnreachable(f"{where} cannot be reached or is not ready ({error.str()})")
    return LogError(f"{where}: {error.str()}")


def _unless(codes: tuple[int, ...], future: Future[Any]) -> Any:
    """What was asked for; None where the cluster answered with one of the codes."""
    try:
        return future.result()
    except KafkaException as failure:
        if failure.args[0].code() in codes:
            return None
        raise


def _new_topic(name: str, wish: Wish) -> NewTopic:
    settings = {"retention.ms": str(wish.retention_ms)}
    if wish.stamped:
        settings["message.timestamp.type"] = "LogAppendTime"
    return NewTopic(name, wish.partitions, wish.replication, config=settings)
