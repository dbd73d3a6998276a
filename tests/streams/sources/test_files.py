"""Files into events: each format, the ids, and rows and files that are wrong."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import SHIPPED, EventType, read_event, read_source
from streams.sources.files import FileError, Row, encode, rows, size
from streams.sources.files.lines import LONGEST_ROW, MOST_LINES
from streams.sources.map_keys import MapError
from streams.sources.maps import read_map

ERP = """
format = "csv"
encoding = "cp1252"
delimiter = ";"
decimal = ","
thousands = "."
date_format = "%d.%m.%Y"
time_zone = "Europe/Berlin"
null_words = ["-"]
[fields]
occurred_at = "Datum"
customer_no = "Kunde"
amount_minor = {column = "Betrag", minor = 2}
note = "Text"
billing.postal_code = "PLZ"
billing.city = "Ort"
paid = {column = "Bezahlt", values = {J = true, N = false}}
due = "Fällig"
[constants]
billing.country = "DE"
[event_id]
from = "columns"
columns = ["Beleg", "Kunde"]
"""
ERP_HEADER = "Beleg;Datum;Kunde;Betrag;Text;PLZ;Ort;Bezahlt;Fällig"
PLAIN = """
[event_id]
from = "columns"
columns = ["id"]
"""
HEADER = "id,occurred_at,customer_no,amount_minor,quantity,note"
GOOD = "1,2026-05-01T12:00:00Z,007,100,2,x"


def read(tmp_path: Path, event: EventType, text: str, name: str, content: bytes | str) -> list[Row]:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_file(tmp_path, event, text, file)


def read_file(tmp_path: Path, event: EventType, text: str, file: Path) -> list[Row]:
    map_file = tmp_path / "test.map.toml"
    map_file.write_text(text, "utf-8")
    return list(rows(file, read_map(map_file, event), event))


def faults(row: Row) -> list[tuple[str, str, str]]:
    assert row.datum is None
    return [(problem.field, problem.expected, problem.got) for problem in row.problems]


def data(found: Sequence[Row]) -> list[dict[str, Any]]:
    """The data without what is null, all of it encodable."""
    assert [row.problems for row in found] == [()] * len(found)
    return [{key: value for key, value in (row.datum or {}).items() if value is not None} for row in found]


def test_an_erp_export(tmp_path: Path, event: EventType) -> None:
    lines = [
        ERP_HEADER,
        "R-1;31.12.2025;00042;1.234,50;Größe 5;01067;Köln;J;15.01.2026",
        '"R:2";01.07.2026;7;-0,5;"zwei\r\nZeilen; ""ja""";;;N;',
        "R-3;01.07.2026;7;12,50-;-;-;-;;-",
    ]
    found = read(tmp_path, event, ERP, "export.txt", "\r\n".join(lines).encode("cp1252"))
    first, second, third = data(found)
    assert first == {
        "event_id": "R-1:00042",
        "occurred_at": datetime(2025, 12, 30, 23, tzinfo=UTC),
        "customer_no": "00042",
        "amount_minor": 123450,
        "paid": True,
        "due": datetime(2026, 1, 15, tzinfo=UTC).date(),
        "note": "Größe 5",
        "billing": {"postal_code": "01067", "city": "Köln", "country": "DE"},
    }
    assert second == {
        "event_id": "R%3A2:7",
        "occurred_at": datetime(2026, 6, 30, 22, tzinfo=UTC),
        "customer_no": "7",
        "amount_minor": -50,
        "paid": False,
        "note": 'zwei\r\nZeilen; "ja"',
    }
    assert third["amount_minor"] == -1250
    assert "note" not in third
    assert "billing" not in third
    assert [row.number for row in found] == [1, 2, 3]
    assert found[1].raw == lines[2]
    assert found[-1].progress == 1.0
    body = io.BytesIO(encode(event, found[0].datum))
    assert fastavro.schemaless_reader(body, event.parsed, None) == found[0].datum


