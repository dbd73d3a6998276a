"""Files for tools: whole or not there, the same for the same sending, in the columns that ad tools match."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.destinations.columns import TOOLS, formed
from sinks.destinations.file import FileSender, place, write_csv
from sinks.destinations.kinds import Folder
from sinks.destinations.protocol import Row, Sending, Unavailable

AT = datetime(2026, 3, 1)  # noqa: DTZ001
ANNA = Row("anna.k+shop@gmail.com", "add", {"city": "Köln", "orders": 3})
CAT = Row("cat@shop.example", "update", {"city": None, "orders": -1})
BEN = Row("ben@shop.example", "remove", {})
ADDRESS = ("First Name", "Last Name", "Country", "Zip")
# Meta's own examples, from its page "Customer Information Parameters".
META = {
    ("email", "John_Smith@gmail.com"): "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
    ("phone", "+1 (650) 555-1212"): "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
    ("fn", "Mary"): "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec",
    ("fn", "정"): "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14",
    ("ln", "Valéry"): "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c",
}


def sending(*rows: Row, name: str = "7", kind: str = "email") -> Sending:
    return Sending(name, "ads", "lapsed", "advertising", kind, AT, rows)


def send(
    root: Path, given: Sending, how: Folder | None = None, targets: tuple[str, ...] = ("city", "orders")
) -> list[str]:
    """Sends; the names of all files after that."""
    FileSender(how or Folder("out", "csv"), targets, root).send(given)
    return sorted(file.name for file in (root / "out").iterdir())


def cells(file: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.read_bytes().decode(), newline="")))


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_two_files_a_sending_for_the_user_alone(tmp_path: Path) -> None:
    assert send(tmp_path, sending(ANNA, BEN, CAT)) == ["ads.7.add.csv", "ads.7.remove.csv"]
    added, removed = tmp_path / "out/ads.7.add.csv", tmp_path / "out/ads.7.remove.csv"
    assert cells(added) == [
        ["email", "city", "orders"],
        [ANNA.contact, "Köln", "3"],
        [CAT.contact, "", "-1"],
    ]
    assert cells(removed) == [["email"], [BEN.contact]]
    assert added.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_same_sending_again_is_the_same_file(tmp_path: Path, form: str) -> None:
    how = Folder("out", form)
    send(tmp_path, sending(ANNA, CAT), how)
    file = tmp_path / f"out/ads.7.add.{form}"
    first = file.read_bytes()
    assert send(tmp_path, sending(ANNA, CAT), how) == [file.name]
    assert file.read_bytes() == first


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/.ads.7.add.csv.part").write_text("half")
    assert send(tmp_path, sending(ANNA)) == ["ads.7.add.csv"]


def test_a_link_in_the_place_of_the_unfinished_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mine")
    (tmp_path / ".a.csv.part").symlink_to(tmp_path / "secret")
    place(tmp_path / "a.csv", b"content")
    assert (tmp_path / "secret").read_text() == "mine"
    assert (tmp_path / "a.csv").read_bytes() == b"content"


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a\0b", "x" * 500, "..", "a/0/1", "a\nb"])
def test_no_id_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    assert len(send(tmp_path, sending(ANNA, name=name))) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    other = send(tmp_path, sending(ANNA, name=f"{name}!"))
    assert len(other) == 2


def test_a_folder_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(Unavailable, match="cannot be written"):
        FileSender(Folder("out", "csv"), (), tmp_path).send(sending(ANNA))


def test_parquet_keeps_types(tmp_path: Path) -> None:
    mixed = CAT._replace(fields={"city": None, "orders": "many"})
    targets = ("city", "orders", "none")
    send(tmp_path, sending(ANNA, CAT), Folder("out", "parquet"), targets)
    table = pq.read_table(tmp_path / "out/ads.7.add.parquet")
    assert table.schema.types == [pa.string(), pa.string(), pa.int64(), pa.string()]
    assert table["orders"].to_pylist() == [3, -1]
    send(tmp_path, sending(ANNA, mixed, name="8"), Folder("out", "parquet"), targets)
    assert pq.read_table(tmp_path / "out/ads.8.add.parquet")["orders"].to_pylist() == ["3", "many"]


def test_google_gets_hashes_of_what_it_hashes_itself(tmp_path: Path) -> None:
    fields = {"First Name": " Anna ", "Last Name": "K-Müller", "Country": "DE", "Zip": " 50667 "}
    send(tmp_path, sending(ANNA._replace(fields=fields)), Folder("out", "csv", "google", True), ADDRESS)
    assert cells(tmp_path / "out/ads.7.add.csv") == [
        ["Email", *ADDRESS],
        [sha("annak@gmail.com"), sha("anna"), sha("k-müller"), "de", "50667"],
    ]


def test_google_can_hash_by_itself(tmp_path: Path) -> None:
    fields = {"First Name": "=Anna", "Last Name": "K", "Country": "Germany", "Zip": 50667}
    send(tmp_path, sending(ANNA._replace(fields=fields)), Folder("out", "csv", "google"), ADDRESS)
    assert cells(tmp_path / "out/ads.7.add.csv")[1] == ["annak@gmail.com", "=anna", "k", "", "50667"]


@pytest.mark.parametrize(("column", "value"), META)
def test_metas_own_examples(column: str, value: str) -> None:
    assert formed(TOOLS["meta"].columns[column], value, is_hashed=True) == META[column, value]


@pytest.mark.parametrize(
    ("tool", "column", "value", "form"),
    [
        (
            "google",
            "Email",
            " Cloudy.SanFrancisco+shopping@googlemail.com ",
            "cloudysanfrancisco@googlemail.com",
        ),
        ("google", "Email", "user.name+NYC@Example.com", "user.name+nyc@example.com"),
        ("google", "Phone", "+1 800 555-0100", "+18005550100"),
        ("google", "Phone", "0221 123", ""),
        ("google", "Country", "deu", ""),
        ("meta", "ln", " O'Neil-Smith Jr. ", "oneilsmith jr"),
        ("meta", "zip", "94035-1234", "94035"),
        ("meta", "zip", "WC2H 8LG", "wc2h8lg"),
        ("meta", "country", "US", "us"),
        ("meta", "email", "a.b+c@gmail.com", "a.b+c@gmail.com"),
    ],
)
def test_normal_forms(tool: str, column: str, value: str, form: str) -> None:
    assert formed(TOOLS[tool].columns[column], value, is_hashed=False) == form


def test_nothing_has_no_hash() -> None:
    assert formed(TOOLS["meta"].columns["fn"], " - ", is_hashed=True) == ""


def test_a_contact_without_a_form_is_refused(tmp_path: Path) -> None:
    rows = (Row("+4915112345678", "add", {}), Row("0151", "remove", {}))
    answer = FileSender(Folder("out", "csv", "meta", True), (), tmp_path).send(sending(*rows, kind="phone"))
    assert [(one.row, one.status) for one in answer.refused] == [(1, None)]
    assert cells(tmp_path / "out/ads.7.add.csv") == [["phone"], [sha("4915112345678")]]
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_no_cell_of_a_plain_file_is_a_formula(tmp_path: Path) -> None:
    texts = ["=1+1", "+1-1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "fine", "-5", "+4915112345678"]
    rows = [Row(f"p{at}@x.example", "add", {"city": text}) for at, text in enumerate(texts)]
    formula = Row("=cmd@x.example", "add", {})
    answer = FileSender(Folder("out", "csv"), ("city",), tmp_path).send(sending(*rows, formula))
    assert [one.row for one in answer.refused] == [len(rows)]
    written = [row[1] for row in cells(tmp_path / "out/ads.7.add.csv")[1:]]
    assert written == [f"'{text}" for text in texts[:7]] + texts[7:]


def test_numbers_of_telephones_stay_as_they_are(tmp_path: Path) -> None:
    send(tmp_path, sending(Row("+4915112345678", "add", {}), kind="phone"), targets=())
    assert cells(tmp_path / "out/ads.7.add.csv") == [["phone"], ["+4915112345678"]]


@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1))
def test_any_text_comes_back_from_csv(texts: list[str]) -> None:
    content = write_csv({"a": texts, "b": texts[::-1]}, is_guarded=False)
    read = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert read == [["a", "b"], *([a, b] for a, b in zip(texts, reversed(texts), strict=True))]
