"""How a Kafka cluster is reached, and how its topics are to be made.

Decides how settings become those of the clients. Must never connect, nor load a client.
"""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 8.0  # that a cluster may take for an answer
SECURITY = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


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
            # Else a client whose controller has gone waits for it for minutes, though there is another one.
            "topic.metadata.refresh.interval.ms": 5000,
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
            told["ssl_context"] = ssl.create_default_context(cafile=self.ca)
            if self.certificate:
                told["ssl_context"].load_cert_chain(self.certificate, self.key)
        if self.security.startswith("SASL"):
            told |= {"sasl_mechanism": self.mechanism, "sasl_plain_username": self.username,
                     "sasl_plain_password": self.password}  # fmt: skip
        return told


@dataclass(frozen=True)
class Wish:
    """A topic as it is to be made. `retention_ms` -1 keeps it for ever.

    `stamped`: records bear the time at which the cluster got them, so that none is forgotten sooner for what
    its producer says.
    """

    partitions: int = 1
    replication: int = 1
    retention_ms: int = -1
    stamped: bool = False
