"""Envelopes in Avro: what of them becomes an event, and what does not."""

from __future__ import annotations

import copy
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.framing import frame
from tests.feed import OPENING
from tests.streams.core.foreign.wire import (
    COLUMNS,
    CUSTOMER_ROW,
    CUSTOMERS,
    MYSQL,
    PG,
    PG_SOURCE,
    ROW,
    SALESFORCE,
    avro,
    change,
    envelope,
    key_of,
    moment,
    named,
    number_of,
    read_values,
    reasons,
    row,
    rows,
)

OPENED = moment("2025-10-09T08:53:20")
FULL = row(
    7, first_name="Anna", birthday=11_000, created_at=1_700_000_000_123_456, note="n",
    updated_at="2026-05-01T10:00:00.5Z", valid_until=1_700_000_000_123,
)  # fmt: skip


def with_columns(*more: dict[str, Any]) -> dict[str, Any]:
    """A table with more columns than the others."""
    return envelope([*COLUMNS, *more], PG_SOURCE)


def test_an_insert_is_the_row_with_what_the_envelope_says() -> None:
    reading = read_values(CUSTOMERS, avro(PG, change("c", FULL, lsn=4711)), keys=[key_of(7)])
    (found,) = rows(reading)
    assert found.pop("event_id").startswith("shopdb/0000000000000004711/write/")
    assert found == {
        "occurred_at": OPENED, "sequence": 4711, "op": "c", "snapshot": "false", "id": 7,
        "email": "c7@web.de", "first_name": "Anna", "status": "new", "birthday": date(2000, 2, 13),
        "created_at": moment("2023-11-14T22:13:20.123456"), "credit": None,
        "updated_at": moment("2026-05-01T10:00:00.500000"),
        "extra": '{"note":"n","valid_until":"2023-11-14T22:13:20.123000Z"}',
        "writer": number_of(PG), "record": 0,
    }  # fmt: skip


def test_nothing_of_a_second_delivery_differs() -> None:
    """The connector's own clock, version and memory of the last commit are no part of the event."""
    again = change("c", FULL, processed=OPENING, version="3.1.0.Final", sequence='["1","2"]')
    reading = read_values(CUSTOMERS, avro(PG, change("c", FULL)), avro(PG, again), keys=[key_of(7)] * 2)
    first, second = rows(reading)
    assert first | {"record": 1} == second


def test_an_id_outlives_the_number_of_the_keys_schema() -> None:
    one, two, other = frame(77, b"\x0e"), frame(78, b"\x0e"), frame(77, b"\x10")
    reading = read_values(CUSTOMERS, *[avro(PG, change("c", FULL))] * 3, keys=[one, two, other])
    ids = [found["event_id"] for found in rows(reading)]
    assert ids[0] == ids[1] != ids[2]


def test_rows_without_a_key_are_told_apart_by_what_they_say() -> None:
    values = [avro(PG, change("c", row(number))) for number in (1, 2, 1)]
    ids = [found["event_id"] for found in rows(read_values(CUSTOMERS, *values, keys=[None, b"", None]))]
    assert ids[0] == ids[2] != ids[1]


def test_an_update_that_takes_a_text_away_says_so() -> None:
    old, new = FULL, FULL | {"first_name": None, "birthday": None}
    reading = read_values(
        CUSTOMERS, avro(PG, change("u", new, old)), avro(PG, change("u", new)), avro(PG, change("c", new))
    )
    assert [(found["first_name"], found["birthday"]) for found in rows(reading)] == [
        ("", None), (None, None), (None, None)
    ]  # fmt: skip


def test_a_value_that_the_log_left_out_is_unknown() -> None:
    told = "__debezium_unavailable_value"
    after = FULL | {"first_name": told, "note": told}
    reading = read_values(CUSTOMERS, avro(PG, change("u", after)), avro(PG, change("u", after, FULL)))
    assert [found["first_name"] for found in rows(reading)] == [None, None]
    assert "note" not in rows(reading)[0]["extra"]


def test_a_delete_tells_the_row_as_it_was_but_no_fillers() -> None:
    """PostgreSQL's log may hold the key alone; columns that cannot be null then hold "" or their default."""
    only_key = change("d", None, row(7, email=""), lsn=1)
    whole = change("d", None, FULL | {"status": "gold"}, lsn=2)
    keyless = change("d", None, None, lsn=3)
    reading = read_values(CUSTOMERS, *(avro(PG, one) for one in (only_key, whole, keyless)))
    assert [(found["op"], found["id"], found["email"], found["status"]) for found in rows(reading)] == [
        ("d", 7, None, None), ("d", 7, "c7@web.de", "gold")
    ]  # fmt: skip
    assert reasons(reading) == [(2, "no_identifier", "")]


