import base64
import contextlib
import io
import json
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.conform import ConformError, conform, conform_default, jsonable

INSTANT = {"type": "long", "logicalType": "timestamp-micros"}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
LOCAL = {"type": "long", "logicalType": "local-timestamp-micros"}
EAST = timezone(timedelta(hours=2))
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}


def record(*fields: dict[str, Any], name: str = "R") -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "a.b", "fields": list(fields)}


def one(avro: Any, value: Any) -> Any:
    return conform(record({"name": "x", "type": avro}), {"x": value})["x"]


def faults(schema: Any, value: Any) -> list[str]:
    with pytest.raises(ConformError) as caught:
        conform(schema, value)
    return [problem.field for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("avro", "value", "datum"),
    [
        (INSTANT, "2026-05-01T12:00:00Z", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        (INSTANT, "2026-05-01 14:00+02:00", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        (INSTANT, "2026-05-01t12:00:00.25z", datetime(2026, 5, 1, 12, 0, 0, 250_000, UTC)),
        (INSTANT, "2026-05-01T12:00:00.123456789Z", datetime(2026, 5, 1, 12, 0, 0, 123_456, UTC)),
        (INSTANT, -1, datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)),
        (INSTANT, datetime(2026, 5, 1, 14, tzinfo=EAST), datetime(2026, 5, 1, 12, tzinfo=UTC)),
        (MILLIS, "2026-05-01T12:00:00.123456Z", datetime(2026, 5, 1, 12, 0, 0, 123_000, UTC)),
        (LOCAL, "2026-05-01T12:00", datetime(2026, 5, 1, 12)),  # noqa: DTZ001
        ({"type": "int", "logicalType": "date"}, "2026-05-01", date(2026, 5, 1)),
        ({"type": "int", "logicalType": "date"}, 1, date(1970, 1, 2)),
        ({"type": "int", "logicalType": "time-millis"}, "12:30:00.5", time(12, 30, 0, 500_000)),
        ({"type": "long", "logicalType": "time-micros"}, 1, time(0, 0, 0, 1)),
        (DECIMAL, "12.50", Decimal("12.50")),
        (DECIMAL, "-9999.9", Decimal("-9999.90")),
        (DECIMAL, 3, Decimal("3.00")),
        ({"type": "string", "logicalType": "uuid"}, "123E4567-e89b-12d3-a456-426614174000",
         UUID("123e4567-e89b-12d3-a456-426614174000")),
        ("bytes", "AP8=", b"\x00\xff"),
        ({"type": "fixed", "name": "F", "size": 2}, "AP8=", b"\x00\xff"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, "b", "b"),
        ("int", 5.0, 5),
        ("long", 2**63 - 1, 2**63 - 1),
        ("double", 3, 3.0),
        ("double", "NaN", None),
        ("float", 0.5, 0.5),
        (["null", "long", "string"], "x", "x"),
        (["null", "long", "double"], 1.5, 1.5),
        (["null", "string"], None, None),
        ({"type": "map", "values": "long"}, {"a": 1}, {"a": 1}),
        ({"type": "array", "items": ["null", "int"]}, [1, None], [1, None]),
    ],
)  # fmt: skip
def test_accepts(avro: Any, value: Any, datum: Any) -> None:
    got = one(avro, value)
    assert math.isnan(got) if value == "NaN" else got == datum
    assert value == "NaN" or type(got) is type(datum)


@pytest.mark.parametrize(
    ("avro", "value", "expected"),
    [
        (INSTANT, "2026-05-01T12:00:00", "name a zone"),
        (INSTANT, datetime(2026, 5, 1), "name a zone"),  # noqa: DTZ001
        (INSTANT, "2026-05-01", "2026-05-01T12:00:00Z"),
        (INSTANT, "2026-02-30T12:00:00Z", "a time with its zone"),
        (INSTANT, "0001-01-01T00:00:00+02:00", "a time with its zone"),
        (INSTANT, "2026-W18-5T12:00:00Z", "a time with its zone"),
        (INSTANT, "２０２６-05-01T12:00:00Z", "a time with its zone"),
        (INSTANT, 2**63, "a time with its zone"),
        (INSTANT, True, "a time with its zone"),
        (LOCAL, "2026-05-01T12:00Z", "without a zone"),
        ({"type": "int", "logicalType": "date"}, "2026-5-1", "a date"),
        ({"type": "int", "logicalType": "date"}, datetime(2026, 5, 1, tzinfo=UTC), "a date"),
        ({"type": "int", "logicalType": "time-millis"}, 86_400_000, "a time of day"),
        ("int", 2**31, "from -2147483648 to 2147483647"),
        ("long", 2**63, "a whole number"),
        ("long", 10**4000, "a whole number"),
        ("long", 1.5, "a whole number"),
        ("long", float(2**60), "a whole number"),
        ("long", float("nan"), "a whole number"),
        ("long", float("inf"), "a whole number"),
        ("long", Decimal("1E+999999"), "a whole number"),
        ("long", "5", "a whole number"),
        ("long", True, "a whole number"),
        ("double", True, "a number"),
        ("double", "1.5", "a number"),
        ("double", 2**53 + 1, "exactly"),
        ("double", 10**400, "can hold"),
        ("double", Decimal("1E+400"), "can hold"),
        ("float", 1e39, "can hold"),
        ("boolean", 1, "true or false"),
        ("boolean", "true", "true or false"),
        ("string", "a\0b", "without NUL"),
        ("string", "\ud800", "lone surrogates"),
        ("string", 5, "text"),
        ("string", None, "text"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, "c", "one of a, b"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, ["a"], "one of a, b"),
        ("bytes", "not base64!", "base64"),
        ({"type": "fixed", "name": "F", "size": 2}, "AA==", "2 bytes"),
        (DECIMAL, 12.5, "as text"),
        (DECIMAL, "12.505", "2 after the point"),
        (DECIMAL, "10000", "6 digits"),
        (DECIMAL, "1e2", "as text"),
        (DECIMAL, Decimal("NaN"), "as text"),
        (DECIMAL, "1" * 5000, "as text"),
        ({"type": "string", "logicalType": "uuid"}, "{123e4567-e89b-12d3-a456-426614174000}", "a UUID"),
        ({"type": "array", "items": "int"}, {"a": 1}, "an array"),
        ({"type": "array", "items": "int"}, "abc", "an array"),
        ({"type": "map", "values": "int"}, [], "an object"),
        ({"type": "map", "values": "int"}, {1: 1}, "text"),
        (["null", "long", "string"], 1.5, "long or string"),
        (record(name="Inner"), "x", "an object"),
    ],
)  # fmt: skip
def test_refuses_and_says_what_it_wants(avro: Any, value: Any, expected: str) -> None:
    with pytest.raises(ConformError) as caught:
        one(avro, value)
    (problem,) = caught.value.problems
    assert problem.field.startswith("x")
    assert expected in problem.expected
    assert problem.got
    str(problem).encode()


def test_names_every_fault_with_its_path() -> None:
    line = record({"name": "sku", "type": "string"}, {"name": "quantity", "type": "int"}, name="Line")
    schema = record(
        {"name": "order_id", "type": "string"},
        {"name": "lines", "type": {"type": "array", "items": line}},
        {"name": "notes", "type": {"type": "map", "values": "string"}},
    )
    value: dict[str, Any] = {
        "lines": [{"sku": "a", "quantity": 1}, {"sku": 5, "quantty": 2}],
        "notes": {"de": None},
        "\ud800": 1,
    }
    assert faults(schema, value) == [
        "\\ud800", "order_id", "lines[1].quantty", "lines[1].sku", "lines[1].quantity", "notes.de"
    ]  # fmt: skip


def test_unknown_field_is_told_its_neighbour() -> None:
    schema = record({"name": "email", "type": ["null", "string"], "default": None})
    with pytest.raises(ConformError, match="did you mean email") as caught:
        conform(schema, {"emial": "a@example.de"})
    assert [problem.field for problem in caught.value.problems] == ["emial"]
    with pytest.raises(ConformError, match="known are email"):
        conform(schema, {"zzz": 1})


def test_values_that_are_not_objects_are_faults_of_the_whole() -> None:
    values: tuple[Any, ...] = (None, [], "x", 5, True)
    for value in values:
        assert faults(record({"name": "x", "type": "int"}), value) == [""]


def test_defaults_are_avro_s_own_writing() -> None:
    inner = record({"name": "unit", "type": "string", "default": "kg"}, name="Inner")
    schema = record(
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "at", "type": INSTANT, "default": 0},
        {"name": "raw", "type": "bytes", "default": "\u00ff"},
        {"name": "price", "type": DECIMAL, "default": "\u0001\u0000"},
        {"name": "inner", "type": inner, "default": {}},
    )
    assert conform(schema, {}) == {
        "note": None,
        "at": datetime(1970, 1, 1, tzinfo=UTC),
        "raw": b"\xff",
        "price": Decimal("2.56"),
        "inner": {"unit": "kg"},
    }
    with pytest.raises(ConformError):
        conform_default(["null", "string"], "x")