def test_hostile_rows_are_refused_one_by_one(tmp_path: Path, event: EventType) -> None:
    start = b"R-1;31.12.2025;1;"
    content = b"\n".join(
        [
            ERP_HEADER.encode("cp1252"),
            start + b"1.50;;;;;",
            start + b"1,505;;;;;",
            start + b"eins;;;;J/N;31.02.2026",
            start + b"1,00;;;",
            start + b"1,00;\x81;;;;",
            start + b'1,00;"never closed;;;;',
            start + b'1,00;"a"b;;;;',
            b";31.12.2025;;1,00;;;;;",
            start + b"1,00;;01067;;;",
            start + b"99999999999999999999,00;;;;;",
            start + b"1,00;a\0b;;;;",
            start + b"1,00;fine;;;;",
        ]
    )
    found = read(tmp_path, event, ERP, "bad.csv", content)
    number = "a number like 1.234,56 with at most 2 decimals"
    assert [faults(row) for row in found[:-1]] == [
        [("amount_minor", number, "'1.50'")],
        [("amount_minor", number, "'1,505'")],
        [
            ("amount_minor", number, "'eins'"),
            ("paid", "true or false (`values` in the map translates other words)", "'J/N'"),
            ("due", "what is written %d.%m.%Y", "'31.02.2026'"),
        ],
        [("", "9 cells", "7")],
        [("", "text in the map's encoding", "bytes that it does not have")],
        [("", "a row of CSV", "';' expected after '\"'")],
        [("", "a row of CSV", "';' expected after '\"'")],
        [("event_id", "a value in Beleg", "''"), ("customer_no", "a value, for it is required", "nothing")],
        [("billing.city", "a value, for it is required", "nothing")],
        [
            (
                "amount_minor",
                "a whole number from -9223372036854775808 to 9223372036854775807",
                "9999999999999999999900",
            )
        ],
        [("note", "text without NUL", "'a\\x00b'")],
    ]
    assert data(found[-1:])[0]["note"] == "fine"
    assert found[4].raw == "R-1;31.12.2025;1;1,00;\ufffd;;;;"
    assert found[5].raw == 'R-1;31.12.2025;1;1,00;"never closed;;;;'


def test_rows_without_end(tmp_path: Path, event: EventType) -> None:
    endless = "2,2026-05-01T12:00:00Z,1,1,1," + "x" * (2 * LONGEST_ROW)
    unclosed = '3,2026-05-01T12:00:00Z,1,1,1,"x'
    many = "\n".join(GOOD for _ in range(MOST_LINES + 5))
    found = read(tmp_path, event, PLAIN, "long.csv", "\n".join([HEADER, endless, unclosed, many]))
    assert [faults(row)[0][2] for row in found[:2]] == ["a longer one", "a longer one"]
    assert len(found[0].raw) == LONGEST_ROW
    assert found[1].raw == unclosed
    assert len(data(found[2:])) == MOST_LINES + 5


def test_times_of_two_meanings_and_of_none(tmp_path: Path, event: EventType) -> None:
    times = ["2026-10-25 02:30", "2026-03-29 02:30", "2026-03-29T02:30Z", "2026-07-01", "gestern"]
    body = "\n".join([HEADER, *(f"{index},{text},1,1,," for index, text in enumerate(times))])
    found = read(tmp_path, event, 'time_zone = "Europe/Berlin"' + PLAIN, "t.csv", body)
    assert [row["occurred_at"].isoformat() for row in data(found[:4])] == [
        "2026-10-25T00:30:00+00:00",  # twice: the first, in summer time
        "2026-03-29T01:30:00+00:00",  # skipped by the clocks: moved forward to 03:30
        "2026-03-29T02:30:00+00:00",
        "2026-06-30T22:00:00+00:00",
    ]
    assert faults(found[4])[0] == (
        "occurred_at",
        "ISO 8601, such as 2026-05-01T12:00:00Z",
        "'gestern'",
    )
    without_zone = read(tmp_path, event, PLAIN, "t.csv", body)
    expected = "a time with its zone (time_zone in the map names one for all)"
    assert faults(without_zone[0]) == [("occurred_at", expected, "'2026-10-25 02:30'")]


def test_counts_of_seconds_need_their_unit(tmp_path: Path, event: EventType) -> None:
    line = {"id": "1", "occurred_at": 1700000000123, "customer_no": "1", "amount_minor": 1}
    found = read(tmp_path, event, 'date_format = "unix_ms"' + PLAIN, "t.jsonl", json.dumps(line))
    assert data(found)[0]["occurred_at"] == datetime(2023, 11, 14, 22, 13, 20, 123000, UTC)
    found = read(tmp_path, event, PLAIN, "t.jsonl", json.dumps(line))
    assert faults(found[0])[0][2] == "1700000000123"


def test_fixed_width(tmp_path: Path, event: EventType) -> None:
    text = """
    format = "fixed"
    header = false
    date_format = "%Y%m%d"
    time_zone = "UTC"
    [spans]
    no = [0, 5]
    day = [5, 13]
    amount = [13, 20]
    note = [20]
    [fields]
    occurred_at = "day"
    customer_no = "no"
    amount_minor = {column = "amount", minor = 2}
    note = "note"
    [event_id]
    from = "row"
    """
    lines = ["0004220260501  12.50 Müller", "0004220260501  12.50", "", "0004220260501  12.5"]
    found = read(tmp_path, event, text, "fixed.txt", "\n".join(lines))
    first, second = data(found[:2])
    assert (first["customer_no"], first["amount_minor"], first["note"]) == ("00042", 1250, "Müller")
    assert "note" not in second
    assert faults(found[2]) == [("", "a line of at least 20 characters", "19")]


