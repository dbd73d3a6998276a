"""Envelopes in JSON, with Kafka Connect's schema beside them and without."""

from __future__ import annotations

import base64
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.streams.core.foreign.wire import (
    BARE,
    CUSTOMERS,
    PG,
    ROW,
    avro,
    change,
    moment,
    read_values,
    reasons,
    row,
    rows,
)

FULL = row(7, first_name="Anna", birthday=11_000, updated_at="2026-05-01T10:00:00.5Z", note="n")
CONNECT: list[dict[str, Any]] = [
    {"type": "int64", "optional": False, "default": 0, "field": "id"},
    {"type": "string", "optional": False, "field": "email"},
    {"type": "string", "optional": True, "field": "first_name"},
    {"type": "string", "optional": False, "default": "new", "field": "status"},
    {"type": "int32", "optional": True, "name": "io.debezium.time.Date", "field": "birthday"},
    {"type": "int64", "optional": True, "name": "io.debezium.time.MicroTimestamp", "field": "created_at"},
    {"type": "string", "optional": True, "name": "io.debezium.time.ZonedTimestamp", "field": "updated_at"},
    {"type": "int64", "optional": True, "name": "io.debezium.time.Timestamp", "field": "valid_until"},
    {"type": "bytes", "optional": True, "name": "org.apache.kafka.connect.data.Decimal", "field": "credit",
     "parameters": {"scale": "2", "connect.decimal.precision": "12"}},
    {"type": "bytes", "optional": False, "name": "org.apache.kafka.connect.data.Decimal", "field": "fee",
     "parameters": {"scale": "2"}},
    {"type": "struct", "optional": True, "name": "io.debezium.data.VariableScaleDecimal", "field": "rate",
     "fields": [{"type": "int32", "field": "scale"}, {"type": "bytes", "field": "value"}]},
    {"type": "array", "items": {"type": "int64", "name": "io.debezium.time.Timestamp"}, "field": "visits"},
]  # fmt: skip


def bare(envelope: Any) -> bytes:
    return json.dumps(envelope).encode()


def with_schema(envelope: Any) -> bytes:
    """As JsonConverter writes with schemas.enable."""
    image = {"type": "struct", "optional": True, "fields": CONNECT, "name": f"{BARE}.Value"}
    schema = {"type": "struct", "fields": [{**image, "field": "before"}, {**image, "field": "after"}]}
    return json.dumps({"schema": schema, "payload": envelope}).encode()


def text(value: int) -> str:
    return base64.b64encode(value.to_bytes(2, "big", signed=True)).decode()


def test_with_its_schema_a_document_says_what_avro_says() -> None:
    full = FULL | {"created_at": 1_700_000_000_123_456, "valid_until": 1_700_000_000_123}
    (found,) = rows(read_values(BARE, with_schema(change("c", full)), keys=[b'{"id":7}']))
    (same,) = rows(read_values(CUSTOMERS, avro(PG, change("c", full)), keys=[b'{"id":7}']))
    assert found.pop("event_id").rpartition("/")[0] == same.pop("event_id").rpartition("/")[0]
    assert found == same | {"writer": 0}


def test_decimals_and_nested_times_of_a_schema() -> None:
    more = {"credit": text(-1250), "rate": {"scale": 3, "value": text(5)}, "visits": [0, None, 2**60]}
    (found,) = rows(read_values(BARE, with_schema(change("c", FULL | more | {"note": None}))))
    assert found["credit"] == Decimal("-12.50")
    assert json.loads(found["extra"]) == {
        "rate": "0.005", "visits": ["1970-01-01T00:00:00Z", None, "1152921504606846976 ms"]
    }  # fmt: skip


