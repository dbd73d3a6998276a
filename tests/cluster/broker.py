"""Decides how one real Kafka node runs here: its settings, its data folder, and when it answers.

Must never make a topic that nobody asked for, nor change its port or its data at a restart.
"""

from __future__ import annotations

import base64
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.cluster.artefacts import Unavailable, fetch
from tests.cluster.jvm import QUICK, Jvm, free_port

LOGGING = Path(__file__).with_name("log4j2.properties")

# One node, so nothing can be replicated: groups and transactions would wait for ever.
ALONE = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Retention goes by the records' timestamps, and tests tell of past years: only a topic's own counts.
    "log.retention.ms": "-1",
}
# Else they are waited for: three seconds a group, nine after a kill, minutes until retention is looked at.
PROMPT = {
    "group.initial.rebalance.delay.ms": "0",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "1000",
    "log.initial.task.delay.ms": "1000",
    "log.retention.check.interval.ms": "1000",
    "log.cleaner.backoff.ms": "1000",
    "log.segment.delete.delay.ms": "1000",
}


class Broker(Jvm):
    """One Apache Kafka node, KRaft, plain text, on 127.0.0.1."""

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        *,
        java: Sequence[str] = QUICK,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`port` 0 takes a free one, and keeps it; `settings` go before those of this module."""
        super().__init__(folder, java)
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._settings = settings or {}

    @property
    def name(self) -> str:
        """What people call it."""
        return "Kafka"

    @property
    def data(self) -> Path:
        """Topics and what Kafka knows of them; take it away while it is down, and it starts empty."""
        return self.folder / "data"

    def command(self) -> list[str]:
        """Writes its settings, and formats the data folder if it is new."""
        jars = fetch().broker
        controller = f"127.0.0.1:{free_port()}"
        settings = {
            **ALONE,
            **PROMPT,
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "log.dirs": str(self.data),
            **self._settings,
        }
        file = self.folder / "server.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), "utf-8")
        java = ["java", *self.java, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", f"{jars}/*"]
        if not (self.data / "meta.properties").exists():
            self._format([*java, "kafka.tools.StorageTool", "format", "-t", new_cluster(), "-c", str(file)])
        return [*java, "kafka.Kafka", str(file)]

    def answers(self) -> bool:
        """Whether it names itself when asked for the cluster's nodes."""
        return knows_itself(self.address)

    def _format(self, command: list[str]) -> None:
        done = subprocess.run(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            raise Unavailable(f"Kafka could not make its data folder {self.data}: {done.stdout.strip()}")


def knows_itself(address: str) -> bool:
    """Whether a broker at HOST:PORT names a node."""
    host, _, port = address.rpartition(":")
    with suppress(OSError, KafkaException), socket.create_connection((host, int(port)), timeout=5):
        # Only now: the client says a line for each connection that is refused.
        asking = AdminClient({"bootstrap.servers": address, "log_level": 0})
        return bool(asking.list_topics(timeout=5).brokers)
    return False


def new_cluster() -> str:
    """A cluster's id: 22 URL-safe characters, of which the first is never '-', which would be an option."""
    return base64.urlsafe_b64encode(b"D" + os.urandom(15))[:22].decode()
