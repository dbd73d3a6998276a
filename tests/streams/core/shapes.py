"""Random Avro schemas, data of theirs, and contracts in a temporary folder."""

from __future__ import annotations

import io
import json
import struct
import tempfile
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import fastavro
from hypothesis import strategies as st

from schemas.catalogue import Catalogue, EventType, Source, load
from schemas.meanings import read_fields, read_marks
from streams.core.model import Batch, Record
from streams.core.writers import Writer, canonical, shape_of, without_logical, writer_of

SOURCE = """
title = "t"
owner = "o"
contact = "c"
purpose = "p"
legal_basis = "l"
retention = "r"
trust = 2
"""
MICROS = {"type": "long", "logicalType": "timestamp-micros"}
TIMES = {
    "date": ("int", -719_162, 2_932_896),
    "time-millis": ("int", 0, 86_399_999),
    "time-micros": ("long", 0, 86_399_999_999),
    "timestamp-millis": ("long", -62_135_596_800_000, 253_402_300_799_999),
    "timestamp-micros": ("long", -62_135_596_800_000_000, 253_402_300_799_999_999),
    "local-timestamp-millis": ("long", -62_135_596_800_000, 253_402_300_799_999),
}
names = st.sampled_from(["a", "b", "c", "d", "e"])


def record(*fields: tuple[Any, ...], name: str = "Happened", **keys: Any) -> dict[str, Any]:
    """A record schema from (name, type) or (name, type, {more keys})."""
    entries = [{"name": one[0], "type": one[1], **(one[2] if len(one) > 2 else {})} for one in fields]
    space = {"namespace": "lab.test"} if name == "Happened" else {}
    return {"type": "record", "name": name, **space, "fields": entries, **keys}


def happened(*fields: tuple[Any, ...], **keys: Any) -> dict[str, Any]:
    """A contract with id, time and customer beside the given fields."""
    return record(
        ("event_id", "string", {"means": "event_id"}),
        ("at", MICROS, {"means": "occurred_at"}),
        ("customer_no", ["null", "string"], {"default": None, "means": "id:customer_no"}),
        *fields,
        **keys,
    )


def catalogue_of(schema: Mapping[str, Any]) -> Catalogue:
    """The shipped contracts and one of lab/test."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "lab" / "test"
        source.mkdir(parents=True)
        (source / "source.toml").write_text(SOURCE, "utf-8")
        (source / "happened.avsc").write_text(json.dumps(schema), "utf-8")
        return load([Path(folder)])


def contract_of(schema: dict[str, Any]) -> EventType:
    """The contract of a schema, without a file."""
    folder = Path("lab/test")
    source = Source("lab/test", folder, "t", "o", "c", "p", "l", "r", 2, "lab.test")
    marks, fields = read_marks(schema), read_fields(schema)
    return EventType("lab/test/happened", source, folder / "happened.avsc", schema, marks, fields)


def writer(schema: Mapping[str, Any], schema_id: int = 1) -> Writer:
    """The writer of a schema."""
    return writer_of(schema_id, json.dumps(schema))


def encode(schema: Mapping[str, Any], datum: Any) -> bytes:
    """The body of a datum whose times are Avro's raw numbers."""
    out = io.BytesIO()
    wire = without_logical(canonical(schema)[0])
    fastavro.schemaless_writer(out, fastavro.parse_schema(wire, named_schemas={}), datum)
    return out.getvalue()


def framed(body: bytes, schema_id: int = 1) -> bytes:
    """A value of the log."""
    return struct.pack(">bI", 0, schema_id) + body


def batch_of(*values: bytes | None) -> Batch:
    """A batch of one partition."""
    return Batch("log", [Record("lab.test", 0, i, 0, None, value) for i, value in enumerate(values)], {})