def test_json_lines(tmp_path: Path, event: EventType) -> None:
    good = {
        "id": 7,
        "occurred_at": "2026-05-01T14:00:00+02:00",
        "customer_no": "0001",
        "amount_minor": 1999,
        "weight": 0.1,
        "note": "",
        "billing": {"postal_code": "01067", "city": "Köln", "country": None},
        "lines": [{"sku": "a", "price_minor": 5}],
        "labels": {"a": "b"},
        "not_in_the_contract": 1,
    }
    bad = [
        json.dumps(good | {"amount_minor": 19.99}),
        json.dumps(good | {"lines": [{"sku": "a", "price_minor": 5}, {"sku": ["b"], "price": 5}]}),
        json.dumps(good | {"weight": math.nan}),
        '{"id": 1, "id": 2}',
        '{"id": 1',
        "[1]",
        "[" * 100_000,
        json.dumps(good | {"note": "\ud800"}),
    ]
    found = read(tmp_path, event, PLAIN, "x.jsonl", "\n".join([json.dumps(good), "", *bad]))
    wanted = {key: good[key] for key in ("customer_no", "amount_minor", "weight", "note", "lines", "labels")}
    assert data(found[:1])[0] == wanted | {
        "event_id": "7",
        "occurred_at": datetime(2026, 5, 1, 12, tzinfo=UTC),
        "billing": {"postal_code": "01067", "city": "Köln", "country": None},
    }
    assert [faults(row)[0] for row in found[1:]] == [
        ("amount_minor", "a number like 1234", "19.99"),
        ("lines[1].sku", "a text", "an array"),
        ("", "an object in JSON", "NaN is not JSON"),
        ("", "an object in JSON", "the key 'id' comes twice"),
        ("", "an object in JSON", "Expecting ',' delimiter: line 1 column 9 (char 8)"),
        ("", "an object in JSON", "an array"),
        ("", "an object in JSON", "nested too deeply"),
        ("note", "text without lone surrogates", "'\\ud800'"),
    ]


def test_dotted_columns_reach_into_nested_rows(tmp_path: Path, event: EventType) -> None:
    text = """
    [fields]
    occurred_at = "meta.at"
    customer_no = "who.no"
    amount_minor = {column = "total", minor = 2}
    lines = "lines"
    [event_id]
    from = "columns"
    columns = ["meta.id"]
    """
    line = '{"meta": {"id": "a", "at": "2026-05-01T12:00:00Z"}, "who": {"no": "1"}, "total": 8.70}'
    found = read(tmp_path, event, text, "x.ndjson", line)
    assert data(found)[0]["amount_minor"] == 870
    assert data(found)[0]["event_id"] == "a"


TYPED = """
[fields]
occurred_at = "at"
customer_no = "no"
amount_minor = {column = "amount", minor = 2}
due = "due"
billing = "billing"
[event_id]
from = "row"
"""


def test_parquet(tmp_path: Path, event: EventType) -> None:
    file = tmp_path / "x.parquet"
    at = pa.array([1_700_000_000_123_456_789, 0, 0, None], pa.timestamp("ns", "Europe/Berlin"))
    billing = [{"postal_code": "1", "city": "x"}, None, None, None]
    table = pa.table(
        {
            "at": at,
            "no": pa.array(["007", "8", "9", "10"]).dictionary_encode(),
            "amount": pa.array([11.77, 0.1 + 0.2, None, 1e15]),
            "due": pa.array([0, 1, 2, 3], pa.date32()),
            "billing": billing,
        }
    )
    pq.write_table(table, file)
    found = read_file(tmp_path, event, TYPED, file)
    assert data(found[:1])[0] | {"event_id": ""} == {
        "event_id": "",
        "occurred_at": datetime(2023, 11, 14, 22, 13, 20, 123456, UTC),
        "customer_no": "007",
        "amount_minor": 1177,
        "due": datetime(1970, 1, 1, tzinfo=UTC).date(),
        "billing": {"postal_code": "1", "city": "x", "country": None},
    }
    expected = "a number like 1234.56 with at most 2 decimals"
    assert faults(found[1]) == [("amount_minor", expected, "0.30000000000000004")]
    assert faults(found[2]) == [("amount_minor", "a value, for it is required", "nothing")]
    assert faults(found[3]) == [("occurred_at", "a value, for it is required", "nothing")]
    assert json.loads(found[0].raw)["amount"] == 11.77
    assert found[-1].progress == 1.0


