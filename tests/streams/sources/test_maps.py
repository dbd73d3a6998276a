"""Maps: what they say, and how each wrong one is refused with place and mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.catalogue import EventType
from streams.sources.map_keys import MapError
from streams.sources.maps import FileMap, read_map

REQUIRED = '[fields]\noccurred_at = "d"\ncustomer_no = "c"\namount_minor = "a"\n'
ROW = '[event_id]\nfrom = "row"\n'


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "invoiced.map.toml"
    file.write_text(text, "utf-8")
    return file


def refused(tmp_path: Path, event: EventType, text: str) -> MapError:
    with pytest.raises(MapError) as error:
        read_map(write(tmp_path, text), event)
    assert str(tmp_path / "invoiced.map.toml") in str(error.value)
    return error.value


def test_a_whole_map(tmp_path: Path, event: EventType) -> None:
    text = """
    format = "csv"
    encoding = "windows-1252"
    delimiter = ";"
    decimal = ","
    thousands = "."
    date_format = ["%d.%m.%Y", "%d.%m.%y"]
    time_zone = "Europe/Berlin"
    null_words = ["-", "NULL"]
    skip_rows = 2
    [constants]
    note = "from the ERP"
    billing.country = "DE"
    [fields]
    occurred_at = "Datum"
    customer_no = "Kunde"
    amount_minor = {column = "Betrag", minor = 2}
    quantity = {column = "Menge", decimal = ".", thousands = ""}
    paid = {column = "Bezahlt", values = {J = true, N = false}}
    "billing.postal_code" = "PLZ"
    billing.city = "Ort"
    [event_id]
    from = "columns"
    columns = ["Beleg"]
    """
    map: FileMap = read_map(write(tmp_path, text), event)
    assert map.fields is not None
    assert (map.format, map.encoding, map.delimiter, map.skip_rows) == ("csv", "cp1252", ";", 2)
    assert (map.id_from, map.id_columns) == ("columns", ("Beleg",))
    assert map.constants == {("note",): "from the ERP", ("billing", "country"): "DE"}
    amount, quantity = map.fields["amount_minor",].style, map.fields["quantity",].style
    assert (amount.decimal, amount.thousands, amount.minor) == (",", ".", 2)
    assert (quantity.decimal, quantity.thousands) == (".", "")
    assert amount.date_formats == ("%d.%m.%Y", "%d.%m.%y")
    assert amount.null_words == {"-", "NULL"}
    assert map.fields["paid",].style.values == {"J": True, "N": False}
    assert map.fields["billing", "city"].name == "Ort"
    assert map.fields["billing", "postal_code"].name == "PLZ"


@pytest.mark.parametrize(
    ("text", "place", "mend"),
    [
        ("x = [", "", "is not TOML"),
        (f'formt = "csv"\n{REQUIRED}{ROW}', "formt", "did you mean format?"),
        (f'format = "xlsx"\n{REQUIRED}{ROW}', "format", "must be one of csv, tsv"),
        (f'format = "jsonl"\nheader = true\n{REQUIRED}{ROW}', "header", "means nothing for jsonl"),
        (f'encoding = "latin-99"\n{REQUIRED}{ROW}', "encoding", "usual are utf-8 and cp1252"),
        (f'encoding = "hex"\n{REQUIRED}{ROW}', "encoding", "is not an encoding"),
        (f'delimiter = ";;"\n{REQUIRED}{ROW}', "delimiter", "must be one character"),
        (f"skip_rows = true\n{REQUIRED}{ROW}", "skip_rows", "must be a whole number"),
        (f"skip_rows = -1\n{REQUIRED}{ROW}", "skip_rows", "must be from 0 to 1000"),
        (f'decimal = ","\nthousands = ","\n{REQUIRED}{ROW}', "thousands", "cannot be the decimal sign"),
        (f'decimal = "1"\n{REQUIRED}{ROW}', "decimal", "cannot be a letter, a digit"),
        (f'date_format = "%d.%q.%Y"\n{REQUIRED}{ROW}', "date_format", "'%d.%q.%Y' is not a format"),
        (f'time_zone = "Berlin"\n{REQUIRED}{ROW}', "time_zone", "'Berlin' is not a time zone"),
        (f'time_zone = "Europe"\n{REQUIRED}{ROW}', "time_zone", "'Europe' is not a time zone"),
        (f"null_words = [1]\n{REQUIRED}{ROW}", "null_words", "must be a list of texts"),
        (f'format = "fixed"\nheader = true\n{REQUIRED}{ROW}', "spans", "fixed width needs [spans]"),
        (f"header = true\n{REQUIRED}{ROW}[spans]\nd = [4, 4]", "spans.d", "must be [start, end]"),
        (f"{REQUIRED}{ROW}[spans]\nd = [0, 4]", "header", "say true if the first line"),
        (REQUIRED, "event_id.from", "say where the event id comes from"),
        (f'{REQUIRED}[event_id]\nfrom = "hash"', "event_id.from", "say where the event id comes from"),
        (f'{REQUIRED}[event_id]\nfrom = "columns"', "event_id.columns", "name the columns"),
        (f'{REQUIRED}{ROW}columns = ["a"]', "event_id.columns", 'means nothing for from = "row"'),
        (f'{ROW}[fields]\noccured_at = "d"', "fields.occured_at", "did you mean occurred_at?"),
        (
            f'{ROW}[fields]\noccurred_at = "d"\ncustomer_no = "c"',
            "fields.amount_minor",
            "the contract requires",
        ),
        (f'{REQUIRED}billing.city = "o"\n{ROW}', "fields.billing.postal_code", "the contract requires"),
        (f'{REQUIRED}billing.town = "o"\n{ROW}', "fields.billing.town", "has no such field"),
        (f'{REQUIRED}"lines[].sku" = "o"\n{ROW}', "fields.lines[].sku", "has no such field"),
        (f'{REQUIRED}event_id = "o"\n{ROW}', "fields.event_id", "comes from [event_id]"),
        (f"{REQUIRED}note = {{colum = 'x'}}\n{ROW}", "fields.note.colum", "did you mean column?"),
        (f"{REQUIRED}note = {{minor = 2}}\n{ROW}", "fields.note", "must be the name of a column"),
        (
            f"{REQUIRED}note = {{column = 'x', minor = 2}}\n{ROW}",
            "fields.note.minor",
            "only for fields that hold",
        ),
        (
            f"{REQUIRED}paid = {{column = 'x', values = {{J = 'yes'}}}}\n{ROW}",
            "fields.paid.values.J",
            "expected true or false; got 'yes'",
        ),
        (
            f"{REQUIRED}{ROW}[constants]\nquantity = 3000000000",
            "constants.quantity",
            "expected a whole number",
        ),
        (f"{REQUIRED}{ROW}[constants]\nquantity = 'many'", "constants.quantity", "expected a number like"),
        (f"{REQUIRED}{ROW}[constants]\nmedium = 'fax'", "constants.medium", "expected one of mail, phone"),
        (f"{REQUIRED}{ROW}[constants]\namount_minor = 1", "constants.amount_minor", "is also in [fields]"),
    ],
)
def test_each_wrong_map_is_refused_with_place_and_mend(
    tmp_path: Path, event: EventType, text: str, place: str, mend: str
) -> None:
    error = refused(tmp_path, event, text)
    assert error.place == place
    assert mend in error.mend


def test_a_map_that_is_not_there(tmp_path: Path, event: EventType) -> None:
    with pytest.raises(MapError, match="there is no such map"):
        read_map(tmp_path / "none.map.toml", event)
    with pytest.raises(MapError, match="cannot be read: Is a directory"):
        read_map(tmp_path, event)
