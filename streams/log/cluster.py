"""A Kafka cluster: how it is reached, and what it says of topics.

Decides how settings become those of the clients, and when a cluster counts as out of reach. Must never read
or write a record.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka.helpers import create_ssl_context
from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.core.model import Place
from streams.log.protocol import LogError, LogUnreachable

SECONDS = 8.0  # that a cluster may take for an answer
SETTLE = 20.0  # seconds until a topic that was made is known to all
SECURITY = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
GONE = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC)
REFUSED = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError._AUTHENTICATION,
)


@dataclass(frozen=True)
class Cluster:
    """How a Kafka cluster is reached. `bootstrap` is HOST:PORT, several divided by commas."""

    bootstrap: str
    security: str = "PLAINTEXT"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    mechanism: str = "PLAIN"
    username: str = ""
    password: str = field(default="", repr=False)

    def for_librdkafka(self) -> dict[str, Any]:
        """The settings of confluent-kafka's clients."""
        told: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security,
            "client.id": "rundum",
            "logger": logging.getLogger("rundum.kafka"),
            "socket.timeout.ms": int(SECONDS * 1000),
            "reconnect.backoff.max.ms": 2000,
        }
        files = {"ca": self.ca, "certificate": self.certificate, "key": self.key}
        told |= {f"ssl.{name}.location": str(file) for name, file in files.items() if file}
        if self.security.startswith("SASL"):
            told |= {"sasl.mechanism": self.mechanism, "sasl.username": self.username,
                     "sasl.password": self.password}  # fmt: skip
        return told

    def for_aiokafka(self) -> dict[str, Any]:
        """The settings of aiokafka's clients."""
        told: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security,
            "client_id": "rundum",
            "request_timeout_ms": int(SECONDS * 1000),
        }
        if self.security.endswith("SSL"):
            told["ssl_context"] = create_ssl_context(
                cafile=self.ca and str(self.ca),
                certfile=self.certificate and str(self.certificate),
                keyfile=self.key and str(self.key),
            )
        if self.security.startswith("SASL"):
            told |= {"sasl_mechanism": self.mechanism, "sasl_plain_username": self.username,
                     "sasl_plain_password": self.password}  # fmt: skip
        return told


class Topic(NamedTuple):
    """A topic as the cluster has it. `life` is its id: deleted and made anew it has another."""

    life: str
    partitions: int


@dataclass(frozen=True)
class Wish:
    """A topic as it is to be made. `retention_ms` -1 keeps it for ever."""

    partitions: int = 1
    replication: int = 1
    retention_ms: int = -1
    compacted: bool = False


class Topics:
    """The topics of a cluster. For any thread."""

    def __init__(self, cluster: Cluster) -> None:
        """Connects when it is first asked."""
        self.cluster = cluster
        self._admin = AdminClient(cluster.for_librdkafka())

    def cluster_id(self) -> str:
        """The cluster's own id. Raises LogUnreachable."""
        with explained(self.cluster):
            return str(self._admin.list_topics(timeout=SECONDS).cluster_id)

    def look(self, names: Sequence[str]) -> dict[str, Topic]:
        """Those of some topics that there are. Raises LogUnreachable."""
        if not names:
            return {}
        with explained(self.cluster):
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
        with explained(self.cluster):
            made = self._admin.create_topics(
                [_new_topic(name, wishes[name]) for name in missing],
                operation_timeout=SETTLE,
                request_timeout=SETTLE,
            )
            for future in made.values():
                _unless((KafkaError.TOPIC_ALREADY_EXISTS,), future)
        return missing

    def forget(self, positions: Mapping[Place, int]) -> None:
        """Deletes the records below some offsets. Raises LogError, LogUnreachable."""
        with explained(self.cluster):
            asked = self._admin.delete_records(
                [TopicPartition(*place, offset) for place, offset in positions.items()],
                request_timeout=SECONDS,
            )
            for future in asked.values():
                future.result()


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
    if error.retriable() or error.code() < 0 or error.code() in GONE:
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
    if wish.compacted:
        settings["cleanup.policy"] = "compact"
    return NewTopic(name, wish.partitions, wish.replication, config=settings)
