from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.model import REASONS, Reading
from streams.core.read import read, reading_schema, schema_ids
from streams.core.writers import writer_of
from tests.streams.core.shapes import batch_of, catalogue_of, contract_of, encode, framed, happened, writer

NAME = "lab/test/happened"
LINE = {
    "type": "record",
    "name": "Line",
    "fields": [
        {"name": "price_minor", "type": ["null", "long"], "default": None}
        | {"means": "measure:spent", "currency": "/currency"}
    ],
}  # fmt: skip
SCHEMA = happened(
    ("email", ["null", "string"], {"default": None, "means": "id:email"}),
    ("friends", {"type": "array", "items": "string"}, {"default": [], "means": "other:email"}),
    ("currency", ["null", "string"], {"default": None}),
    ("total_minor", ["null", "long"], {"default": None, "means": "measure:total", "currency": "currency"}),
    ("lines", {"type": "array", "items": LINE}, {"default": []}),
)
SOUND: dict[str, Any] = {
    "event_id": "e1",
    "at": 1_700_000_000_000_000,
    "customer_no": "7",
    "email": None,
    "friends": [],
    "currency": None,
    "total_minor": None,
    "lines": [],
}


def reading(*changes: dict[str, Any]) -> Reading:
    values = [framed(encode(SCHEMA, SOUND | change)) for change in changes]
    return read(batch_of(*values), catalogue_of(SCHEMA), {1: writer(SCHEMA)})


def test_a_batch_becomes_a_table_an_event_type() -> None:
    found = reading({}, {"event_id": "e2", "friends": ["a@b.de"], "customer_no": None})
    table = found.events[NAME]
    assert not found.rejected
    assert table.schema == reading_schema(contract_of(SCHEMA))
    assert table.column("event_id").to_pylist() == ["e1", "e2"]
    assert table.select(["extra", "writer", "record"]).to_pylist() == [
        {"extra": None, "writer": 1, "record": 0},
        {"extra": None, "writer": 1, "record": 1},
    ]


def test_every_reason_before_decoding() -> None:
    other = happened() | {"name": "Unheard"}
    hurtful = happened(("a", {"type": "array", "items": "null"}))
    writers = {1: writer(SCHEMA), 2: writer(hurtful, 2), 3: writer_of(3, None), 4: writer(other, 4)}
    body = encode(SCHEMA, SOUND)
    batch = batch_of(
        None, b"", b"\x00\x00\x00", b"\x01" + framed(body)[1:], framed(b"x" * (256 << 10)), framed(b"", 2),
        framed(b"", 3), framed(b"", 99), framed(b"", 4), framed(b"\x02"), framed(body),
    )  # fmt: skip
    found = read(batch, catalogue_of(SCHEMA), writers)
    assert [one.reason for one in found.rejected] == [
        "empty", "not_framed", "not_framed", "not_framed", "too_large", "schema_refused", "schema_unknown",
        "schema_unknown", "contract_unknown", "not_decodable",
    ]  # fmt: skip
    assert [one.record for one in found.rejected] == list(range(10))
    assert found.events[NAME].column("record").to_pylist() == [10]
    assert found.rejected[5].detail.startswith("the schema 2: ")
    assert found.rejected[9].event_type == NAME
    assert found.rejected[9].schema_id == 1
    assert schema_ids(batch) == {1, 2, 3, 99, 4}


@pytest.mark.parametrize(
    ("change", "field", "got"),
    [
        ({"event_id": ""}, "event_id", ""),
        ({"event_id": " "}, "event_id", " "),
        ({"event_id": "x" * 256}, "event_id", "x" * 79 + "…"),
        ({"at": -1}, "at", "1969-12-31 23:59:59.999999Z"),
        ({"at": 7_258_118_400_000_000}, "at", "2200-01-01 00:00:00Z"),
        ({"at": 2**63 - 1}, "at", str(2**63 - 1)),
        ({"total_minor": 5}, "currency", "nothing"),
        ({"total_minor": 5, "currency": "eur"}, "currency", "eur"),
        ({"total_minor": 5, "currency": "EURO"}, "currency", "EURO"),
        ({"total_minor": 5, "currency": "EUR\n"}, "currency", "EUR\n"),
        ({"lines": [{"price_minor": None}, {"price_minor": 3}]}, "currency", "nothing"),
        ({"email": "a\0b"}, "email", "a\0b"),
    ],
)
def test_a_field_that_is_not_as_it_must_be(change: dict[str, Any], field: str, got: str) -> None:
    found = reading(
        {"currency": "EUR", "total_minor": 1, "lines": [{"price_minor": 2}]}, change, {"currency": "?"}
    )
    assert [(one.record, one.reason, one.field, one.got) for one in found.rejected] == [
        (1, "field_invalid", field, got)
    ]
    assert found.rejected[0].expected
    assert found.events[NAME].column("record").to_pylist() == [0, 2]


def test_the_longest_event_id_and_the_last_moment_are_taken() -> None:
    found = reading({"event_id": "ä" * 255}, {"at": 0}, {"at": 7_258_118_399_999_999})
    assert not found.rejected


def test_an_event_that_names_nobody() -> None:
    found = reading(
        {"customer_no": None},
        {"customer_no": " ", "friends": ["", " "]},
        {"customer_no": "", "email": "a@b.de"},
    )
    assert [(one.record, one.reason) for one in found.rejected] == [
        (0, "no_identifier"),
        (1, "no_identifier"),
    ]
    assert found.events[NAME].num_rows == 1


