from __future__ import annotations

import io
import json
import struct
from dataclasses import replace
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.columns import arrow_type
from schemas.conform import jsonable
from streams.core.decode import Decoded, decode
from streams.core.explain import Malformed, check_datum
from streams.core.listing import listing
from streams.core.writers import writer_of
from tests.streams.core.shapes import data, encode, record, records, writer

ITEM = record(("sku", "string"), ("n", ["null", "int"]), name="Item")


def both(schema: dict[str, Any], bodies: list[bytes]) -> Decoded:
    """What the fast decoder gives, once the careful one has given the same."""
    known = writer(schema)
    fast, careful = decode(known, bodies), decode(replace(known, fast=None), bodies)
    for one in (fast, careful):
        one.columns.validate(full=True)
        assert one.columns.type == arrow_type(known.shape)
    assert repr(fast.columns.to_pylist()) == repr(careful.columns.to_pylist())
    assert fast.rows.tolist() == careful.rows.tolist()
    assert dict(fast.bad) == dict(careful.bad)
    assert dict(fast.faults) == dict(careful.faults)
    return fast


def expect_bad(schema: dict[str, Any], body: bytes, text: str) -> None:
    sound = [encode(schema, SOUND[next(iter(schema["fields"]))["name"]])] * 3
    found = both(schema, [*sound, body, *sound])
    assert list(found.bad) == [3]
    assert text in found.bad[3]
    assert found.rows.tolist() == [0, 1, 2, 4, 5, 6]