def test_snapshots_truncations_and_tombstones() -> None:
    reading = read_values(
        CUSTOMERS,
        avro(PG, change("r", FULL, snapshot="first")),
        avro(PG, change("c", FULL, snapshot="true")),  # as old connectors tell it
        None,
        avro(PG, change("t")),
        keys=[key_of(7), key_of(7), key_of(7), None],
    )
    assert [(found["op"], found["snapshot"]) for found in rows(reading)] == [("r", "first"), ("c", "true")]
    assert len({found["event_id"] for found in rows(reading)}) == 1
    assert reading.repeated == (2,)
    assert reasons(reading) == [(3, "no_identifier", "")]


def test_a_snapshot_again_says_something_of_its_own_time() -> None:
    """Nothing was written in between, so both stand at one place of the log."""
    values = [avro(PG, change("r", FULL, snapshot="true", at=at)) for at in (0, 0, 5)]
    ids = [found["event_id"] for found in rows(read_values(CUSTOMERS, *values, keys=[key_of(7)] * 3))]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].startswith(f"shopdb/t{OPENING}/read/")


def test_a_key_that_changes_is_deleted_before_it_is_written() -> None:
    gone, new = change("d", None, FULL, lsn=5), change("c", FULL | {"id": 8}, lsn=5)
    ids = [found["event_id"] for found in rows(read_values(CUSTOMERS, avro(PG, gone), avro(PG, new)))]
    assert ids[0] < ids[1]


def test_mysql_has_its_place_in_file_and_pos() -> None:
    source: dict[str, Any] = {"server_id": 1, "gtid": None, "file": "binlog.000003", "pos": 154, "row": 2}
    (found,) = rows(read_values(CUSTOMERS, avro(MYSQL, change("u", FULL, FULL, **source))))
    assert found["event_id"].startswith("shopdb/binlog.000003:0000000154:000002/write/")
    assert found["sequence"] == (3 << 32) + 154
    assert found["occurred_at"] == OPENED


@pytest.mark.parametrize(
    ("avro_type", "value", "told"),
    [
        (named("io.debezium.time.Timestamp"), 1_700_000_000_123, moment("2023-11-14T22:13:20.123000")),
        (named("io.debezium.time.NanoTimestamp"), 1_700_000_000_000_001_999,
         moment("2023-11-14T22:13:20.000001")),
        (named("io.debezium.time.MicroTimestamp"), -1, moment("1969-12-31T23:59:59.999999")),
        (named("io.debezium.time.ZonedTimestamp", "string"), "2026-05-01T12:00:00+02:00",
         moment("2026-05-01T10:00:00")),
        (named("io.debezium.time.ZonedTimestamp", "string"), "2026-05-01T10:00:00.1234567Z",
         moment("2026-05-01T10:00:00.123456")),
        ({"type": "long", "logicalType": "timestamp-millis", "connect.name":
          "org.apache.kafka.connect.data.Timestamp"}, 1_700_000_000_123,
         moment("2023-11-14T22:13:20.123000")),
        (named("io.debezium.time.MicroTimestamp"), 9_223_372_036_825_200_000, None),
        (named("io.debezium.time.Timestamp"), 9_223_372_036_825_200, None),
        (named("io.debezium.time.ZonedTimestamp", "string"), "infinity", None),
        ("long", 1_700_000_000_123, None),
    ],
)  # fmt: skip
def test_a_time_is_right_or_refused(avro_type: Any, value: Any, told: datetime | None) -> None:
    columns = [one for one in COLUMNS if one["name"] != "created_at"]
    schema = envelope([*columns, {"name": "created_at", "type": avro_type}], PG_SOURCE)
    reading = read_values(CUSTOMERS, avro(schema, change("c", FULL | {"created_at": value})))
    if told is None:
        assert reasons(reading) == [(0, "field_invalid", "created_at")]
        assert reading.rejected[0].got == str(value)
    else:
        assert [found["created_at"] for found in rows(reading)] == [told]