def test_a_contract_may_say_that_it_names_nobody() -> None:
    schema = SCHEMA | {"nobody": "the weather"}
    value = framed(encode(schema, SOUND | {"customer_no": None}))
    assert not read(batch_of(value), catalogue_of(schema), {1: writer(schema)}).rejected


def test_several_writers_of_one_contract_come_in_the_order_of_the_batch() -> None:
    newer = happened(*[(e["name"], e["type"], e) for e in SCHEMA["fields"][3:]], ("colour", "string"))
    old, new = encode(SCHEMA, SOUND), encode(newer, SOUND | {"colour": "red"})
    batch = batch_of(framed(new, 2), framed(old, 1), framed(new, 2), framed(old, 1))
    table = read(batch, catalogue_of(SCHEMA), {1: writer(SCHEMA), 2: writer(newer, 2)}).events[NAME]
    assert table.column("record").to_pylist() == [0, 1, 2, 3]
    assert table.column("writer").to_pylist() == [2, 1, 2, 1]
    assert table.column("extra").to_pylist() == ['{"colour":"red"}', None] * 2


def test_an_empty_batch() -> None:
    assert read(batch_of(), catalogue_of(SCHEMA), {}) == Reading({}, ())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.binary(max_size=40), st.binary(max_size=40).map(framed)), max_size=6))
def test_every_record_is_a_row_or_a_reject(values: list[bytes | None]) -> None:
    found = read(batch_of(*values), CATALOGUE, {1: writer(SCHEMA)})
    rows = [row for table in found.events.values() for row in table.column("record").to_pylist()]
    assert sorted([*rows, *(one.record for one in found.rejected)]) == list(range(len(values)))
    assert {one.reason for one in found.rejected} <= REASONS.keys()


CATALOGUE = catalogue_of(SCHEMA)

HOSTILE = """
import json
from streams.core.read import read
from tests.streams.core.shapes import batch_of, catalogue_of, encode, framed, happened, writer
ITEM = {"type": "record", "name": "I", "fields": [{"name": "n", "type": "int"}]}
NEST = ITEM
for depth in range(10):
    NEST = {"type": "record", "name": f"N{depth}", "fields": [{"name": "n", "type": NEST}]}
sound = {"event_id": "e", "at": 0, "customer_no": "7"}
def case(avro, body):
    schema = happened(("x", avro))
    head = encode(happened(), sound)
    return schema, head + body
array = lambda items: {"type": "array", "items": items}
def count(n):
    return bytes([n & 0x7F | 0x80]) + count(n >> 7) if n > 0x7F else bytes([n])
many = 262_000
cases = {
    "nulls": case(array("null"), count(1 << 24)),
    "recursion": case(array("Happened"), b"\\x02" * 5000),
    "length": case("string", b"\\x80" * 5 + b"\\x40"),
    "bytes length": case("bytes", b"\\x80" * 5 + b"\\x40"),
    "blocks": case(array("long"), b"\\x80" * 5 + b"\\x40"),
    "utf8": case("string", b"\\x02\\xff"),
    "trailing": case("string", b"\\x02xyz"),
    "ints": case(array("int"), count(2 * many) + b"\\x02" * many + b"\\x00"),
    "ints trailing": case(array("int"), count(2 * many) + b"\\x02" * many + b"\\x00!"),
    "records": case(array(ITEM), count(2 * many) + b"\\x02" * many + b"\\x00"),
    "records trailing": case(array(ITEM), count(2 * many) + b"\\x02" * many + b"\\x00!"),
    "nested trailing": case(array(NEST), count(2 * many) + b"\\x02" * many + b"\\x00!"),
    "careful": case(array(["null", "bytes"]), count(2 * many) + b"\\x00" * many + b"\\x00"),
    "maps": case(array({"type": "map", "values": "int"}), count(2 * many) + b"\\x00" * many + b"\\x00!"),
}
catalogue = catalogue_of(happened())
def resident(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) / 1024
def forget_peak():
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")
small = framed(encode(happened(), sound))
bytes_schema = happened(("x", "bytes"))
read(batch_of(small, framed(encode(bytes_schema, sound | {"x": b""}), 2)), catalogue,
     {1: writer(happened()), 2: writer(bytes_schema)})
found = {}
for name, (schema, body) in cases.items():
    forget_peak()
    before = resident("VmRSS")
    result = read(batch_of(framed(body)), catalogue, {1: writer(schema)})
    reason = result.rejected[0].reason if result.rejected else "row"
    found[name] = [reason, resident("VmHWM") - before]
print(json.dumps(found))
"""


def test_hostile_bytes_take_little_memory() -> None:
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert {name: reason for name, (reason, _) in found.items()} == {
        "nulls": "schema_refused", "recursion": "schema_refused", "length": "not_decodable",
        "bytes length": "not_decodable", "blocks": "not_decodable", "utf8": "not_decodable",
        "trailing": "not_decodable", "ints": "row", "ints trailing": "not_decodable", "records": "row",
        "records trailing": "not_decodable", "nested trailing": "not_decodable", "careful": "row",
        "maps": "not_decodable",
    }  # fmt: skip
    print(found)
    assert {name: grown for name, (_, grown) in found.items() if grown > 64} == {}


def test_tables_hold_what_arrow_allows() -> None:
    table = reading({"lines": [{"price_minor": 1}], "currency": "EUR"}).events[NAME]
    table.validate(full=True)
    assert table.column("lines").type == pa.list_(pa.struct([("price_minor", pa.int64())]))
