"""The first rows of a file of unknown making.

Decides its format, encoding, delimiter and header by looking at its first bytes. Must never read all
of it.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from schemas.conform import Problem
from streams.sources.files import SUFFIXES, open_table, size
from streams.sources.files.table import FileError, Table
from streams.sources.maps import FileMap

MOST_ROWS = 1_000
MOST_CELLS = 200_000
MOST_COLUMNS = 900
HEAD = 1_048_576
LINES = 100
DELIMITERS = ";\t|,"
UMLAUTS = {"cp1252": b"\xe4\xf6\xfc\xc4\xd6\xdc\xdf", "cp850": b"\x84\x94\x81\x8e\x99\x9a\xe1"}
FOREIGN = {
    b"PK\x03\x04": "is a ZIP archive or an Excel file; save its table as CSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel file; save its table as CSV",
    b"\x1f\x8b": "is compressed by gzip; unpack it first",
    b"%PDF": "is a PDF; export the table as CSV",
    b"SQLite format 3": "is a SQLite file; export a table as CSV",
}
NUMBERLIKE = re.compile(r"[-+]?[0-9][-0-9.,:/ ]*|[^@\s]+@[^@\s]+\.[^@\s]+")
TEXTS = {"csv", "tsv"}


@dataclass(frozen=True)
class Sample:
    """The first rows. `keys` are those of a map that tell how to read the file; `bad` what others lack."""

    file: Path
    format: str
    keys: Mapping[str, Any]
    names: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    bad: tuple[Problem, ...]

    @property
    def is_text(self) -> bool:
        """Whether every cell is text."""
        return self.format in TEXTS


def take_sample(file: Path) -> Sample:
    """The sample of a file. Raises FileError if nothing can be read in it."""
    size(file)
    try:
        with file.open("rb") as stream:
            head = stream.read(HEAD)
        form = _format(file, head)
        keys: dict[str, Any] = (
            {"format": form} if SUFFIXES.get(file.suffix.lower().removeprefix(".")) != form else {}
        )
        if form in ("csv", "tsv", "jsonl"):
            keys |= _text_keys(file, form, head)
        with ExitStack() as stack:
            table = open_table(file, replace(FileMap(file, "row"), **{**keys, "format": form}), stack)
            return _taken(file, form, keys, table)
    except OSError as error:
        raise FileError(file, f"cannot be read: {error.strerror or error}") from None


def _taken(file: Path, form: str, keys: Mapping[str, Any], table: Table) -> Sample:
    names = table.columns or ()
    if len(names) > MOST_COLUMNS:
        reason = (
            f"has {len(names):,} columns; a contract can be guessed for {MOST_COLUMNS} at most, export fewer"
        )
        raise FileError(file, reason)
    most = min(MOST_ROWS, max(20, MOST_CELLS // max(len(names), 1)))
    found = list(islice(table.rows, most))
    rows = tuple(one.cells for one in found if one.cells is not None)
    bad = tuple(one.problem for one in found if one.problem)
    if not found:
        raise FileError(file, "has a header but no rows; take a file with some")
    if not rows:
        raise FileError(file, f"has no row that can be read: {bad[0]}")
    return Sample(file, form, keys, names, rows, bad)


def _format(file: Path, head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"Obj\x01"):
        return "avro"
    for mark, reason in FOREIGN.items():
        if head.startswith(mark):
            raise FileError(file, reason)
    form = SUFFIXES.get(file.suffix.lower().removeprefix("."), "")
    if form in ("parquet", "avro"):
        raise FileError(file, f"is no {form.capitalize()} file, whatever its name says")
    text = head.decode(_encoding(file, head), "replace").lstrip("\ufeff \r\n\t")
    if text.startswith("{"):
        return "jsonl"
    if text.startswith("["):
        raise FileError(file, "is one JSON array; write its objects a line each (JSON Lines)")
    return form if form in TEXTS else "csv"


def _encoding(file: Path, head: bytes) -> str:
    """UTF-8 where the bytes are, else what the umlauts say."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in head:
        raise FileError(file, "is not text but binary; known are CSV, TSV, JSON Lines, Parquet and Avro")
    try:
        head[: head.rfind(b"\n") + 1 or None].decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        found = Counter({name: sum(map(head.count, signs)) for name, signs in _single(UMLAUTS).items()})
        return max(UMLAUTS, key=lambda name: found[name])


def _single(signs: Mapping[str, bytes]) -> dict[str, list[bytes]]:
    return {name: [bytes([byte]) for byte in values] for name, values in signs.items()}


def _text_keys(file: Path, form: str, head: bytes) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    encoding = _encoding(file, head)
    if encoding != "utf-8":
        keys["encoding"] = encoding
    if form == "jsonl":
        return keys
    text = io.StringIO(head.decode(encoding, "replace").lstrip("\ufeff"), newline=None).read()
    lines = text.split("\n")[:LINES]
    if not any(lines):
        return keys
    if len(head) == HEAD and len(lines) < LINES:
        lines.pop()
    usual = "\t" if form == "tsv" else ","
    delimiter = _delimiter(lines, usual)
    if delimiter != usual:
        keys["delimiter"] = delimiter
    cells = _cells(lines, delimiter)
    skipped = _first(cells)
    if skipped:
        keys["skip_rows"] = skipped
    if any(map(_is_value, cells[skipped])):
        keys["header"] = False
    return keys


def _delimiter(lines: Sequence[str], usual: str) -> str:
    """The sign that parts the most lines into equally many cells; where none does, one that is in no line."""
    scores: dict[tuple[float, int], str] = {}
    for sign in DELIMITERS:
        cells = _cells(lines, sign)
        first = _first(cells)
        width = len(cells[first]) if cells else 0
        if width > 1 and not (first and any(map(_is_value, cells[first]))):
            often = sum(len(row) == width for row in cells)
            scores.setdefault((often / sum(map(bool, cells)), width), sign)
    if scores:
        return scores[max(scores)]
    return next((sign for sign in (usual, *DELIMITERS) if not any(sign in line for line in lines)), usual)


def _first(cells: Sequence[Sequence[str]]) -> int:
    """The first line of the most frequent width, blank lines aside: above it stand titles."""
    widths = [len(row) for row in cells]
    counted = Counter(width for width in widths if width)
    return widths.index(max(counted, key=lambda width: (counted[width], width))) if counted else 0


def _is_value(cell: str) -> bool:
    """Whether a cell is no name of a column."""
    return bool(NUMBERLIKE.fullmatch(cell.strip()))


def _cells(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    except csv.Error:
        return [line.split(delimiter) for line in lines]
