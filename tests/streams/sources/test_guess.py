"""Sample files of every shape into contracts: what is guessed, what is asked, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import EventType, load
from schemas.lint import lint
from schemas.scaffold import write_scaffold
from streams.sources.files import FileError, Row, rows
from streams.sources.guess import guess
from streams.sources.maps import FileMap, read_map
from streams.trial import try_examples

NAME = "erp/test/booked"
MAY = datetime(2026, 5, 1, 12, tzinfo=UTC)
KINDS = '[loyalty_card]\nrank = 15\ndoc = "A card."\nperson = true\n'
ERP = """\
Beleg-Nr.;Datum;KdNr;E-Mail;Vorname;Straße;Betrag;Gewicht;Bezahlt;Zahl;Bemerkung
R-1;31.12.2025;0001001;anna@mueller.de;Anna-Lena;Hauptstraße 12;1.234,50;0,250;J;7;bitte klingeln
R-2;01.01.2026;0001002;uwe@jaeger.de;Uwe;Am Bühl 3;19,90;1,5;N;-;
"""


@dataclass(frozen=True)
class Made:
    """A guessed contract as a project would have it."""

    event: EventType
    map: FileMap
    rows: list[Row]
    notes: tuple[str, ...]
    findings: list[str]
    map_text: str

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        return {entry["name"]: entry for entry in self.event.schema["fields"]}

    @property
    def data(self) -> list[dict[str, Any]]:
        assert [row.problems for row in self.rows if row.datum is None] == []
        return [row.datum for row in self.rows if row.datum is not None]

    def type_of(self, name: str) -> str:
        return next(field.type for field in self.event.fields if field.name == name)

    def means(self, name: str) -> Any:
        return self.fields[name].get("means")


Make = Callable[..., Made]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a file, guesses its contract in a project, reads the file by it."""

    def make(content: bytes | str | Path, name: str = "sample.csv", kinds: str = "") -> Made:
        root = tmp_path / "schemas"
        root.mkdir(exist_ok=True)
        (root / "identifiers.toml").write_text(kinds)
        file = content if isinstance(content, Path) else tmp_path / name
        if not isinstance(content, Path):
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return made(root, file)

    return make


def made(root: Path, file: Path) -> Made:
    for old in root.glob("*/*/*"):
        old.unlink()
    guessed = guess(file, NAME, load([root]))
    write_scaffold(root, NAME, guessed.draft)
    catalogue = load([root])
    event = catalogue.events[NAME]
    map_file = event.file.with_name("booked.map.toml")
    file_map = read_map(map_file, event)
    findings = [str(one) for one in lint(catalogue) if one.file.is_relative_to(root) and one.level == "error"]
    read = list(rows(file, file_map, event))
    return Made(event, file_map, read, guessed.notes, findings, map_file.read_text("utf-8"))


def test_an_erp_export(make: Make) -> None:
    erp = make(ERP.encode("cp1252"))
    assert erp.findings == []
    assert (erp.map.encoding, erp.map.delimiter, erp.map.style.decimal) == ("cp1252", ";", ",")
    assert erp.data[0] == {
        "event_id": "R-1",
        "occurred_at": datetime(2025, 12, 30, 23, tzinfo=UTC),
        "beleg_nr": "R-1",
        "customer_no": "0001001",
        "email": "anna@mueller.de",
        "first_name": "Anna-Lena",
        "street": "Hauptstraße 12",
        "betrag_minor": 123450,
        "gewicht": 0.25,
        "bezahlt": True,
        "zahl": 7,
        "bemerkung": "bitte klingeln",
        "currency": "EUR",
    }
    assert (erp.data[1]["zahl"], erp.data[1]["bemerkung"]) == (None, None)
    assert erp.means("customer_no") == "id:customer_no"
    assert erp.means("email") == ["id:email", "trait:email"]
    assert erp.means("street") == "trait:street"
    assert erp.means("bemerkung") == "text"
    assert erp.fields["first_name"]["pii"] == "direct"
    assert "TODO" in erp.fields["betrag_minor"]["doc"]
    assert 'time_zone = "Europe/Berlin"  # TODO' in erp.map_text


