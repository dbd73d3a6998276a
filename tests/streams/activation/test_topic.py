"""A destination that is a topic: a record for each contact point, keyed by it, in the registry's schema."""

from __future__ import annotations

import io
import json
import signal
from pathlib import Path
from typing import Any

import fastavro

from sinks.gateway.access import Access
from streams.core.framing import unframe
from streams.log.kafka import KafkaLog
from streams.registry.address import Address
from streams.registry.remote import RemoteRegistry
from streams.settings import Project
from tests.cluster.shared import Cluster
from tests.grown import grown_project, kafka_of, produce, working
from tests.living import typed, wait_for
from tests.reached import HELD, consent, everybody, mail, now, person, withdrawal
from tests.streams.log.conformance import read_on

TOPIC = """\
kind = "kafka"
segment = "everybody"
purpose = "newsletter"
contact = "email"
exclude = []
max_change = 1.0
fields = { first = "first_name" }

[kafka]
topic = "audience"
"""


def told(project: Project) -> list[dict[str, Any]]:
    """What lies on the topic, each partition in its order."""
    kafka = kafka_of(project)
    registry = RemoteRegistry(Address(kafka.registry.url))
    name, found = kafka.named("audience"), []
    with KafkaLog(kafka.cluster, {name: name}) as log:
        records = read_on(log, {})
    for record in records:
        schema_id, body = unframe(record.value or b"")
        schema = fastavro.parse_schema(json.loads(registry.fetch(schema_id) or ""))
        datum: Any = fastavro.schemaless_reader(io.BytesIO(body), schema, None)
        assert record.key == datum["contact"].encode()
        found.append(datum)
    registry.close()
    return found


def words(project: Project, number: int) -> list[str]:
    """What was told of somebody, in order."""
    return [one["action"] for one in told(project) if one["contact"] == mail(number)]


def test_members_are_records_keyed_by_their_contact_points(tmp_path: Path, kafka: Cluster) -> None:
    project = grown_project(tmp_path / "shop", kafka)
    file = project.root / "destinations" / "audience.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(TOPIC, "utf-8")
    produce(project, [*(said for number in range(4) for said in person(number)), everybody()])
    with working(project) as worker:

        def waits() -> bool:
            with Access(project.store) as access:
                return bool((access.reader.value(HELD, ["audience"]) or 0) == 4)

        wait_for(waits)
        code, run = typed(project.root, "destinations", "approve", "audience")
        assert code == 0, run.said
        wait_for(lambda: is_told(project, 4))
        produce(project, [withdrawal(1)])
        wait_for(lambda: words(project, 1) == ["add", "remove"])
        produce(project, [consent(1, now())])
        wait_for(lambda: words(project, 1) == ["add", "remove", "add"])
        assert worker.end(signal.SIGTERM) == 0, worker.said
    records = told(project)
    assert len({one["event_id"] for one in records}) == len(records) == 6
    first = next(one for one in records if one["contact"] == mail(0))
    assert json.loads(first["fields"]) == {"first": "Anna"}
    assert (first["destination"], first["purpose"], first["kind"]) == ("audience", "newsletter", "email")


def is_told(project: Project, count: int) -> bool:
    """Whether so many records are there; the topic is made with the first."""
    with Access(project.store) as access:
        sql = "SELECT count(*) FROM activation.holding"
        return bool(access.reader.value(sql) == count and len(told(project)) == count)
