"""Files -> events: `rows(file, map, event)` is all that a caller needs.

Decides which reader a file gets. Must never stop at a bad row: only a bad file or map stops the reading.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro

from schemas.catalogue import EventType
from streams.sources.files.fill import Row, digest_of, plan
from streams.sources.files.table import FileError, Table
from streams.sources.files.text import open_csv, open_fixed, open_jsonl
from streams.sources.files.typed import open_avro, open_parquet
from streams.sources.map_keys import FORMATS
from streams.sources.maps import FileMap

__all__ = ["FileError", "Row", "encode", "rows", "size"]

SUFFIXES = {"tab": "tsv", "ndjson": "jsonl", "pq": "parquet"} | {name: name for name in FORMATS}


def rows(file: Path, map: FileMap, event: EventType) -> Iterator[Row]:
    """Every row of a file as an event of the contract, or as what speaks against it, in the file's order.

    Nothing is held but the row being read (Parquet: 4,096 rows). Raises FileError, and MapError if the map
    names columns that the file does not have; both before the first row, save for damage further on.
    """
    map = replace(map, format=map.format or _format_of(file))
    try:
        size(file)
        digest = digest_of(file) if map.id_from == "position" else ""
        with ExitStack() as stack:
            table = open_table(file, map, stack)
            filling = plan(map, event, table.columns, digest)
            for number, found in enumerate(table.rows, 1):
                yield filling.row(number, found)
    except OSError as error:
        raise FileError(file, f"cannot be read: {error.strerror or error}") from None


def size(file: Path) -> int:
    """A file's size in bytes. Raises FileError if it is none, empty or not to be read."""
    try:
        if not file.exists():
            raise FileError(file, "does not exist")
        if not file.is_file():
            raise FileError(
                file, "is not a file" if not file.is_dir() else "is a folder; name the files in it"
            )
        if not file.stat().st_size:
            raise FileError(file, "is empty")
        return file.stat().st_size
    except OSError as error:
        raise FileError(file, f"cannot be read: {error.strerror}") from None


def encode(event: EventType, datum: Any) -> bytes:
    """The Avro body of a datum of the contract."""
    body = io.BytesIO()
    fastavro.schemaless_writer(body, event.parsed, datum)
    return body.getvalue()


def open_table(file: Path, map: FileMap, stack: ExitStack) -> Table:
    """A file's rows in the format that the map names; the stack closes it. Raises FileError."""
    match map.format:
        case "parquet":
            return open_parquet(file, stack)
        case "avro":
            return open_avro(file, stack)
        case "jsonl":
            return open_jsonl(file, map, stack)
        case "fixed":
            return open_fixed(file, map, stack)
        case _:
            return open_csv(file, map, stack)


def _format_of(file: Path) -> str:
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        raise FileError(file, f"has no suffix that tells its format; set `format` in the map to one of "
                        f"{', '.join(FORMATS)}")  # fmt: skip
    return SUFFIXES[suffix]