def types(fast: bool = True) -> st.SearchStrategy[Any]:
    """Avro types that a writer may use; `fast` leaves out those that pyruhvro cannot do."""
    numbers = count()

    def fixed(letter: str, size: int, **more: Any) -> st.SearchStrategy[Any]:
        return st.builds(lambda: {"type": "fixed", "name": f"{letter}{next(numbers)}", "size": size, **more})

    leaves: list[Any] = ["boolean", "int", "long", "float", "double", "string"]
    leaves += [{"type": wire, "logicalType": logical} for logical, (wire, _, _) in TIMES.items()]
    leaves.append({"type": "string", "logicalType": "uuid"})
    named: list[st.SearchStrategy[Any]] = [
        st.builds(lambda: {"type": "enum", "name": f"E{next(numbers)}", "symbols": ["X", "Y", "Z"]})
    ]
    if not fast:
        leaves += ["bytes", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}]
        leaves += [["null", "string", "double"], ["long", "boolean"]]
        named += [fixed("F", 3), fixed("U", 16, logicalType="uuid")]

    def deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        optional = inner.filter(lambda avro: not isinstance(avro, list)).map(lambda avro: ["null", avro])
        fields = st.lists(st.tuples(names, inner), min_size=1, max_size=3, unique_by=lambda one: one[0])
        return st.one_of(
            optional,
            inner.map(lambda avro: {"type": "array", "items": avro}),
            inner.map(lambda avro: {"type": "map", "values": avro}),
            fields.map(lambda some: record(*some, name=f"R{next(numbers)}")),
        )

    return st.recursive(st.one_of(st.sampled_from(leaves), *named), deeper, max_leaves=6)


def records(fast: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Record schemas of one to four fields."""
    fields = st.lists(st.tuples(names, types(fast)), min_size=1, max_size=4, unique_by=lambda one: one[0])
    return fields.map(lambda some: _named_once(record(*some)))


def _named_once(schema: dict[str, Any]) -> dict[str, Any]:
    """Hypothesis may reuse a drawn type, whose name may be defined once only."""
    numbers = count()

    def rename(avro: Any) -> Any:
        if isinstance(avro, list):
            return [rename(branch) for branch in avro]
        if not isinstance(avro, dict):
            return avro
        fresh = {
            key: rename(value) if key in ("items", "values", "type") else value for key, value in avro.items()
        }
        if "name" in avro and avro["name"] != "Happened" and avro.get("type") in ("record", "enum", "fixed"):
            fresh["name"] = f"N{next(numbers)}"
        if "fields" in avro:
            fresh["fields"] = [entry | {"type": rename(entry["type"])} for entry in avro["fields"]]
        return fresh

    fresh: dict[str, Any] = rename(schema)
    return fresh


def data(avro: Any) -> st.SearchStrategy[Any]:
    """Raw data of a type, as they go on the wire."""
    return _data(shape_of(avro))


def _data(avro: Any) -> st.SearchStrategy[Any]:
    if isinstance(avro, list):
        return st.one_of(*map(_data, avro))
    if isinstance(avro, str):
        return PRIMITIVE_DATA[avro]
    if avro.get("logicalType") in TIMES:
        _, least, greatest = TIMES[avro["logicalType"]]
        return st.integers(least, greatest)
    if avro.get("logicalType") == "uuid" and avro["type"] == "string":
        return st.uuids().map(str)
    match avro["type"]:
        case "record":
            return st.fixed_dictionaries({entry["name"]: _data(entry["type"]) for entry in avro["fields"]})
        case "array":
            return st.lists(_data(avro["items"]), max_size=3)
        case "map":
            return st.dictionaries(TEXT, _data(avro["values"]), max_size=3)
        case "enum":
            return st.sampled_from(avro["symbols"])
        case "fixed":
            return st.binary(min_size=avro["size"], max_size=avro["size"])
        case "bytes" if "precision" in avro:
            return st.integers(1 - 10**9, 10**9 - 1).map(
                lambda number: number.to_bytes(5, "big", signed=True)
            )
        case other:
            return PRIMITIVE_DATA[other]


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
PRIMITIVE_DATA: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32),
    "double": st.floats(),
    "string": TEXT,
    "bytes": st.binary(max_size=4),
}
