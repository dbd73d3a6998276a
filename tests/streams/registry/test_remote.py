"""A registry over HTTP, on a real one: ids, refusals, and what is said of one that does not answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from streams.registry.address import Address
from streams.registry.protocol import RegistryError, RegistryUnreachable
from streams.registry.remote import REST, RemoteRegistry
from tests.cluster.shared import Cluster


@pytest.fixture
def registry(kafka: Cluster) -> Iterator[RemoteRegistry]:
    made = RemoteRegistry(Address(kafka.registry))
    yield made
    made.close()


@pytest.fixture
def subject() -> str:
    return f"shop.{uuid4().hex}-shop.Ordered"


def schema(*fields: dict[str, Any]) -> str:
    """A record with an order id and some more fields."""
    order = {"name": "order_id", "type": "string", "means": "id:order", "doc": "The order."}
    return json.dumps({"type": "record", "name": "Ordered", "namespace": "shop", "fields": [order, *fields]})


def test_a_schema_keeps_its_id_and_its_marks(registry: RemoteRegistry, subject: str) -> None:
    number = registry.register(subject, schema())
    assert registry.register(subject, schema()) == number
    fetched = registry.fetch(number)
    assert fetched
    assert json.loads(fetched) == json.loads(schema())


def test_an_unknown_id_is_none(registry: RemoteRegistry) -> None:
    assert registry.fetch(2_000_000_000) is None
    assert registry.fetch(2_000_000_001) is None


def test_a_version_that_breaks_earlier_readers_is_refused(registry: RemoteRegistry, subject: str) -> None:
    first = registry.register(subject, schema())
    added = {"name": "note", "type": ["null", "string"], "default": None}
    second = registry.register(subject, schema(added))
    assert second != first
    with pytest.raises(RegistryError, match=f"refuses the schema of {subject}.*give new fields a default"):
        registry.register(subject, schema({"name": "total_minor", "type": "long"}))
    assert registry.register(subject, schema()) == first  # rolled back: the old one is still known


def test_what_is_no_schema_is_refused(registry: RemoteRegistry, subject: str) -> None:
    with pytest.raises(RegistryError, match=f"takes the schema of {subject} for none"):
        registry.register(subject, '{"type": "recor"}')


def test_one_that_does_not_answer_is_left_alone_for_a_moment(kafka: Cluster) -> None:
    now = [0.0]
    away = RemoteRegistry(Address("http://127.0.0.1:1/apis"), clock=lambda: now[0])
    with pytest.raises(RegistryUnreachable, match=r"127\.0\.0\.1:1/apis cannot be reached \(.*refused"):
        away.fetch(1)
    away._client = RemoteRegistry(Address(kafka.registry))._client
    with pytest.raises(RegistryUnreachable):
        away.fetch(2_000_000_000)
    now[0] = REST
    assert away.fetch(2_000_000_000) is None
    away.close()


def test_a_wrong_address_is_no_unknown_id(kafka: Cluster) -> None:
    wrong = RemoteRegistry(Address(kafka.registry.replace("ccompat", "nowhere")))
    with pytest.raises(RegistryUnreachable, match="404"):
        wrong.fetch(1)
    wrong.close()
