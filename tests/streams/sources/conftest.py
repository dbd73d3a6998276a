"""A small contract with every shape that a column can fill, in a temporary folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import EventType, Source, read_event

ADDRESS = {
    "type": "record",
    "name": "Address",
    "fields": [
        {"name": "postal_code", "type": "string"},
        {"name": "city", "type": "string"},
        {"name": "country", "type": ["null", "string"], "default": None},
    ],
}
LINE = {
    "type": "record",
    "name": "Line",
    "fields": [{"name": "sku", "type": "string"}, {"name": "price_minor", "type": "long"}],
}
FIELDS: list[dict[str, Any]] = [
    {"name": "event_id", "type": "string", "means": "event_id"},
    {
        "name": "occurred_at",
        "type": {"type": "long", "logicalType": "timestamp-micros"},
        "means": "occurred_at",
    },
    {"name": "customer_no", "type": "string", "means": "id:customer_no"},
    {"name": "amount_minor", "type": "long"},
    {"name": "quantity", "type": ["null", "int"], "default": None},
    {"name": "weight", "type": ["null", "double"], "default": None},
    {"name": "paid", "type": ["null", "boolean"], "default": None},
    {"name": "due", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
    {"name": "note", "type": ["null", "string"], "default": None},
    {
        "name": "medium",
        "type": ["null", {"type": "enum", "name": "Medium", "symbols": ["mail", "phone"]}],
        "default": None,
    },
    {"name": "billing", "type": ["null", ADDRESS], "default": None},
    {"name": "shipping", "type": ["null", "Address"], "default": None},
    {"name": "lines", "type": ["null", {"type": "array", "items": LINE}], "default": None},
    {"name": "labels", "type": ["null", {"type": "map", "values": "string"}], "default": None},
]


@pytest.fixture
def event(tmp_path: Path) -> EventType:
    """The contract erp/test/invoiced."""
    folder = tmp_path / "schemas" / "erp" / "test"
    folder.mkdir(parents=True)
    file = folder / "invoiced.avsc"
    schema = {"type": "record", "name": "Invoiced", "namespace": "erp.test", "fields": FIELDS}
    file.write_text(json.dumps(schema))
    source = Source("erp/test", folder, "ERP", "o", "c", "p", "contract", "10 years", 2, "erp.test")
    return read_event(source, file)