def test_nothing_personal_of_the_sample_is_shown(make: Make) -> None:
    erp = make(ERP)
    texts = "".join(file.read_text("utf-8") for file in erp.event.file.parent.iterdir())
    for secret in ("mueller.de", "Anna-Lena", "1001", "Hauptstraße 12", "klingeln", "R-1"):
        assert secret not in texts
    [line] = erp.event.examples.read_text("utf-8").splitlines()
    example = json.loads(line)
    assert example["facts"]["identifiers"] == ["customer_no:0004007", "email:anna@example.de"]
    assert example["facts"]["traits"]["first_name"] == "Anna"
    assert example["event"]["betrag_minor"] == 123450


def test_rows_that_come_again_changed_are_events_of_their_own(make: Make) -> None:
    lines = "BelegNr,Datum,KdNr,Betrag,Geändert am\nR-1,2025-12-30,01,12.50,2026-01-01 10:00\n"
    log = make(lines + "R-2,2025-12-30,02,12.50,2026-01-02 10:00\n")
    assert log.map.id_from == "row"
    assert log.data[1]["occurred_at"] == datetime(2026, 1, 2, 9, tzinfo=UTC)
    assert log.type_of("datum") == "date"
    assert "each version is an event" in log.notes[0]


def test_json_lines_with_records_and_lists(make: Make) -> None:
    one = {"id": "p-1", "at": "2026-05-01T10:00:00Z", "card": "0077", "points": 120, "Größe": {"B-x": 1},
           "customer": {"id": 1001, "mail": "anna@example.de"}, "shop": {"city": "Köln"}, "gift": True,
           "lines": [{"sku": "A", "price": 9.5, "note": None}, {"sku": "B", "price": 1}]}  # fmt: skip
    other = {"id": "p-2", "at": "2026-05-02T10:00:00+02:00", "points": -5, "customer": None, "lines": []}
    found = make("".join(json.dumps(row) + "\n" for row in (one, other)), "points.jsonl", KINDS)
    assert found.findings == []
    assert found.map.id_columns == ("id",)
    assert found.data[0]["customer"] == {"id": "1001", "mail": "anna@example.de"}
    assert found.data[0]["lines"] == [
        {"sku": "A", "price": 9.5, "note": None},
        {"sku": "B", "price": 1.0, "note": None},
    ]
    assert found.data[1]["customer"] is None
    assert found.data[0]["groesse"] == {"b_x": 1}
    assert found.means("loyalty_card") == "id:loyalty_card"
    assert "trait:city" not in json.dumps(found.event.schema)
    assert "measure" in found.fields["points"]["doc"]
    assert found.type_of("gift") == "boolean"


def test_an_unknown_kind_is_a_question(make: Make) -> None:
    found = make("id,date,card_no\n1,2026-05-01,0077\n2,2026-05-02,0078\n")
    assert "declare its kind in identifiers.toml" in found.fields["card_no"]["doc"]
    assert found.event.schema["nobody"].startswith("TODO")
    assert found.findings == []


