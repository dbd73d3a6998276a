"""What a project says of Kafka: the table [kafka] of rundum.toml.

Decides what may be set, and that secrets come from the environment. Must never connect to anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from streams.log.cluster import MECHANISMS, SECURITY, Cluster, Wish
from streams.log.protocol import may_be_trimmed
from streams.registry.address import Address

PASSWORD = "RUNDUM_KAFKA_PASSWORD"
REGISTRY_PASSWORD = "RUNDUM_REGISTRY_PASSWORD"
TEXTS = {
    "bootstrap": "",
    "registry": "",
    "prefix": "",
    "group": "rundum",
    "outbox": "rundum.customers",
    "segments": "rundum.segments",
    "security": "PLAINTEXT",
    "mechanism": "PLAIN",
    "username": "",
    "ca": "",
    "certificate": "",
    "key": "",
    "registry_username": "",
    "registry_ca": "",
}
FILES = ("ca", "certificate", "key", "registry_ca")
NUMBERS = {"partitions": 4, "replication": 1, "retention_hours": 720}
CHOICES = {"security": SECURITY, "mechanism": MECHANISMS}
HOUR_MS = 3_600_000
Refuse = Callable[[str, str], Exception]  # key, mend


@dataclass(frozen=True)
class Kafka:
    """A cluster and its registry, and how topics are made. `prefix` comes before the names of our topics,
    `group` is what lag tools show positions under.

    `outbox` is the topic to which changed customers are told, `segments` the one to which every entry into a
    segment and every exit is; empty: nobody is told.
    """

    cluster: Cluster
    registry: Address
    prefix: str
    group: str
    outbox: str
    segments: str
    partitions: int
    replication: int
    retention_hours: int

    def named(self, topic: str) -> str:
        """What the cluster calls a topic of ours."""
        return f"{self.prefix}{topic}"

    def wish(self, topic: str) -> Wish:
        """How a topic of ours is made: what people decided is kept for ever, in one order."""
        if not may_be_trimmed(topic):
            return Wish(1, self.replication, stamped=True)
        return Wish(self.partitions, self.replication, self.retention_hours * HOUR_MS, stamped=True)


def read_kafka(table: Mapping[str, Any], root: Path, refuse: Refuse) -> Kafka | None:
    """The table [kafka]; None if it names no cluster. What `refuse` makes of a wrong key is raised."""
    texts = {key: _text(table, key, default, refuse) for key, default in TEXTS.items()}
    numbers = {key: _number(table, key, default, refuse) for key, default in NUMBERS.items()}
    if not texts["bootstrap"]:
        return None
    if not texts["registry"]:
        raise refuse("registry", "must be the address of a schema registry, such as http://localhost:8081")
    files = {key: root / texts[key] if texts[key] else None for key in FILES}
    for key, file in files.items():
        if file and not file.is_file():
            raise refuse(key, f"there is no file {file}")
    cluster = Cluster(
        texts["bootstrap"], texts["security"], files["ca"], files["certificate"], files["key"],
        texts["mechanism"], texts["username"], os.environ.get(PASSWORD, ""),
    )  # fmt: skip
    if cluster.security.startswith("SASL") and not (cluster.username and cluster.password):
        raise refuse(
            "username", f"{cluster.security} needs it, and the password in the environment: {PASSWORD}"
        )
    address = Address(
        texts["registry"], texts["registry_username"], os.environ.get(REGISTRY_PASSWORD, ""),
        files["registry_ca"],
    )  # fmt: skip
    prefix, group, outbox, segments = (texts[key] for key in ("prefix", "group", "outbox", "segments"))
    return Kafka(cluster, address, prefix, group, outbox, segments, **numbers)


def pointed(kafka: Kafka | None, bootstrap: str | None, registry: str | None) -> Kafka | None:
    """The settings with another cluster or registry, as the command line names them."""
    told = kafka or (read_kafka({"bootstrap": bootstrap, "registry": registry}, Path(), _no_file)
                     if bootstrap and registry else None)  # fmt: skip
    if told and bootstrap:
        told = replace(told, cluster=replace(told.cluster, bootstrap=bootstrap))
    if told and registry:
        told = replace(told, registry=replace(told.registry, url=registry))
    return told


def _no_file(key: str, mend: str) -> Exception:
    return ValueError(f"{key}: {mend}")


def _text(table: Mapping[str, Any], key: str, default: str, refuse: Refuse) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise refuse(key, f'must be a text such as "{default}"')
    if key in CHOICES and value not in CHOICES[key]:
        raise refuse(key, f"must be one of {', '.join(CHOICES[key])}")
    return value.strip()


def _number(table: Mapping[str, Any], key: str, default: int, refuse: Refuse) -> int:
    value = table.get(key, default)
    if type(value) is not int or value < 1:
        raise refuse(key, f"must be a whole number above 0, such as {default}")
    return value
