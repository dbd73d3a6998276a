"""Files in a folder: who is to be reached and who no longer, in plain columns or those of an ad tool.

Decides names, columns and bytes. Must never write outside the folder, let a half file be seen, or give the
same sending two names.

A spreadsheet takes a cell that begins with = + - @ for a formula, so in plain CSV a text that does, and is no
number (as telephone numbers are), gets a ' before it; a contact that does is refused, since with the ' it
would be another address. The columns of ad tools are read by programs, for which a ' would be a wrong value:
there nothing is put before (hashes need nothing, and names for Meta have no such signs).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from sinks.destinations.columns import TOOLS, formed
from sinks.destinations.kinds import Folder
from sinks.destinations.protocol import REMOVE, Answer, Refusal, Row, Sending, Unavailable
from sinks.destinations.template import written

OURS = 0o600
LONGEST_NAME = 120
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?", re.ASCII)
Columns = Mapping[str, list[Any]]


class FileSender:
    """Writes the files of one destination: `<name>.<id>.add.csv` and `<name>.<id>.remove.csv`, or .parquet.

    What is updated is added again. A file that was taken away is written again if its sending is sent again.
    """

    def __init__(self, how: Folder, targets: Sequence[str], root: Path) -> None:
        """`targets` are the columns beside the contact, `root` is the project's folder."""
        self._how, self._targets, self._folder = how, targets, root / how.folder

    def send(self, sending: Sending) -> Answer:
        """Raises Unavailable where the folder cannot be written."""
        here, gone, refused = list[Row](), list[Row](), list[Refusal]()
        for index, row in enumerate(sending.rows):
            if fault := self._fault(sending.contact_kind, row.contact):
                refused.append(Refusal(index, None, fault))
            else:
                (gone if row.action == REMOVE else here).append(row)
        try:
            for word, rows, targets in (("remove", gone, ()), ("add", here, self._targets)):
                if rows:
                    columns = self._columns(sending.contact_kind, rows, targets)
                    self._write(_name(sending, word, self._how.format), columns)
        except OSError as error:
            raise Unavailable(f"{self._folder} cannot be written: {error.strerror}") from None
        return Answer(tuple(refused))

    def close(self) -> None:
        """Nothing is open."""

    def _fault(self, kind: str, contact: str) -> str:
        """Why a contact cannot stand in this file; empty if it can."""
        if tool := TOOLS.get(self._how.columns):
            name = tool.contacts[kind]
            return "" if tool.columns[name].form(contact) else f"is nothing that can stand in a column {name}"
        if self._how.format == "csv" and _cell(contact) != contact:
            return "begins like a formula, which a spreadsheet would carry out"
        return ""

    def _columns(self, kind: str, rows: Sequence[Row], targets: Sequence[str]) -> Columns:
        tool = TOOLS.get(self._how.columns)
        contact = tool.contacts[kind] if tool else kind
        columns: dict[str, list[Any]] = {contact: [row.contact for row in rows]}
        columns |= {target: [row.fields.get(target) for row in rows] for target in targets}
        if not tool:
            return columns
        return {
            name: [
                formed(tool.columns[name], written(value), is_hashed=self._how.is_hashed) for value in values
            ]
            for name, values in columns.items()
        }

    def _write(self, name: str, columns: Columns) -> None:
        if self._how.format == "parquet":
            content = write_parquet(columns)
        else:
            content = write_csv(columns, is_guarded=self._how.columns == "plain")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place(self._folder / name, content)


def write_csv(columns: Columns, *, is_guarded: bool) -> bytes:
    """As RFC 4180 has it; with `is_guarded` no text can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_cell(value) if is_guarded else written(value) for value in row])
    return out.getvalue().encode("utf-8", "replace")


def write_parquet(columns: Columns) -> bytes:
    """Each column has the type of its values; values of several types become texts."""
    out = io.BytesIO()
    pq.write_table(pa.table({name: _array(values) for name, values in columns.items()}), out)
    return out.getvalue()


def place(file: Path, content: bytes) -> None:
    """A whole file or none, for the user alone. Raises OSError."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)  # of a process that was killed
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OURS)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # so that the name, too, outlives a loss of power
    finally:
        os.close(folder)


def _name(sending: Sending, word: str, ending: str) -> str:
    """The id is part of the name; what no name may hold is escaped."""
    safe = quote(sending.id, safe="", errors="replace")
    if len(safe) > LONGEST_NAME:
        safe = hashlib.sha256(sending.id.encode("utf-8", "replace")).hexdigest()
    return f"{quote(sending.destination, safe='')}.{safe}.{word}.{ending}"


def _cell(value: Any) -> str:
    text = written(value)
    is_risky = isinstance(value, str) and text.startswith(FORMULA) and not NUMBER.fullmatch(text)
    return f"'{text}" if is_risky else text


def _array(values: Sequence[Any]) -> pa.Array:
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError):
        array = pa.array([None if value is None else written(value) for value in values])
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array
