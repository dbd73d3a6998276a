"""A real registry gives our contracts back unchanged, and keeps their ids over restarts and kills."""

from __future__ import annotations

import json

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError

from tests.cluster.artefacts import ROOT
from tests.cluster.registry import Registry
from tests.cluster.shared import Cluster
from tests.cluster.topics import new_name

CONTRACT = ROOT / "schemas" / "shop" / "standard" / "order_placed.avsc"


def contract() -> Schema:
    """A contract of ours, with marks on nested fields too."""
    text = CONTRACT.read_text("utf-8")
    assert '"means"' in text
    return Schema(text, "AVRO")


def without_the_last_field(schema: Schema) -> Schema:
    """The same contract before its last field was thought of."""
    older = json.loads(schema.schema_str or "")
    del older["fields"][-1]
    return Schema(json.dumps(older), "AVRO")


def test_marks_come_back_unchanged(kafka: Cluster) -> None:
    schema = contract()
    with SchemaRegistryClient({"url": kafka.registry}) as client:
        number = client.register_schema(new_name(), schema)
    with SchemaRegistryClient({"url": kafka.registry}) as client:  # which has nothing in memory
        assert client.get_schema(number).schema_str == schema.schema_str


def test_what_cannot_be_read_any_more_is_refused(kafka: Cluster) -> None:
    subject = new_name()
    stricter = Schema('{"type":"record","name":"A","fields":[{"name":"x","type":"string"}]}', "AVRO")
    with SchemaRegistryClient({"url": kafka.registry}) as client:
        client.register_schema(subject, Schema('{"type":"record","name":"A","fields":[]}', "AVRO"))
        client.set_compatibility(subject, "BACKWARD_TRANSITIVE")
        with pytest.raises(SchemaRegistryError) as refused:
            client.register_schema(subject, stricter)
    assert refused.value.http_status_code == 409


def test_ids_outlive_a_kill_and_a_pause(own_registry: Registry) -> None:
    subject, url = new_name(), own_registry.url
    with SchemaRegistryClient({"url": url}) as client:
        first = client.register_schema(subject, without_the_last_field(contract()))
    own_registry.kill()
    assert not own_registry.answers()

    own_registry.start()
    own_registry.pause()
    assert not own_registry.answers(within=1)
    own_registry.resume()
    assert own_registry.url == url
    with SchemaRegistryClient({"url": url}) as client:
        assert client.get_schema(first).schema_str == without_the_last_field(contract()).schema_str
        second = client.register_schema(subject, contract())
        assert second != first
        assert client.get_schema(second).schema_str == contract().schema_str
