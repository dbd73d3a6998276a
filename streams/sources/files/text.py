"""Rows of text files: CSV, TSV, fixed width, JSON Lines.

Decides where a row and its cells begin and end. Must never know what a cell means. Blank lines are no rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from schemas.conform import Problem, describe
from streams.sources.cells.convert import read_json
from streams.sources.files.lines import LONGEST_ROW, MOST_LINES, Lines, RowTooLong, readable
from streams.sources.files.table import FileError, Found, Table
from streams.sources.maps import FileMap

TOO_LONG = f"a row of at most {LONGEST_ROW} characters and {MOST_LINES} lines"


def open_csv(file: Path, map: FileMap, stack: ExitStack) -> Table:
    """CSV or TSV. A quote that is never closed costs one line, not the rest of the file."""
    lines = _start(file, map, stack)
    reader = csv.reader(
        lines,
        delimiter=map.delimiter or ("\t" if map.format == "tsv" else ","),
        quotechar=map.quote or None,
        quoting=csv.QUOTE_MINIMAL if map.quote else csv.QUOTE_NONE,
        strict=True,
    )
    try:
        first = next((cells for cells in reader if cells), [])
    except (csv.Error, RowTooLong) as error:
        raise FileError(file, f"has no first line in {map.format.upper()}: {error or TOO_LONG}") from None
    if not first:
        raise FileError(file, "holds nothing but blank lines")
    if map.header is False:
        lines.give_back(keep=0)
        names = [f"column{index}" for index, _ in enumerate(first, 1)]
    else:
        if readable(lines.take()):
            raise FileError(file, f"has a header that is not {map.encoding} text; set `encoding` in the map")
        names = [name.strip() for name in first]
    return Table(tuple(names), _csv_rows(lines, reader, _unique(names)))


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names that differ, so that the digest of a row sees every cell; the map cannot use a repeated one."""
    return tuple(f"{name}#{index}" if name in names[:index] else name for index, name in enumerate(names))


def _csv_rows(lines: Lines, reader: Iterator[list[str]], names: tuple[str, ...]) -> Iterator[Found]:
    width = len(names)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except RowTooLong:
            lines.give_back()
            yield _broken(lines, TOO_LONG, "a longer one")
            continue
        except csv.Error as error:
            lines.give_back()
            yield _broken(lines, "a row of CSV", str(error))
            continue
        raw = lines.take()
        if not cells:
            continue
        if replaced := readable(raw):
            yield _undecodable(replaced, lines)
        elif len(cells) != width:
            yield _refused(raw, lines, f"{width} cells", str(len(cells)))
        else:
            row = dict(zip(names, cells, strict=True))
            yield Found(raw, row, row, lines.progress)


def open_fixed(file: Path, map: FileMap, stack: ExitStack) -> Table:
    """Fixed width. Every span with an end must lie within its line; the padding is no part of a cell."""
    lines = _start(file, map, stack)
    if map.header:
        next(lines, None)
        lines.take()
    return Table(tuple(map.spans), _fixed_rows(lines, map.spans))


def _fixed_rows(lines: Lines, spans: Mapping[str, tuple[int, int | None]]) -> Iterator[Found]:
    width = max(end or 0 for _, end in spans.values())
    slices = [(name, slice(*span)) for name, span in spans.items()]
    for raw in _rows_of_a_line(lines):
        if isinstance(raw, Found):
            yield raw
        elif len(raw) < width:
            yield _refused(raw, lines, f"a line of at least {width} characters", str(len(raw)))
        else:
            cells = {name: raw[span].strip() for name, span in slices}
            yield Found(raw, cells, raw.rstrip(), lines.progress)


def open_jsonl(file: Path, map: FileMap, stack: ExitStack) -> Table:
    """JSON Lines: an object a line."""
    lines = Lines(file, map.encoding, "\n", stack)
    return Table(None, _jsonl_rows(lines))


def _jsonl_rows(lines: Lines) -> Iterator[Found]:
    for raw in _rows_of_a_line(lines):
        if isinstance(raw, Found):
            yield raw
            continue
        try:
            value = read_json(raw)
        except ValueError as error:
            yield _refused(raw, lines, "an object in JSON", str(error))
            continue
        if isinstance(value, dict):
            yield Found(raw, value, value, lines.progress)
        else:
            yield _refused(raw, lines, "an object in JSON", describe(value))


def _start(file: Path, map: FileMap, stack: ExitStack) -> Lines:
    lines = Lines(file, map.encoding, "", stack)
    for _ in range(map.skip_rows):
        next(lines, None)
        lines.take()
    return lines


def _rows_of_a_line(lines: Lines) -> Iterator[str | Found]:
    """Each filled line as its text, or as the row that it cannot be."""
    while True:
        try:
            next(lines)
        except StopIteration:
            return
        except RowTooLong:
            yield _broken(lines, TOO_LONG, "a longer one")
            continue
        raw = lines.take()
        if replaced := readable(raw):
            yield _undecodable(replaced, lines)
        elif raw.strip():
            yield raw


def _broken(lines: Lines, expected: str, got: str) -> Found:
    raw = lines.take()
    return _refused(readable(raw) or raw, lines, expected, got)


def _undecodable(replaced: str, lines: Lines) -> Found:
    return _refused(replaced, lines, "text in the map's encoding", "bytes that it does not have")


def _refused(raw: str, lines: Lines, expected: str, got: str) -> Found:
    return Found(raw, None, raw, lines.progress, Problem("", expected, got))
