"""What the worker tells others: each changed customer at least once, in order, with ids that repeat."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

from sinks.gateway.access import Access
from streams.core.framing import unframe
from streams.log.kafka import KafkaLog
from streams.registry.address import Address
from streams.registry.remote import RemoteRegistry
from streams.settings import Project
from tests.cluster.shared import Cluster
from tests.divided import applied, defined
from tests.feed import DAY, Said, says
from tests.grown import await_landed, grown_project, heads, kafka_of, produce, working
from tests.living import pages, wait_for
from tests.streams.log.conformance import read_on

WAITING = "SELECT count(*) FROM ops.outbox"


@pytest.fixture
def project(tmp_path: Path, kafka: Cluster) -> Project:
    return grown_project(tmp_path / "shop", kafka)


def told(project: Project, topic: str = "rundum.customers") -> list[dict[str, Any]]:
    """What lies on a topic, read with the schema that the registry has."""
    kafka = kafka_of(project)
    registry = RemoteRegistry(Address(kafka.registry.url))
    found = []
    name = kafka.named(topic)
    with KafkaLog(kafka.cluster, {name: name}) as log:
        records = read_on(log, {})
    for record in records:
        schema_id, body = unframe(record.value or b"")
        schema = json.loads(registry.fetch(schema_id) or "")
        datum = dict(fastavro.schemaless_reader(io.BytesIO(body), fastavro.parse_schema(schema), None))  # type: ignore[arg-type]
        assert record.key == datum["customer_id"].encode()
        found.append(datum)
    registry.close()
    return found


def ids(project: Project) -> dict[str, str]:
    """The customer of each identifier."""
    with Access(project.store) as access:
        return dict(access.reader.rows("SELECT value, customer_id::VARCHAR FROM identifiers"))


def everything_is_told(project: Project) -> bool:
    with Access(project.store) as access:
        return bool(access.reader.value(WAITING) == 0)


def joined(number: int) -> Iterator[Said]:
    """A device of the pages, now known to be a customer's."""
    yield says("web/tracking/identified", f"i{number}", 9000, device_id=f"d{number}", user_id="u1")


def test_changes_and_merges_are_told(project: Project) -> None:
    with working(project) as worker:
        produce(project, pages(5))
        await_landed(project, heads(project))
        before = ids(project)
        wait_for(lambda: everything_is_told(project))
        first = told(project)
        assert {one["customer_id"] for one in first} == {before[f"d{at}"] for at in range(5)}
        assert all(one["now_id"] == one["customer_id"] for one in first)
        produce(project, joined(3))
        await_landed(project, heads(project))
        wait_for(lambda: everything_is_told(project))
        after = ids(project)
        news = [one for one in told(project) if one not in first]
        assert worker.end(signal.SIGTERM) == 0
    whole = after["u1"]
    assert after["d3"] == whole != before["d3"]
    assert {(one["customer_id"], one["now_id"]) for one in news} == {(whole, whole), (before["d3"], whole)}
    everything = [one["event_id"] for one in told(project)]
    assert len(set(everything)) == len(everything)


def has_moves(project: Project, number: int) -> bool:
    with Access(project.store) as access:
        last = access.reader.value("SELECT value FROM ops.meta WHERE key = 'segments_told'")
        return int(last or 0) >= number


def test_moves_between_segments_are_told(project: Project) -> None:
    people = defined("people", "SELECT customer_id, kind FROM customers WHERE kind = 'person'")
    with working(project) as worker:
        produce(project, [people, *joined(3)])
        wait_for(lambda: has_moves(project, 1))
        (first,) = told(project, "rundum.segments")
        assert (first["segment"], first["entered"], first["reason"]) == ("people", True, '{"kind":"person"}')
        assert first["customer_id"] == ids(project)["u1"]
        produce(project, [applied("people", None, at=DAY)])
        wait_for(lambda: has_moves(project, 2))
        last = told(project, "rundum.segments")[-1]
        assert (last["entered"], last["cause"]) == (False, "definition")
        assert worker.end(signal.SIGTERM) == 0


def test_what_was_not_told_before_a_kill_is_told_after_it(project: Project) -> None:
    produce(project, pages(400))
    with working(project) as worker:
        await_landed(project, heads(project))
        worker.end(signal.SIGKILL)
    with working(project) as worker:
        wait_for(lambda: everything_is_told(project))
        worker.end(signal.SIGTERM)
    assert {one["customer_id"] for one in told(project)} == set(ids(project).values())


def test_nobody_is_told_where_no_topic_is_set(tmp_path: Path, kafka: Cluster) -> None:
    project = grown_project(tmp_path / "shop", kafka, outbox="")
    produce(project, pages(5))
    with working(project) as worker:
        await_landed(project, heads(project))
        assert everything_is_told(project)
        worker.end(signal.SIGTERM)