def test_a_value_that_python_cannot_hold_costs_its_row(tmp_path: Path, event: EventType) -> None:
    file = tmp_path / "x.parquet"
    at = pa.array([0, 2**62], pa.timestamp("us", "UTC"))
    table = pa.table({"at": at, "no": ["1", "2"], "amount": [Decimal("1.50"), Decimal("2.50")]})
    pq.write_table(table, file)
    text = TYPED.replace('due = "due"\nbilling = "billing"\n', "")
    found = read_file(tmp_path, event, text, file)
    assert data(found[:1])[0]["amount_minor"] == 150
    assert faults(found[1])[0][:2] == ("", "values that can be read")


def test_avro(tmp_path: Path, event: EventType) -> None:
    file = tmp_path / "x.avro"
    number = {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4}
    schema = {
        "type": "record",
        "name": "Any",
        "fields": [
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "no", "type": "string"},
            {"name": "amount", "type": number},
            {"name": "due", "type": {"type": "int", "logicalType": "date"}},
            {"name": "billing", "type": {"type": "map", "values": "string"}},
        ],
    }
    at = datetime(2026, 5, 1, 12, tzinfo=UTC)
    row = {"at": at, "no": "007", "due": at.date(), "billing": {"postal_code": "1", "city": "x"}}
    amounts = [Decimal("12345678901234.5600"), Decimal("1.0050")]
    with file.open("wb") as stream:
        fastavro.writer(stream, schema, [row | {"amount": amount} for amount in amounts])
    found = read_file(tmp_path, event, TYPED, file)
    assert data(found[:1])[0]["amount_minor"] == 1_234_567_890_123_456
    assert data(found[:1])[0]["occurred_at"] == at
    assert faults(found[1])[0][2] == "1.0050"
    damaged = file.read_bytes()[:-20]
    with pytest.raises(FileError, match=r"x\.avro is damaged after row"):
        read(tmp_path, event, TYPED, "x.avro", damaged)


def ids(found: Sequence[Row]) -> list[str]:
    return [row["event_id"] for row in data(found)]


def test_event_ids_are_stable(tmp_path: Path, event: EventType) -> None:
    by_row, by_place = '[event_id]\nfrom = "row"', '[event_id]\nfrom = "position"'
    body = "\n".join([HEADER, GOOD, GOOD, GOOD.replace("x", "y")])
    first = ids(read(tmp_path, event, by_row, "a.csv", body))
    assert first[0] == first[1] != first[2]
    assert first[0] == "d7fb9950eef5bcd488e815a7d110053c"
    columns = [line.split(",") for line in body.split("\n")]
    turned = "\r\n".join(";".join(f'"{cell}"' for cell in reversed(line)) for line in columns)
    assert ids(read(tmp_path, event, 'delimiter = ";"\n' + by_row, "b.csv", turned)) == first
    places = ids(read(tmp_path, event, by_place, "a.csv", body))
    assert len(set(places)) == 3
    assert ids(read(tmp_path, event, by_place, "renamed.csv", body)) == places
    assert not set(places) & set(ids(read(tmp_path, event, by_place, "a.csv", body + "\n")))


def test_ids_of_several_columns_cannot_be_confused(tmp_path: Path, event: EventType) -> None:
    text = '[event_id]\nfrom = "columns"\ncolumns = ["id", "note"]'
    pairs = [("a:b", "c"), ("a", "b:c"), ("a%3Ab", "c")]
    body = "\n".join([HEADER, *(f"{left},2026-05-01T12:00:00Z,1,1,,{right}" for left, right in pairs)])
    assert ids(read(tmp_path, event, text, "a.csv", body)) == ["a%3Ab:c", "a:b%3Ac", "a%253Ab:c"]