def test_depth_is_bounded() -> None:
    schema = record({"name": "next", "type": ["null", "R"], "default": None})
    value: dict[str, Any] = {}
    for _ in range(5000):
        value = {"next": value}
    with pytest.raises(ConformError, match="at most 64 levels"):
        conform(schema, value)
    assert conform(schema, {"next": {"next": None}}) == {"next": {"next": None}}


def test_got_is_short_and_printable() -> None:
    for value in ("x" * 10_000, 10**5000, {"a": "\ud800"}, ["y"] * 9999, b"z" * 5000):
        with pytest.raises(ConformError) as caught:
            one("boolean", value)
        assert len(caught.value.problems[0].got) < 60
        str(caught.value).encode()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
TIMES = st.datetimes(timezones=st.just(UTC))
FLOATS = st.floats(allow_nan=False)
CASES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    ("null", st.none()),
    ("boolean", st.booleans()),
    ("int", st.integers(-(2**31), 2**31 - 1)),
    ("long", st.integers(-(2**63), 2**63 - 1)),
    ("float", st.floats(width=32, allow_nan=False)),
    ("double", st.floats(allow_nan=False)),
    ("string", TEXT),
    ("bytes", st.binary(max_size=8)),
    (INSTANT, TIMES),
    (MILLIS, TIMES.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))),
    (LOCAL, st.datetimes()),
    ({"type": "int", "logicalType": "date"}, st.dates()),
    ({"type": "long", "logicalType": "time-micros"}, st.times()),
    ({"type": "string", "logicalType": "uuid"}, st.uuids()),
    (DECIMAL, st.decimals(-9999, 9999, places=2)),
    ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, st.sampled_from(["a", "b"])),
    ({"type": "fixed", "name": "F", "size": 3}, st.binary(min_size=3, max_size=3)),
    (["null", "string"], st.none() | TEXT),
    (["null", "long", "double", "boolean", "string"],
     st.none() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.booleans() | TEXT),
    ({"type": "array", "items": ["null", "double"]}, st.lists(st.none() | FLOATS, max_size=3)),
    ({"type": "map", "values": INSTANT}, st.dictionaries(TEXT, TIMES, max_size=3)),
]  # fmt: skip
SCHEMA = {"type": "record", "name": "All", "namespace": "t",
          "fields": [{"name": f"f{at}", "type": avro} for at, (avro, _) in enumerate(CASES)]}  # fmt: skip