@pytest.mark.parametrize(("number", "told"), [("12.50", "12.50"), ("1e1", "10.00"), ("7", "7.00")])
def test_decimals_may_be_numbers(number: str, told: str) -> None:
    """JsonConverter with decimal.format = NUMERIC; every digit counts."""
    for value in (bare(change("c", FULL)), with_schema(change("c", FULL))):
        value = value.replace(b'"note": "n"', b'"credit": ' + number.encode())
        if number == "1e1":
            assert reasons(read_values(BARE, value)) == [(0, "field_invalid", "credit")]
        else:
            assert rows(read_values(BARE, value))[0]["credit"] == Decimal(told)


def test_without_a_schema_only_what_is_sure_is_taken() -> None:
    (found,) = rows(read_values(BARE, bare(change("c", FULL | {"credit": "12.50", "note": 1.5}))))
    assert found["birthday"] == date(2000, 2, 13)  # source.toml says days
    assert found["updated_at"] == moment("2026-05-01T10:00:00.500000")
    assert found["credit"] == Decimal("12.50")
    assert found["extra"] == '{"note":1.5}'


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("created_at", 1_700_000_000_123, 'units = {created_at = "ms"}'),
        ("credit", "1234", "may be bytes"),
        ("birthday", 2**40, "a date"),
        ("id", 2**70, "a whole number"),
        ("first_name", {"x": 1}, "text"),
        ("email", 5, "text"),
    ],
)
def test_without_a_schema_nothing_is_guessed(column: str, value: Any, why: str) -> None:
    reading = read_values(BARE, bare(change("c", FULL)), bare(change("c", FULL | {column: value})))
    assert reasons(reading) == [(1, "field_invalid", column)]
    assert why in reading.rejected[0].expected
    assert reading.rejected[0].event_type == ROW


def test_updates_and_deletes() -> None:
    gone = row(7, email="", status="new") | {"fee": "AA=="}
    reading = read_values(
        BARE,
        bare(change("u", FULL | {"first_name": None}, FULL)),
        bare(change("u", FULL | {"first_name": "__debezium_unavailable_value"}, FULL)),
        bare(change("d", None, row(7, email=""))),
        with_schema(change("d", None, gone)),
        with_schema(change("d", None, FULL | {"status": "gold", "first_name": ""})),
    )
    told = [(one["op"], one["email"], one["first_name"], one["status"]) for one in rows(reading)]
    assert told == [
        ("u", "c7@web.de", "", "new"), ("u", "c7@web.de", None, "new"), ("d", None, None, "new"),
        ("d", None, None, None), ("d", "c7@web.de", "", "gold"),
    ]  # fmt: skip
    assert rows(reading)[3]["extra"] is None


def test_a_null_says_nothing_new() -> None:
    empty = b'{"schema":null,"payload":null}'
    reading = read_values(BARE, None, b"null", empty, bare(change("t")))
    assert reading.repeated == (0, 1, 2)
    assert reasons(reading) == [(3, "no_identifier", "")]


def test_columns_whose_names_are_none_in_avro() -> None:
    more = {"e-mail": 1, "e_mail": 2, "2nd": 3, "event_id": 4, "Größe": 5, "note": None}
    (found,) = rows(read_values(BARE, bare(change("c", FULL | more))))
    assert json.loads(found["extra"]) == {
        "e_mail": 2, "e_mail_": 1, "_2nd": 3, "row_event_id": 4, "Gr__e": 5
    }  # fmt: skip


