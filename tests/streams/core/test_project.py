from __future__ import annotations

import json
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import Catalogue
from schemas.meanings import without_null
from streams.core.model import Reading
from streams.core.read import read
from streams.core.reproject import reproject
from tests.streams.core.shapes import (
    batch_of,
    contract_of,
    data,
    encode,
    framed,
    happened,
    record,
    records,
    writer,
)

NAME = "lab/test/happened"
ENUM = {"type": "enum", "name": "E", "symbols": ["A"]}
OTHER_ENUM = {"type": "enum", "name": "E", "symbols": ["B"]}
MILLIS = {"type": "int", "logicalType": "time-millis"}
MICROS = {"type": "long", "logicalType": "time-micros"}
LONG = "a whole number from -9223372036854775808 to 9223372036854775807"
SOUND: dict[str, Any] = {"event_id": "e", "at": 0, "customer_no": "7"}


def told(written: dict[str, Any], contract: dict[str, Any], *data: dict[str, Any]) -> Reading:
    """What a contract reads of data that were written with another schema."""
    event = contract_of(contract)
    values = [framed(encode(written, SOUND | one)) for one in data]
    return read(batch_of(*values), Catalogue({event.name: event}, {}, {}, {}), {1: writer(written)})


def rows(reading: Reading) -> list[dict[str, Any]]:
    found = reading.events[NAME].drop_columns(["event_id", "at", "customer_no", "writer", "record"])
    listed: list[dict[str, Any]] = found.to_pylist()
    return listed


def test_a_contract_that_is_the_writers_schema_costs_nothing() -> None:
    schema = happened(("lines", {"type": "array", "items": record(("sku", "string"), name="Line")}))
    assert rows(told(schema, schema, {"lines": [{"sku": "a"}]})) == [{"lines": [{"sku": "a"}], "extra": None}]


def test_what_the_contract_leaves_unnamed_is_kept_in_its_place() -> None:
    moment = {"type": "long", "logicalType": "timestamp-micros"}
    wide = record(("sku", "string"), ("colour", ["null", "string"]), name="Line")
    written = happened(
        ("lines", {"type": "array", "items": wide}), ("seen", moment),
        ("day", {"type": "int", "logicalType": "date"}),
        ("note", ["null", "string"]), ("raw", "bytes"), ("by", {"type": "map", "values": "int"}),
        ("size", {"type": "enum", "name": "Size", "symbols": ["S", "L"]}), ("much", "double"),
        ("price", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}),
    )  # fmt: skip
    narrow = {"type": "array", "items": record(("sku", "string"), name="Line")}
    lines = [{"sku": "a", "colour": "red"}, {"sku": "b", "colour": None}]
    one = {"lines": lines, "seen": 1, "day": 1, "note": None,
           "raw": b"\xff",
           "by": {"z": 1, "a": 2}, "size": "L", "much": float("nan"), "price": b"\x04\xd2"}  # fmt: skip
    (row,) = rows(told(written, happened(("lines", narrow)), one))
    assert row["lines"] == [{"sku": "a"}, {"sku": "b"}]
    assert row["extra"] == (
        '{"by":{"a":2,"z":1},"day":"1970-01-02","lines":[{"colour":"red"},{}],"much":"NaN","price":"12.34",'
        '"raw":"/w==","seen":"1970-01-01T00:00:00.000001Z","size":"L"}'
    )


def test_nulls_left_over_are_nothing() -> None:
    wide = record(("a", "int"), ("b", ["null", "int"]), name="In")
    items = {"type": "array", "items": wide | {"name": "In2"}}
    written = happened(("in", ["null", wide]), ("list", items))
    narrow = record(("a", "int"), name="In")
    contract = happened(
        ("in", ["null", narrow]), ("list", {"type": "array", "items": narrow | {"name": "In2"}})
    )
    data: list[dict[str, Any]] = [
        {"in": None, "list": []},
        {"in": {"a": 1, "b": None}, "list": [{"a": 1, "b": None}]},
        {"in": {"a": 1, "b": 0}, "list": []},
    ]
    assert [row["extra"] for row in rows(told(written, contract, *data))] == [None, None, '{"in":{"b":0}}']


@pytest.mark.parametrize(
    ("have", "want", "value", "expected"),
    [
        ("int", "long", 5, 5),
        ("int", "double", 5, 5.0),
        ("int", "float", 5, 5.0),
        ("long", "double", 2**53, 2.0**53),
        ("float", "double", 0.5, 0.5),
        ("long", "int", 5, 5),
        ("double", "float", 0.5, 0.5),
        (ENUM, "string", "A", "A"),
        (ENUM, OTHER_ENUM, "A", "A"),
        (["null", "int"], ["null", "long"], None, None),
        (["string", "int"], ["null", "string"], "x", "x"),
        ({"type": "array", "items": "int"}, {"type": "array", "items": ["null", "long"]}, [1], [1]),
        ({"type": "map", "values": "int"}, {"type": "map", "values": "double"}, {"a": 1}, [("a", 1.0)]),
        (MILLIS, MICROS, 0, "00:00:00"),
    ],
)  # fmt: skip
def test_a_value_that_fits_becomes_the_contracts_type(
    have: Any, want: Any, value: Any, expected: Any
) -> None:
    found = told(happened(("x", have)), happened(("x", want)), {"x": value})
    assert not found.rejected
    got = found.events[NAME].column("x")[0].as_py()
    assert got == expected or str(got) == expected
    assert found.events[NAME].column("extra").null_count == 1


