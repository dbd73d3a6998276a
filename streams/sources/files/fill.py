"""A row's cells -> an event of a contract.

Decides what each column fills and what the event's id is. Must never read a file, nor let a bad row pass or
stop the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from schemas.catalogue import EventType
from schemas.conform import ConformError, Problem, conform, named_types, near
from schemas.meanings import is_nullable
from streams.sources.cells.convert import converter, text_of
from streams.sources.cells.style import CellError, Convert
from streams.sources.files.table import Found
from streams.sources.map_keys import MapError
from streams.sources.maps import Column, FileMap, Steps, check_filled, field_types, id_field

TEXT = {"csv", "tsv", "fixed"}


class Row(NamedTuple):
    """One row of a file: `datum` for fastavro, or else the `problems` that speak against it.

    `number` counts rows from 1, without header and blank lines; `raw` is the row as it came (a line, or its
    cells in JSON); `progress` is the share of the file read so far, 0 to 1; `partial` is what of a bad row
    could be read.
    """

    number: int
    raw: str
    datum: dict[str, Any] | None
    problems: tuple[Problem, ...]
    progress: float
    partial: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class _Step:
    """One field to fill: its path, the column's name, and what reads the cell."""

    path: Steps
    name: str
    column: str
    convert: Convert


@dataclass(frozen=True)
class _Constant:
    """One field that is the same in every row; `within` is the optional record that must be there first."""

    path: Steps
    value: Any
    within: Steps


@dataclass(frozen=True)
class Filling:
    """How rows of one file become events. `records` are the required records that columns fill."""

    schema: Mapping[str, Any]
    id_name: str
    steps: tuple[_Step, ...]
    constants: tuple[_Constant, ...]
    records: tuple[Steps, ...]
    event_id: Callable[[int, Found], str]

    def row(self, number: int, found: Found) -> Row:
        """The event of one row, or its problems."""
        if found.cells is None:
            return Row(number, found.raw, None, (found.problem,) if found.problem else (), found.progress)
        value: dict[str, Any] = {}
        problems: list[Problem] = []
        for path in self.records:
            _put(value, path, {})
        for step in self.steps:
            try:
                item = step.convert(_look_up(found.cells, step.column))
            except CellError as error:
                problems.append(Problem(step.name + error.path, error.expected, error.got))
            else:
                if item is not None:
                    _put(value, step.path, item)
        for constant in self.constants:
            if _has(value, constant.within):
                _put(value, constant.path, constant.value)
        try:
            value[self.id_name] = self.event_id(number, found)
        except CellError as error:
            problems.append(Problem(self.id_name, error.expected, error.got))
        return self._conformed(number, found, value, problems)

    def _conformed(self, number: int, found: Found, value: dict[str, Any], problems: list[Problem]) -> Row:
        datum = None
        try:
            datum = conform(self.schema, value)
        except ConformError as error:
            known = {problem.field for problem in problems}
            problems += [problem for problem in error.problems if problem.field not in known]
        if problems:
            return Row(number, found.raw, None, tuple(problems), found.progress, value)
        return Row(number, found.raw, datum, (), found.progress)


def plan(map: FileMap, event: EventType, columns: tuple[str, ...] | None, digest: str) -> Filling:
    """The filling of a contract from a file with these columns. Raises MapError.

    `columns` is None if only the rows know; `digest` is that of the whole file, used for "position".
    """
    fields = map.fields if map.fields is not None else _same_names(map, event, columns)
    _check_columns(map, fields, columns)
    if map.fields is None and columns is not None:
        check_filled(map.file, event, {*fields, *map.constants})
    names, types = named_types(event.schema), field_types(event)
    steps = tuple(
        _Step(path, ".".join(path), column.name, converter(types[path], _style(map, column), names))
        for path, column in fields.items()
    )
    optional = {path for path, avro in types.items() if is_nullable(avro)}
    constants = tuple(
        _Constant(path, value, _first(path, optional, fields)) for path, value in map.constants.items()
    )
    records = {path[:end] for path in fields for end in range(1, len(path))}
    required = sorted(
        path for path in records if not any(path[:end] in optional for end in range(1, len(path) + 1))
    )
    return Filling(event.schema, id_field(event), steps, constants, tuple(required), _event_id(map, digest))


def _same_names(map: FileMap, event: EventType, columns: tuple[str, ...] | None) -> dict[Steps, Column]:
    names = [entry["name"] for entry in event.schema["fields"] if entry["name"] != id_field(event)]
    taken = {path[0] for path in map.constants}
    return {(name,): Column(name, map.style) for name in names
            if name not in taken and (columns is None or name in columns)}  # fmt: skip


def _check_columns(map: FileMap, fields: Mapping[Steps, Column], columns: tuple[str, ...] | None) -> None:
    if columns is None:
        return
    places = [("fields." + ".".join(path), column.name) for path, column in fields.items()]
    for place, name in [*places, *(("event_id.columns", name) for name in map.id_columns)]:
        if columns.count(name) > 1:
            raise MapError(
                map.file, place, f"the file has {columns.count(name)} columns {name!r}; rename one"
            )
        if name not in columns and (map.format in TEXT or name.split(".")[0] not in columns):
            raise MapError(map.file, place, f"the file has no column {name!r}; {near(name, columns)}")


def _style(map: FileMap, column: Column) -> Any:
    nulls = column.style.null_words | ({""} if map.format in TEXT else set())
    return replace(column.style, null_words=nulls)


def _first(path: Steps, optional: set[Steps], fields: Iterable[Steps]) -> Steps:
    """The outermost optional record around a constant that columns fill too; they decide if it is there."""
    for end in range(1, len(path)):
        above = path[:end]
        if above in optional and any(other[:end] == above for other in fields):
            return above
    return ()


def _put(value: dict[str, Any], path: Steps, item: Any) -> None:
    for step in path[:-1]:
        value = value.setdefault(step, {})
    value[path[-1]] = item


def _has(value: Mapping[str, Any], path: Steps) -> bool:
    for step in path:
        if step not in value:
            return False
        value = value[step]
    return True


def _look_up(cells: Mapping[str, Any], column: str) -> Any:
    """A cell by its column's name, or by a dotted path into nested records."""
    if column in cells or "." not in column:
        return cells.get(column)
    inner: Any = cells
    for step in column.split("."):
        inner = inner.get(step) if isinstance(inner, Mapping) else None
    return inner


def _event_id(map: FileMap, digest: str) -> Callable[[int, Found], str]:
    match map.id_from:
        case "position":
            return lambda number, _: _sha(f"{digest}:{number}")
        case "row":
            return lambda _, found: _sha(json.dumps(found.content, sort_keys=True, default=str))
        case _:
            nulls = map.style.null_words
            return lambda _, found: _joined(found.cells or {}, map.id_columns, nulls)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _joined(cells: Mapping[str, Any], columns: tuple[str, ...], nulls: frozenset[str]) -> str:
    """The cells' texts with `:` between; a `:` or `%` in one of several is written as in a URL."""
    parts = []
    for column in columns:
        cell = _look_up(cells, column)
        part = "" if cell is None else text_of(cell).strip()
        if not part or part in nulls:
            raise CellError(f"a value in {column}", cell)
        parts.append(part)
    if len(parts) == 1:
        return str(parts[0])
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)


def digest_of(file: Path) -> str:
    """The SHA-256 of a whole file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