def test_documents_beside_one_another_do_not_matter() -> None:
    """Sources that say their place otherwise, and rows of other columns, in one batch."""
    mysql = change("u", FULL, FULL)
    mysql["source"] = {"name": "old", "file": "b.1", "pos": 4, "row": 0, "ts_ms": 1_700_000_000_000}
    unplaced = change("c", row(8) | {"more": 1})
    unplaced["source"]["lsn"] = None
    envelopes = [bare(one) for one in (change("c", FULL), mysql, unplaced, change("c", {"id": 9}))]
    together = rows(read_values(BARE, *envelopes))
    alone = [rows(read_values(BARE, one, keys=[b"key %d" % at]))[0] for at, one in enumerate(envelopes)]
    assert [one | {"record": 0} for one in together] == alone
    assert [one["sequence"] for one in together] == [100, (1 << 32) + 4, 0, 100]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b'{"op": NaN}', "is not a number of JSON"),
        (b'{"op": 1e999}', "is too large a number"),
        (b"9" * 5000, "is no JSON"),
        (b"[" * 5000, "is no JSON"),
        (b"[" * 60 + b"]" * 60, "levels deep"),
        (b"[]", "wants a Debezium envelope"),
        (b'"text"', "wants a Debezium envelope"),
        (b'{"id": 1, "email": "a@b.de"}', "it has id, email"),
        (b'{"op": "c", "after": {}}', "it has op, after"),
        (b'{"op": "c", "source": {}}', "it has op, source"),
        (b'{"op": 1, "source": {}, "after": {}}', "wants a Debezium envelope"),
        (b'{"op": "c\\u0000", "source": {}, "after": {}}', "wants a Debezium envelope"),
        (b'{"op": "c", "source": {}, "after": []}', "wants a Debezium envelope"),
        (b'{"schema": {}, "payload": 5}', "wants a Debezium envelope"),
        (b'{"op": "c", "source": {}, "after": {"x": "\\u0000"}}', "NUL"),
        (b'{"op": "c", "source": {}, "after": {"x": ["\\ud800"]}}', "surrogates"),
        (json.dumps(change("c", {f"c{at}": 1 for at in range(1001)})).encode(), "has 1001 columns"),
        (avro(PG, change("c", FULL)), "the record is framed Avro"),
    ],
)
def test_what_is_no_envelope_is_refused(value: bytes, why: str) -> None:
    reading = read_values(BARE, bare(change("c", FULL)), value, bare(change("c", FULL)))
    assert reasons(reading) == [(1, "not_decodable", "")]
    assert why in reading.rejected[0].detail
    assert len(rows(reading)) == 2


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert rows(read_values(BARE, bare(change("c", FULL | {"first_name": "\\u0000"}))))[0]["first_name"]


def test_a_value_that_is_too_large() -> None:
    large = bare(change("c", FULL | {"note": "x" * (256 << 10)}))
    assert reasons(read_values(BARE, large)) == [(0, "too_large", "")]


def test_few_documents_cannot_ask_for_many_columns() -> None:
    """Each has columns of its own: together they would be a million cells by a million."""
    values = [bare(change("c", {"id": at, **{f"c{at}_{n}": 1 for n in range(900)}})) for at in range(1, 40)]
    found = rows(read_values(BARE, *values))
    assert [len(json.loads(one["extra"])) for one in found] == [900] * 39


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
COLUMN = st.sampled_from(["id", "email", "first_name", "birthday", "created_at", "credit", "op", "x", ""])
PART = st.dictionaries(COLUMN, VALUES, max_size=5) | VALUES
SOURCE = st.dictionaries(st.sampled_from(["lsn", "file", "pos", "scn", "ts_ms", "name", "snapshot"]), VALUES)
ENVELOPE = st.fixed_dictionaries(
    {"op": st.sampled_from(["c", "u", "d", "r", "t", "x"]) | VALUES},
    optional={"source": SOURCE | VALUES, "before": PART, "after": PART, "ts_ms": VALUES},
)
PAYLOAD = ENVELOPE | st.fixed_dictionaries({"payload": ENVELOPE, "schema": VALUES})


@settings(max_examples=80, deadline=None)
@given(st.lists(st.none() | st.binary(max_size=20) | PAYLOAD.map(bare), max_size=5))
def test_every_record_is_a_row_a_reject_or_nothing_new(values: list[bytes | None]) -> None:
    reading = read_values(BARE, *values)
    told = [found["record"] for found in rows(reading)] + [one.record for one in reading.rejected]
    assert sorted([*told, *reading.repeated]) == list(range(len(values)))