DATA = st.fixed_dictionaries({f"f{at}": values for at, (_, values) in enumerate(CASES)})


@settings(max_examples=60, deadline=None)
@given(DATA)
def test_json_and_back_is_the_same_datum(datum: dict[str, Any]) -> None:
    text = json.dumps(jsonable(SCHEMA, datum), allow_nan=False)
    assert conform(SCHEMA, json.loads(text)) == datum


@settings(max_examples=60, deadline=None)
@given(DATA)
def test_fastavro_writes_what_conform_gives_and_reads_the_same(datum: dict[str, Any]) -> None:
    given_back = conform(SCHEMA, datum)
    parsed = fastavro.parse_schema(SCHEMA, named_schemas={})
    body = io.BytesIO()
    fastavro.schemaless_writer(body, parsed, given_back)
    body.seek(0)
    assert fastavro.schemaless_reader(body, parsed, None) == given_back


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([avro for avro, _ in CASES]), JSON)
def test_whatever_comes_is_taken_or_refused(avro: Any, value: Any) -> None:
    with contextlib.suppress(ConformError):
        one(avro, value)


def test_jsonable_writes_for_people() -> None:
    schema = record({"name": "at", "type": INSTANT}, {"name": "raw", "type": "bytes"})
    datum = {"at": datetime(2026, 5, 1, 12, tzinfo=UTC), "raw": b"\x00"}
    assert jsonable(schema, datum) == {
        "at": "2026-05-01T12:00:00Z",
        "raw": base64.b64encode(b"\x00").decode(),
    }
    datum["at"] = datetime(2026, 5, 1, 12, 0, 0, 5, UTC)
    assert jsonable(schema, datum)["at"] == "2026-05-01T12:00:00.000005Z"