def test_codes_kept_as_floats_are_refused(tmp_path: Path, event: EventType) -> None:
    file = tmp_path / "x.parquet"
    at = pa.array([0], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"occurred_at": at, "customer_no": [1001.0], "amount_minor": [5]}), file)
    found = read_file(tmp_path, event, '[event_id]\nfrom = "position"', file)
    assert faults(found[0]) == [("customer_no", "a text", "1001.0")]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.csv", b"", "is empty"),
        ("x.csv", b"\n\n\n", "holds nothing but blank lines"),
        ("x.xlsx", b"PK", "has no suffix that tells its format"),
        ("x.csv", f"{HEADER}\n{GOOD}".encode("utf-16"), "is not utf-8 text"),
        ("x.csv", f"{HEADER}\n{GOOD}".encode("utf-16-le"), "is not utf-8 text but binary or UTF-16"),
        ("x.csv", f"{HEADER},Größe\n{GOOD},1".encode("cp1252"), "has a header that is not utf-8"),
        ("x.csv", b'"id\n', "has no first line in CSV: unexpected end of data"),
        ("x.jsonl", '"ä"\n"ö"\n'.encode("cp1252"), "is not utf-8 text; set `encoding`"),
        ("x.parquet", b"PAR1 no", "is no Parquet file, or cut off"),
        ("x.avro", b"Obj\x01 no", "is no Avro container file"),
    ],
)
def test_a_wrong_file_is_a_sentence(
    tmp_path: Path, event: EventType, name: str, content: bytes, reason: str
) -> None:
    with pytest.raises(FileError, match=f"{name} {reason}"):
        read(tmp_path, event, PLAIN, name, content)


def test_no_file_at_all(tmp_path: Path, event: EventType) -> None:
    with pytest.raises(FileError, match=r"none\.csv does not exist"):
        read_file(tmp_path, event, PLAIN, tmp_path / "none.csv")
    (tmp_path / "dir.csv").mkdir()
    with pytest.raises(FileError, match=r"dir.csv is a folder; name the files in it"):
        size(tmp_path / "dir.csv")


@pytest.mark.parametrize(
    ("header", "place", "mend"),
    [
        ("id,occurred_at,customer_no", "fields.amount_minor", "the contract requires it"),
        ("ID,occurred_at,customer_no,amount_minor", "event_id.columns", "no column 'id'"),
        ("id,id,occurred_at,customer_no,amount_minor", "event_id.columns", "2 columns 'id'"),
    ],
)
def test_columns_are_checked_at_the_header(
    tmp_path: Path, event: EventType, header: str, place: str, mend: str
) -> None:
    with pytest.raises(MapError) as error:
        read(tmp_path, event, PLAIN, "x.csv", header + "\n")
    assert error.value.place == place
    assert mend in error.value.mend


def test_without_a_header_columns_are_numbered(tmp_path: Path, event: EventType) -> None:
    text = """
    header = false
    [fields]
    occurred_at = "column2"
    customer_no = "column3"
    amount_minor = "column4"
    [event_id]
    from = "columns"
    columns = ["column1"]
    """
    assert ids(read(tmp_path, event, text, "x.csv", f"\ufeff{GOOD}\n{GOOD}\n")) == ["1", "1"]
    assert ids(read(tmp_path, event, text, "x.tsv", GOOD.replace(",", "\t"))) == ["1"]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
records = st.lists(
    st.tuples(texts, st.integers(-(2**63), 2**63 - 1), st.none() | st.integers(0, 9)), max_size=20
)


@given(records, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read(
    tmp_path: Path, event: EventType, written: list[tuple[str, int, int | None]], delimiter: str, end: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["id", "occurred_at", "customer_no", "amount_minor", "quantity", "note"])
    for number, (text, amount, quantity) in enumerate(written, 1):
        writer.writerow([number, "2026-05-01T12:00:00Z", "c", amount, quantity, text])
    text = f"delimiter = {json.dumps(delimiter)}\n{PLAIN}"
    found = data(read(tmp_path, event, text, "x.csv", out.getvalue()))
    assert [
        (row["event_id"], row.get("note"), row["amount_minor"], row.get("quantity")) for row in found
    ] == [
        (str(number), text if text.strip() else None, amount, quantity)
        for number, (text, amount, quantity) in enumerate(written, 1)
    ]


def test_cdnow_to_the_cent() -> None:
    folder = SHIPPED / "shop" / "cdnow"
    event = read_event(read_source(folder / "source.toml"), folder / "purchase.avsc")
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    file = Path(spec.submodule_search_locations[0]) / "datasets" / "CDNOW_master.txt"
    map = read_map(folder / "purchase.map.toml", event)
    begin = time.process_time()
    purchases = data(list(rows(file, map, event)))
    speed = len(purchases) / (time.process_time() - begin)
    assert len(purchases) == len({row["event_id"] for row in purchases}) == 69_659
    assert len({row["customer_no"] for row in purchases}) == 23_570
    assert sum(row["amount_minor"] for row in purchases) == 250_031_563
    assert {row["currency"] for row in purchases} == {"USD"}
    assert speed > 5_000, "slower than an eighth of what was measured"