@pytest.mark.parametrize(
    ("have", "want", "value", "fault"),
    [
        ("string", "long", "five", ("x", LONG, "five")),
        ("long", "int", 2**31, ("x", "a whole number from -2147483648 to 2147483647", "2147483648")),
        ("long", "double", 2**53 + 1, ("x", "a number that the type can hold exactly", "9007199254740993")),
        ("double", "long", 0.5, ("x", LONG, "0.5")),
        (["null", "long"], "long", None, ("x", "long", "nothing")),
        ("string", "long", "x" * 99, ("x", LONG,
                                      "x" * 79 + "…")),
        ({"type": "array", "items": record(("n", ["null", "int"]), name="I")},
         {"type": "array", "items": record(("n", "int"), name="I")}, [{"n": 1}, {"n": None}],
         ("x[].n", "int", "nothing")),
        ({"type": "map", "values": ["null", "int"]}, {"type": "map", "values": "int"}, {"a": None},
         ("x[]", "int", "nothing")),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_rejects_its_row_only(have: Any, want: Any, value: Any, fault: Any) -> None:
    written = happened(("x", ["null", have] if isinstance(have, str) else have))
    contract = happened(("x", ["null", want] if have == "string" else want))
    easy: dict[str, Any] = {"string": None, "long": 1, "double": 1.0, "array": [], "map": {}}
    sound = {"x": 1 if isinstance(have, list) else easy[have if isinstance(have, str) else have["type"]]}
    found = told(written, contract, sound, {"x": value}, sound)
    assert [(one.record, one.field, one.expected, one.got) for one in found.rejected] == [(1, *fault)]
    assert found.rejected[0].reason == "field_invalid"
    assert found.events[NAME].column("record").to_pylist() == [0, 2]


def test_a_missing_field_takes_its_default_and_a_required_one_is_a_fault() -> None:
    line = record(("n", "int"), ("m", "int", {"default": 7}), name="Line")
    contract = happened(
        ("plain", "string", {"default": "none"}),
        ("maybe", ["null", "long"], {"default": None}),
        ("tags", {"type": "array", "items": "string"}, {"default": ["a"]}),
        ("line", line, {"default": {"n": 1}}),
        ("since", {"type": "long", "logicalType": "timestamp-millis"}, {"default": 1000}),
    )  # fmt: skip
    (row,) = rows(told(happened(), contract, {}))
    assert str(row.pop("since")) == "1970-01-01 00:00:01"
    assert row == {"plain": "none", "maybe": None, "tags": ["a"], "line": {"n": 1, "m": 7}, "extra": None}
    (rejected,) = told(happened(), happened(("must", "string")), {}).rejected
    assert (rejected.field, rejected.expected, rejected.got) == ("must", "string", "nothing")


def test_null_where_a_default_is_takes_the_default() -> None:
    written, contract = happened(("n", ["null", "int"])), happened(("n", "int", {"default": 9}))
    assert [row["n"] for row in rows(told(written, contract, {"n": None}, {"n": 1}))] == [9, 1]


def test_a_renamed_field_is_found_by_its_alias() -> None:
    contract = happened(("new", "string", {"aliases": ["old"]}))
    assert rows(told(happened(("old", "string")), contract, {"old": "x"})) == [{"new": "x", "extra": None}]


def test_nothing_required_is_missed_inside_a_record_that_is_null() -> None:
    written = happened(("in", ["null", record(("a", ["null", "int"]), name="In")]))
    contract = happened(("in", ["null", record(("a", "int"), name="In")]))
    found = told(written, contract, {"in": None}, {"in": {"a": None}})
    assert [(one.record, one.field) for one in found.rejected] == [(1, "in.a")]


def pruned(draw: st.DataObject, avro: Any) -> Any:
    """The type with some fields of its records left out and the others in another order."""
    if isinstance(avro, list):
        return ["null", pruned(draw, without_null(avro))]
    if isinstance(avro, str):
        return avro
    if avro["type"] in ("array", "map"):
        key = "items" if avro["type"] == "array" else "values"
        return avro | {key: pruned(draw, avro[key])}
    if avro["type"] != "record":
        return avro
    able = [one for one in avro["fields"] if not has_wide_union(one["type"])]
    if not able:
        return avro | {"fields": []}
    least = 0 if avro["name"] == "Happened" else 1
    chosen = draw.draw(st.lists(st.sampled_from(able), min_size=least, unique_by=lambda one: one["name"]))
    return avro | {"fields": [one | {"type": pruned(draw, one["type"])} for one in chosen]}


def has_wide_union(avro: Any) -> bool:
    """Whether a contract cannot have the type: its linter refuses unions of several types."""
    bare = without_null(avro)
    if isinstance(bare, list | str):
        return isinstance(bare, list)
    if "fields" in bare:
        return all(has_wide_union(one["type"]) for one in bare["fields"])
    return has_wide_union(bare.get("items", bare.get("values", "int")))


def wider(avro: Any) -> Any:
    if isinstance(avro, list):
        return [wider(branch) for branch in avro]
    if isinstance(avro, str):
        return {"int": "long", "float": "double"}.get(avro, avro)
    if "logicalType" in avro:
        return avro
    fresh = avro | {key: wider(avro[key]) for key in ("items", "values") if key in avro}
    if "fields" in avro:
        fresh["fields"] = [one | {"type": wider(one["type"])} for one in avro["fields"]]
    return fresh


def with_own(schema: dict[str, Any], *more: Any) -> dict[str, Any]:
    return happened(*((one["name"], one["type"]) for one in schema["fields"]), *more)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_upgrading_before_or_after_gives_equal_rows(draw: st.DataObject) -> None:
    schema = draw.draw(records(draw.draw(st.booleans())))
    written = with_own(schema)
    old = with_own(pruned(draw, schema))
    fresh = ("fresh", ["null", "string"], {"default": None}), ("five", "int", {"default": 5})
    new = with_own(wider(pruned(draw, schema)), *fresh)
    drawn = draw.draw(st.lists(data(schema), min_size=1, max_size=4))
    before = told(written, new, *drawn).events[NAME]
    after = reproject(told(written, old, *drawn).events[NAME], contract_of(old), contract_of(new))
    assert after.schema == before.schema
    assert repr(after.to_pylist()) == repr(before.to_pylist())
    again = reproject(after, contract_of(new), contract_of(new))
    assert repr(again.to_pylist()) == repr(after.to_pylist())
    after.validate(full=True)


def test_in_extra_nulls_of_unnamed_records_are_left_out_whatever_contract_came_between() -> None:
    item = record(("a", ["null", "int"]), ("b", "int"), name="Item")
    written = happened(("list", {"type": "array", "items": item}))
    between = happened(("list", {"type": "array", "items": record(("b", "int"), name="Item")}))
    data = {"list": [{"a": None, "b": 1}]}
    direct = told(written, happened(), data).events[NAME]
    later = reproject(
        told(written, between, data).events[NAME], contract_of(between), contract_of(happened())
    )
    assert direct.column("extra").to_pylist() == later.column("extra").to_pylist() == ['{"list":[{"b":1}]}']


def test_what_does_not_fit_stays_in_extra() -> None:
    written, old = happened(("n", "string"), ("m", "string")), happened(("m", "string"))
    new = happened(("n", ["null", "long"], {"default": None}), ("m", ["null", "long"], {"default": None}))
    table = told(written, old, {"n": "five", "m": "six"}).events[NAME]
    found = reproject(table, contract_of(old), contract_of(new))
    assert found.select(["n", "m"]).to_pylist() == [{"n": None, "m": None}]
    (extra,) = found.column("extra").to_pylist()
    assert json.loads(extra) == {"n": "five", "m": "six"}
    back = reproject(found, contract_of(new), contract_of(written))
    assert back.select(["n", "m", "extra"]).to_pylist() == [{"n": "five", "m": "six", "extra": None}]


def test_rows_come_from_the_store_in_slices_and_with_columns_of_its_own() -> None:
    line = record(("sku", "string"), ("by", {"type": "map", "values": "int"}), name="Line")
    old = happened(("lines", {"type": "array", "items": line}))
    new = happened(("lines", {"type": "array", "items": line}), ("note", "string", {"default": ""}))
    data: list[dict[str, Any]] = [
        {"lines": [{"sku": "a", "by": {"x": 1}}] * n, "note": f"n{n}"} for n in (1, 2, 3)
    ]
    written = happened(("lines", {"type": "array", "items": line}), ("note", "string"))
    table = told(written, old, *data).events[NAME].append_column("landed_seq", pa.array([7, 8, 9]))
    store = duckdb.connect()
    store.register("given", table)
    stored = store.execute("SELECT * FROM given ORDER BY landed_seq").to_arrow_table()
    store.close()
    for some in (stored.slice(1), table.slice(1), stored.slice(0, 0)):
        found = reproject(some, contract_of(old), contract_of(new))
        expected = told(written, new, *data[3 - len(some) :]) if len(some) else None
        names = ["lines", "note", "extra"]
        want = expected.events[NAME].select(names).to_pylist() if expected else []
        assert found.select(names).to_pylist() == want
        assert found.column("landed_seq").to_pylist() == some.column("landed_seq").to_pylist()