def test_a_number_without_a_unit_says_what_to_do() -> None:
    schema = envelope([*COLUMNS[:5], {"name": "created_at", "type": "long"}], PG_SOURCE)
    (one,) = read_values(CUSTOMERS, avro(schema, change("c", FULL))).rejected
    assert one.detail == (
        "created_at: expected a time, but the number has no unit; let the connector send its schema, or say "
        'in source.toml units = {created_at = "ms"}, got 1700000000123456'
    )


def test_a_value_of_no_time_is_no_fault_where_nobody_wants_it() -> None:
    reading = read_values(CUSTOMERS, avro(PG, change("c", FULL | {"valid_until": 2**62, "note": None})))
    assert rows(reading)[0]["extra"] == '{"valid_until":"4611686018427387904 ms"}'


def connect_decimal(precision: int) -> dict[str, Any]:
    parameters = {"scale": "2", "connect.decimal.precision": str(precision)}
    return {
        "type": "bytes", "scale": 2, "precision": precision, "connect.version": 1,
        "connect.parameters": parameters, "connect.name": "org.apache.kafka.connect.data.Decimal",
        "logicalType": "decimal",
    }  # fmt: skip


VARIABLE = {
    "type": "record", "name": "VariableScaleDecimal", "namespace": "io.debezium.data",
    "fields": [{"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}],
    "connect.name": "io.debezium.data.VariableScaleDecimal",
}  # fmt: skip


@pytest.mark.parametrize(
    ("avro_type", "value", "told"),
    [
        (connect_decimal(12), Decimal("-12.50"), Decimal("-12.50")),
        (connect_decimal(64), Decimal("12.50"), Decimal("12.50")),
        (VARIABLE, {"scale": 1, "value": b"\x00\x7d"}, Decimal("12.50")),
        (VARIABLE, {"scale": 0, "value": b"\x83"}, Decimal("-125.00")),
        ("string", "12.50", Decimal("12.50")),
        (VARIABLE, {"scale": 3, "value": b"\x7d"}, None),
        (VARIABLE, {"scale": -2, "value": b"\x7d"}, None),
        (VARIABLE, {"scale": 1, "value": b"\x7d" * 9000}, None),
        ("double", 12.5, None),
    ],
)
def test_a_decimal_is_exact_or_refused(avro_type: Any, value: Any, told: Decimal | None) -> None:
    schema = with_columns({"name": "credit", "type": ["null", avro_type], "default": None})
    reading = read_values(CUSTOMERS, avro(schema, change("c", FULL | {"credit": value})))
    if told is None:
        assert reasons(reading) == [(0, "field_invalid", "credit")]
    else:
        assert [found["credit"] for found in rows(reading)] == [told]


def test_a_decimal_that_nobody_named_is_kept_as_text() -> None:
    schema = with_columns(
        {"name": "rate", "type": ["null", VARIABLE]}, {"name": "fee", "type": ["null", connect_decimal(64)]}
    )
    value = {
        "rate": {"scale": 3, "value": b"\x05"},
        "fee": Decimal("1.25"),
        "note": None,
        "valid_until": None,
    }
    reading = read_values(CUSTOMERS, avro(schema, change("c", FULL | value)))
    assert rows(reading)[0]["extra"] == '{"fee":"1.25","rate":"0.005"}'


def test_columns_called_like_what_is_filled_keep_their_values() -> None:
    schema = with_columns({"name": "op", "type": "string"}, {"name": "event_id", "type": "long"})
    after = FULL | {"op": "mine", "event_id": 5, "note": None, "valid_until": None}
    (found,) = rows(read_values(CUSTOMERS, avro(schema, change("c", after))))
    assert (found["op"], found["extra"]) == ("c", '{"row_event_id":5,"row_op":"mine"}')


def test_nul_in_what_is_gone_does_not_matter() -> None:
    bad = FULL | {"first_name": "A\0"}
    reading = read_values(
        CUSTOMERS,
        avro(PG, change("u", FULL, bad)),
        avro(PG, change("u", bad, FULL)),
        avro(PG, change("d", None, bad)),
    )
    assert [found["record"] for found in rows(reading)] == [0]
    assert reasons(reading) == [(1, "field_invalid", "first_name"), (2, "field_invalid", "first_name")]


def without(schema: dict[str, Any], *names: str, **types: Any) -> dict[str, Any]:
    changed = copy.deepcopy(schema)
    changed["fields"] = [
        one | {"type": types.get(one["name"], one["type"])}
        for one in changed["fields"]
        if one["name"] not in names
    ]
    return changed


@pytest.mark.parametrize(
    ("schema", "datum", "why"),
    [
        (SALESFORCE, None, "wants a Debezium envelope with after, source and op; the schema has ChangeEvent"),
        ({**PG, "fields": COLUMNS}, FULL, "the schema has id, email"),
        (without(PG, op="long"), change("c", FULL) | {"op": 1}, "with after, source and op"),
        (without(PG, source="string"), change("c", FULL) | {"source": "x"}, "after and source are records"),
        (without(PG, after=["null", "string"]), change("c", "{}"), "after and source are records"),
        (without(PG, before=["null", {"type": "record", "name": "Old", "fields": COLUMNS[:2]}],
                 after=["null", {"type": "record", "name": "New", "fields": COLUMNS}]), change("c", FULL),
         "before has the columns of after"),
    ],
)  # fmt: skip
def test_another_envelope_is_refused_with_what_was_wanted(schema: Any, datum: Any, why: str) -> None:
    value = avro(schema, datum) if datum else frame(number_of(schema), b"")
    (one,) = read_values(CUSTOMERS, value).rejected
    assert (one.reason, one.event_type, one.schema_id) == ("not_decodable", ROW, number_of(schema))
    assert why in one.detail
    assert "declare the topic in source.toml" in one.detail


def test_what_is_not_framed_may_be_json() -> None:
    (one,) = read_values(CUSTOMERS, b'{"op":"c"}').rejected
    assert one.reason == "not_framed"
    assert one.detail.endswith('; a topic of JSON is declared by format = "debezium-json"')


def test_an_event_of_ours_is_one_on_any_topic() -> None:
    """What is repaired is sent as the contract's own event."""
    datum = dict.fromkeys(one["name"] for one in CUSTOMER_ROW["fields"])
    datum |= {"event_id": "e", "occurred_at": OPENING, "sequence": 1, "op": "c", "id": 7}
    assert [found["id"] for found in rows(read_values(CUSTOMERS, avro(CUSTOMER_ROW, datum)))] == [7]


def test_a_source_of_odd_types_still_has_ids_and_times() -> None:
    odd = [
        {"name": name, "type": avro_type}
        for name, avro_type in (("lsn", "string"), ("ts_us", "string"), ("file", "long"))
    ]
    schema = envelope(COLUMNS, odd)
    given: dict[str, Any] = {"lsn": "x", "ts_us": "y", "file": 1}
    values = [avro(schema, change("u", row(number), **given)) for number in (1, 2, 2)]
    found = rows(read_values(CUSTOMERS, *values, keys=[key_of(1), key_of(2), key_of(2)]))
    assert {one["occurred_at"] for one in found} == {OPENED}
    assert len({one["event_id"] for one in found}) == 2
    assert found[0]["event_id"].startswith(f"shopdb/t{OPENING}/write/")
    assert found[0]["sequence"] == OPENING


def test_a_source_without_a_name_or_time() -> None:
    bare = without(PG, source={"type": "record", "name": "S", "fields": [{"name": "x", "type": "long"}]})
    none = change("c", FULL) | {"source": {"x": 1}, "ts_ms": None}
    timed = change("c", FULL) | {"source": {"x": 1}}
    reading = read_values(CUSTOMERS, avro(bare, none), avro(bare, timed))
    assert reasons(reading) == [(0, "field_invalid", "occurred_at")]
    assert [found["occurred_at"] for found in rows(reading)] == [moment("2025-10-09T08:53:20.250000")]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.binary(max_size=60).map(lambda body: frame(number_of(PG), body)),
            st.integers(-(2**63), 2**63 - 1).map(
                lambda n: avro(
                    PG, change("u", FULL | {"id": n, "created_at": n}, FULL, lsn=n, ts_us=n, ts_ms=n)
                )
            ),
            st.sampled_from(["c", "u", "d", "t", "", "\0", "ü"]).map(lambda op: avro(PG, change(op, FULL))),
        ),
        max_size=6,
    )
)
def test_every_record_is_a_row_a_reject_or_nothing_new(values: list[bytes | None]) -> None:
    reading = read_values(CUSTOMERS, *values)
    told = [found["record"] for found in rows(reading)] + [one.record for one in reading.rejected]
    assert sorted([*told, *reading.repeated]) == list(range(len(values)))