ONE = {"type": "enum", "name": "E", "symbols": ["A"]}
SOUND: dict[str, Any] = {"s": {"s": "x"}, "i": {"i": 1}, "e": {"e": "A"}, "b": {"b": True}, "u": {"u": 7},
                         "l": {"l": [1]}, "m": {"m": {"k": "v"}}}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_both_decoders_give_what_fastavro_reads(draw: st.DataObject) -> None:
    schema = draw.draw(records())
    bodies = [encode(schema, datum) for datum in draw.draw(st.lists(data(schema), min_size=1, max_size=5))]
    assert writer(schema).fast
    found = both(schema, bodies)
    assert found.rows.tolist() == list(range(len(bodies)))
    parsed = fastavro.parse_schema(schema, named_schemas={})
    told = [fastavro.schemaless_reader(io.BytesIO(body), parsed, None) for body in bodies]
    assert listing(found.columns, writer(schema).shape) == [jsonable(schema, datum) for datum in told]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_types_of_the_careful_decoder(draw: st.DataObject) -> None:
    schema = draw.draw(records(fast=False))
    bodies = [encode(schema, datum) for datum in draw.draw(st.lists(data(schema), min_size=1, max_size=5))]
    found = both(schema, bodies)
    assert found.rows.tolist() == list(range(len(bodies)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_decode_alike_or_are_bad(draw: st.DataObject) -> None:
    schema = draw.draw(records())
    sound = encode(schema, draw.draw(data(schema)))
    cut = draw.draw(st.integers(0, len(sound)))
    hostile = sound[:cut] + draw.draw(st.binary(max_size=6)) + sound[cut + draw.draw(st.integers(0, 3)) :]
    found = both(schema, [sound, hostile, sound])
    assert {0, 2} <= set(found.rows.tolist())
    assert found.bad.get(1, "") == fault_of(schema, hostile)


def fault_of(schema: dict[str, Any], body: bytes) -> str:
    try:
        check_datum(writer(schema).shape, body)
    except Malformed as fault:
        return str(fault)
    return ""


@pytest.mark.parametrize(
    ("schema", "body", "text"),
    [
        (record(("s", "string")), b"\x04x", "s, before byte 1: wants 2 bytes, 1 are left"),
        (record(("s", "string")), b"\x03x", "s, before byte 1: wants -2 bytes"),
        (record(("s", "string")), b"\x80\x80\x80\x80\x80\x80\x01x", "byte 7: wants 2199023255552 bytes"),
        (record(("s", "string")), b"\x02\xff", "s, before byte 2: is not UTF-8: invalid start byte"),
        (record(("s", "string")), b"\x02xy", "1 bytes are left over after the record"),
        (record(("s", "string")), b"", "s, before byte 0: wants 1 bytes"),
        (record(("i", "int")), b"\xff\xff\xff\xff\xff\x01", "is not a whole number of 32 bits"),
        (record(("i", "int")), b"\x80\x80\x80\x80\x10", "2147483648 is not a whole number of 32 bits"),
        (record(("i", "long")), b"\xff" * 10 + b"\x01", "a whole number of more than 64 bits"),
        (record(("i", "long")), b"\xff" * 9 + b"\x7f", "a whole number of more than 64 bits"),
        (record(("e", ONE)), b"\x03", "-2 is not a symbol"),
        (record(("b", "boolean")), b"\x02", "2 is not a boolean"),
        (record(("u", ["null", "int"])), b"\x03", "-2 is not a branch of the union"),
        (record(("l", {"type": "array", "items": "int"})), b"\xfe\xff\xff\xff\xff\x1f\x02", "l[], before"),
        (record(("m", {"type": "map", "values": "string"})), b"\x02\x02\xff\x02v\x00", "m[], before byte 3"),
    ],
)  # fmt: skip
def test_a_bad_body_is_named_with_its_place(schema: dict[str, Any], body: bytes, text: str) -> None:
    expect_bad(schema, body, text)


def test_unusual_encodings_of_a_datum_are_read() -> None:
    schema = record(("l", {"type": "array", "items": "int"}), ("n", "int"))
    bodies = [b"\x02\x02\x02\x04\x00\x06", b"\x03\x04\x02\x04\x00\x06", b"\x04\x02\x04\x00\x86\x00"]
    assert both(schema, bodies).columns.to_pylist() == [{"l": [1, 2], "n": 3}] * 3


def test_of_a_map_key_given_twice_the_last_wins_and_keys_are_sorted() -> None:
    schema = record(("m", ["null", {"type": "map", "values": "int"}]))
    bodies = [
        b"\x02\x06\x02b\x02\x02a\x04\x02b\x06\x00",
        b"\x00",
        b"\x02\x00",
        encode(schema, {"m": {"z": 1, "c": 2}}),
    ]
    found = both(schema, bodies).columns.field(0).to_pylist()
    assert found == [[("a", 2), ("b", 3)], None, [], [("c", 2), ("z", 1)]]


def test_one_bad_body_among_many_is_found() -> None:
    schema = record(("s", "string"), ("n", "long"))
    bodies = [encode(schema, {"s": "x" * (i % 7), "n": i}) for i in range(5000)]
    bodies[1234], bodies[4999] = bodies[1234] + b"!", b"\x0e"
    found = both(schema, bodies)
    assert sorted(found.bad) == [1234, 4999]
    assert found.columns.field(1).to_pylist() == [i for i in range(5000) if i not in (1234, 4999)]


@pytest.mark.parametrize(
    ("avro", "number", "expected"),
    [
        ({"type": "long", "logicalType": "timestamp-micros"}, 2**62, "a time in the years 1 to 9999"),
        ({"type": "long", "logicalType": "timestamp-millis"}, -(2**62), "a time in the years 1 to 9999"),
        ({"type": "int", "logicalType": "date"}, 2**31 - 1, "a day in the years 1 to 9999"),
        ({"type": "int", "logicalType": "time-millis"}, -1, "a time of day"),
    ],
)
def test_a_time_that_no_column_can_hold_is_a_fault(avro: Any, number: int, expected: str) -> None:
    schema = record(("l", {"type": "array", "items": record(("t", avro), name="T")}))
    bodies = [encode(schema, {"l": []}), encode(schema, {"l": [{"t": 5}, {"t": number}]})]
    found = both(schema, bodies)
    assert list(found.faults) == [1]
    assert found.faults[1] == ("l[].t", expected, str(number))


def test_nul_in_text_is_a_fault() -> None:
    schema = record(("m", {"type": "map", "values": "string"}))
    found = both(schema, [encode(schema, {"m": {"a": "b"}}), encode(schema, {"m": {"a": "b\0"}})])
    assert found.faults == {1: ("m[]", "text without NUL", "b\0")}


def test_a_decimal_beyond_its_precision_is_bad() -> None:
    schema = record(("d", {"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 1}))
    found = both(schema, [encode(schema, {"d": b"\x03\xe7"}), encode(schema, {"d": b"\x03\xe8"}), b"\x00"])
    assert [str(row["d"]) for row in found.columns.to_pylist()] == ["99.9", "0.0"]
    assert list(found.bad) == [1]


def test_a_union_of_several_types_is_json_text() -> None:
    inner = record(("t", {"type": "long", "logicalType": "timestamp-millis"}), name="T")
    schema = record(("u", ["null", "string", "long", {"type": "array", "items": inner}]))
    data = [{"u": None}, {"u": "ä"}, {"u": 5}, {"u": [{"t": 0}]}]
    found = both(schema, [encode(schema, datum) for datum in data])
    assert found.columns.field(0).to_pylist() == [None, '"ä"', "5", '[{"t":"1970-01-01T00:00:00Z"}]']


def test_named_types_are_followed() -> None:
    schema = record(("a", ITEM), ("b", ["null", "Item"]), ("c", {"type": "array", "items": "lab.test.Item"}))
    one = {"sku": "s", "n": None}
    found = both(schema, [encode(schema, {"a": one, "b": one, "c": [one, one]})])
    assert found.columns.to_pylist() == [{"a": one, "b": one, "c": [one, one]}]


def test_nan_keeps_its_bits_and_is_no_fault() -> None:
    schema = record(("f", "float"), ("d", "double"))
    found = both(
        schema,
        [
            struct.pack("<fd", float("nan"), float("nan")),
            b"\x01\x00\x80\x7f" + b"\x01" + b"\0" * 5 + b"\xf0\x7f",
        ],
    )
    assert not found.bad
    assert found.columns.field(1).null_count == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('"string"', "is not an Avro record"),
        (json.dumps(record(("a", "null"))), "takes no bytes"),
        (json.dumps(record(("a", ["null"]))), "nothing but null"),
        (json.dumps(record(("a", {"type": "array", "items": "null"}))), "take no bytes"),
        (json.dumps(record(("a", record(name="Nothing")))), "takes no bytes"),
        (json.dumps(record(("a", ["null", ["int"]]))), "union"),
        (json.dumps(record(("a", "Happened"))), "contains itself"),
        (json.dumps(record(("a", "Nobody"))), "Nobody"),
    ],
)  # fmt: skip
def test_a_schema_that_can_hurt_is_refused(text: str, problem: str) -> None:
    found = writer_of(1, text)
    assert found.known
    assert problem in "; ".join(found.problems)


def test_an_unknown_schema() -> None:
    assert not writer_of(1, None).known


def test_no_bodies() -> None:
    found = decode(writer(record(("s", "string"))), [])
    assert found.columns.type == pa.struct([pa.field("s", pa.string(), nullable=False)])
    assert len(found.rows) == 0