def test_parquet_keeps_its_types(make: Make, tmp_path: Path) -> None:
    table = pa.table(
        {
            "order_id": ["1", "2"],
            "created": [MAY.replace(tzinfo=None), None],
            "ts": pa.array([MAY, MAY], pa.timestamp("ns", "UTC")),
            "total": [Decimal("12.50"), Decimal("3.00")],
            "customer_id": [1001, 1002],
            "score": [0.5, float("nan")],
            "whole": [1.0, 2.0],
            "tags": [["a"], []],
            "map": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
            "raw": [b"\xff", b"x"],
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    found = make(tmp_path / "x.parquet")
    assert found.findings == []
    assert (found.data[0]["total_minor"], found.data[0]["customer_no"]) == (1250, "1001")
    assert found.type_of("occurred_at") == "timestamp-micros"
    assert found.data[1]["occurred_at"] == MAY
    assert (found.type_of("score"), found.type_of("whole"), found.type_of("tags")) == (
        "double",
        "long",
        "array of string",
    )
    assert found.notes == ("Left out, for no field can hold them: map, raw.",)


@pytest.mark.parametrize(
    ("content", "name", "wanted"),
    [
        ("kunde\tzahl\n007\t1\n", "a.tsv", {"customer_no": "007", "zahl": 1}),
        ("kunde\tzahl\n007\t1\n", "a.txt", {"customer_no": "007", "zahl": 1}),
        ("\ufeffkunde|zahl\n007|1 234\n", "a.csv", {"customer_no": "007", "zahl": 1234}),
        ("kunde;zahl\n007;1\n".encode("utf-16"), "a.csv", {"customer_no": "007", "zahl": 1}),
        ("Straße;Größe\nBühl;1\n".encode("cp850"), "a.csv", {"street": "Bühl", "groesse": 1}),
        ("wert\n1,5\n2,25\n", "a.csv", {"wert_minor": 150}),
        ("1,2026-05-01,x\n2,2026-05-02,y\n", "a.csv", {"column3": "x"}),
        ("Export\n\nkunde,zahl\n007,1\n008,2\n", "a.csv", {"customer_no": "007", "zahl": 1}),
        ('{"kunde": "007"}\n', "a.json", {"customer_no": "007"}),
        ('kunde,text\n"007","a, b\nc"\n008,d\n', "a.csv", {"text": "a, b\nc"}),
        ("kunde,menge\n007,1.000\n008,12.500\n009,1.2\n", "a.csv", {"menge": 1.0}),
        ("kunde;menge;a\n007;1.000;1,5\n", "a.csv", {"menge": 1000, "a": 1.5}),
        ("kunde,zeit\n007,1767225600\n", "a.csv", {"occurred_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        ("kunde,datum\n007,20260101\n", "a.csv", {"occurred_at": datetime(2025, 12, 31, 23, tzinfo=UTC)}),
        ("kunde,price_cents\n007,150\n", "a.csv", {"price_minor": 150}),
        ("kunde,Preis CHF\n007,1.50\n", "a.csv", {"preis_chf_minor": 150, "currency": "CHF"}),
        ("kunde,preis,whg\n007,1.50,USD\n", "a.csv", {"preis_minor": 150, "currency": "USD"}),
        ("kunde,version\n007,3\n", "a.csv", {"version": 3}),
    ],
)
def test_how_files_are_written(make: Make, content: str | bytes, name: str, wanted: dict[str, Any]) -> None:
    found = make(content, name)
    assert found.findings == []
    assert {key: found.data[0].get(key) for key in wanted} == wanted


def test_a_day_that_can_be_read_in_two_ways_is_a_question(make: Make) -> None:
    found = make("kunde,datum\n007,01/02/2026\n008,03/04/2026\n")
    assert "%d/%m/%Y or %m/%d/%Y" in found.fields["occurred_at"]["doc"]
    sure = make("kunde,datum\n007,01/13/2026\n008,03/04/2026\n")
    assert "%d" not in sure.fields["occurred_at"]["doc"]
    assert sure.data[0]["occurred_at"] == datetime(2026, 1, 12, 23, tzinfo=UTC)


def test_without_a_time_a_constant_is_assumed(make: Make) -> None:
    found = make("kunde,zahl\n007,1\n")
    assert found.notes == ("No column tells the time: the map holds a constant, which cannot stay.",)
    assert 'occurred_at = "2000-01-01T00:00:00Z"  # TODO' in found.map_text


def test_an_example_that_names_nobody_is_one_of_a_rejected_event(make: Make) -> None:
    found = make("date,email,kunde\n2026-05-01,-,\n")
    example = json.loads(found.event.examples.read_text("utf-8"))
    assert example["rejected"] == {"field": "", "reason": "no_identifier"}
    assert try_examples(load([found.event.file.parents[2]]), [found.event]) == []


def test_strange_headers(make: Make) -> None:
    header = "select,node,customer_id,event id,2nd,Größe,größe,Ä,,x,x,顧客,a.b,occurred_at,\x1b[31mred"
    found = make(f"{header}\n1,2,3,4,5,6,7,8,9,10,11,12,13,2026-05-01,15\n")
    assert found.findings == []
    names = "event_id select source_node customer_no column_2nd groesse groesse_2 ae column a_b occurred_at"
    assert set(found.fields) == {*names.split(), "column_31mred"}
    assert found.notes == ("Left out, for no field can hold them: a column without a name, x, x#10.",)
    assert "\x1b" not in json.dumps(found.fields, ensure_ascii=False)
    assert found.data[0]["select"] == 1


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "a.csv", "is empty"),
        ("kunde,zahl\n", "a.csv", "has a header but no rows"),
        ("\n\n", "a.csv", "blank lines"),
        (bytes(range(256)), "a.csv", "is not text but binary"),
        (b"PK\x03\x04xl", "a.xlsx", "save its table as CSV"),
        (b"\x1f\x8b\x08", "a.csv.gz", "unpack it first"),
        ("[1]", "a.json", "one JSON array"),
        ("{nothing\n", "a.jsonl", "has no row that can be read"),
        (b"no", "a.parquet", "is no Parquet file"),
        (
            ",".join(f"c{at}" for at in range(3_000)) + "\n" + "1," * 2_999 + "1\n",
            "a.csv",
            "has 3,000 columns",
        ),
        ("x,x\n1,2\n", "a.csv", "no column that can be used"),
        ("{}\n", "a.jsonl", "no column that can be used"),
    ],
)
def test_what_cannot_be_guessed_is_a_sentence(
    make: Make, content: bytes | str, name: str, reason: str
) -> None:
    with pytest.raises(FileError, match=reason):
        make(content, name)


def test_many_columns(make: Make) -> None:
    header = ",".join(f"spalte {at}" for at in range(600))
    found = make(f"{header}\n" + (",".join(map(str, range(600))) + "\n") * 3)
    assert found.findings == []
    assert found.data[0]["spalte_599"] == 599


CELLS = st.one_of(
    st.sampled_from(["", "-", "0", "007", "12", "1,5", "1.5", "1.234,50", "-3", "31.12.2025", "2026-05-01",
                     "2026-05-01T10:00:00Z", "J", "N", "true", "a@b.de", "null", "99999999999999999999"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8),
)  # fmt: skip
HEADERS = st.one_of(
    st.sampled_from(["id", "KdNr", "E-Mail", "Datum", "Betrag", "node", "extra", "Währung", "Menge", "PLZ"]),
    st.text(
        st.characters(codec="latin-1", min_codepoint=32, exclude_characters='";'), min_size=1, max_size=8
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.integers(1, 5).flatmap(
        lambda width: st.tuples(
            st.lists(HEADERS, min_size=width, max_size=width),
            st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6),
        )
    )
)
def test_any_table_gives_a_contract_that_reads_it(
    tmp_path: Path, table: tuple[list[str], list[list[str]]]
) -> None:
    header, cells = table
    lines = [";".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in (header, *cells)]
    file = tmp_path / "any.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8", newline="")
    (tmp_path / "schemas").mkdir(exist_ok=True)
    try:
        found = made(tmp_path / "schemas", file)
    except FileError:
        return
    assert found.findings == []
    refused = [row for row in found.rows if row.datum is None]
    assert {problem.field for row in refused for problem in row.problems} <= {"occurred_at"}
    assert not refused or any("will be refused" in note for note in found.notes)
    assert len(found.rows) in (len(cells), len(cells) + 1)  # where the header looks like values
