"""How the columns of a file fill a contract: `<event>.map.toml`.

Decides what a map says and refuses what is wrong with file, place and mend, before any row is read. Must
never open the data.

Keys: `format` (csv, tsv, fixed, jsonl, parquet, avro; by default from the file's suffix), `encoding` (UTF-8),
`delimiter`, `quote` ("" for none), `header` (true; without one columns are column1, column2 ...; fixed width
has no default), `skip_rows` (lines before the header), `decimal`, `thousands`, `date_format` (strptime, or
unix, unix_ms, unix_us, or a list; ISO 8601), `time_zone` (of times without one), `null_words` (a text file's
empty cells always say nothing). `[spans] column = [start, end]` are characters from zero, `end` excluded;
`[start]` is the rest of the line. `[constants] field = value`. `[fields] field = "column"`, or
`{column = "amount", minor = 2, values = {"J" = true}, ...}` with the keys above that describe a cell; without
`[fields]` columns that are named like fields fill them. `[event_id] from = "columns"` with `columns = [...]`,
`"row"` (a digest of the row) or `"position"` (of the whole file and the row's number).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from schemas.catalogue import EventType
from schemas.conform import ConformError, conform, named_types, near
from schemas.meanings import is_nullable
from streams.sources.cells.convert import converter, resolve
from streams.sources.cells.style import CellError, Style
from streams.sources.map_keys import KEYS, STYLE, MapError, MapTable, encoding, file_format, load, spans
from streams.sources.map_keys import style as read_style

WAYS = ("columns", "row", "position")
COLUMN_KEYS = ("column", "minor", "values", *STYLE)

Steps = tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """Where a field's value comes from: the column's name and how its cells are written."""

    name: str
    style: Style


@dataclass(frozen=True)
class FileMap:
    """A map, checked against its contract. Keys of `constants` and `fields` are paths of fields.

    `fields` is None if columns fill the fields of their names. `id_columns` is empty unless `id_from` is
    "columns". `header` is None if the map does not say. A span without an end has None.
    """

    file: Path
    id_from: str
    id_columns: tuple[str, ...] = ()
    fields: Mapping[Steps, Column] | None = None
    constants: Mapping[Steps, Any] = field(default_factory=dict)
    style: Style = field(default_factory=Style)
    format: str = ""
    encoding: str = "utf-8-sig"
    delimiter: str = ""
    quote: str = '"'
    header: bool | None = None
    skip_rows: int = 0
    spans: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)


def read_map(file: Path, event: EventType) -> FileMap:
    """The map in `file` for one contract. Raises MapError."""
    data = load(file)
    table = MapTable(file, "", data)
    table.allow(KEYS)
    kind = file_format(table)
    style = read_style(table, Style())
    fields = _fields(table.inner("fields"), style, event) if "fields" in data else None
    constants = _constants(table.inner("constants"), event)
    id_from, id_columns = _event_id(table)
    for path in constants.keys() & (fields or {}).keys():
        raise MapError(file, "constants." + ".".join(path), "is also in [fields]; keep one of the two")
    if fields is not None:
        check_filled(file, event, {*fields, *constants})
    return FileMap(
        file=file,
        id_from=id_from,
        id_columns=id_columns,
        fields=fields,
        constants=constants,
        style=style,
        format=kind,
        encoding=encoding(table),
        delimiter=table.character("delimiter", "") or "",
        quote=table.character("quote", '"'),
        header=table.get("header", bool, None),
        skip_rows=table.whole("skip_rows"),
        spans=spans(table.inner("spans")),
    )


def id_field(event: EventType) -> str:
    """The name of the field that holds the event id."""
    return next((mark.path[0] for mark in event.marked("event_id")), "event_id")


def check_filled(file: Path, event: EventType, filled: set[Steps]) -> None:
    """Raises MapError for the first required field that nothing fills."""
    names = named_types(event.schema)
    for path in _unfilled(event.schema, (), {*filled, (id_field(event),)}, names):
        mend = "the contract requires it; fill it by [fields] or [constants]"
        raise MapError(file, "fields." + ".".join(path), mend)


def _unfilled(
    record: Mapping[str, Any], prefix: Steps, filled: set[Steps], names: Mapping[str, Any]
) -> Iterator[Steps]:
    for entry in record["fields"]:
        path = (*prefix, entry["name"])
        bare = resolve(entry["type"], names)
        if path in filled:
            continue
        if any(other[: len(path)] == path for other in filled):
            yield from _unfilled(bare, path, filled, names)
        elif "default" not in entry and not is_nullable(entry["type"]):
            yield path


def field_types(event: EventType) -> dict[Steps, Any]:
    """The Avro type of each field that a column can fill, nested ones too; not inside lists and maps."""
    names = named_types(event.schema)
    found: dict[Steps, Any] = {}

    def visit(record: Mapping[str, Any], prefix: Steps, above: tuple[int, ...]) -> None:
        for entry in record["fields"]:
            path, bare = (*prefix, entry["name"]), resolve(entry["type"], names)
            found[path] = entry["type"]
            if isinstance(bare, dict) and bare["type"] == "record" and id(bare) not in above:
                visit(bare, path, (*above, id(bare)))

    visit(event.schema, (), ())
    return found


def _event_id(table: MapTable) -> tuple[str, tuple[str, ...]]:
    inner = table.inner("event_id")
    inner.allow(("from", "columns"))
    way: str = inner.get("from", str, "")
    if way not in WAYS:
        choice = '"columns" with columns = [...], "row" (its content) or "position" (file and row number)'
        raise inner.refuse("from", f"say where the event id comes from: {choice}")
    columns = inner.texts("columns")
    if way == "columns" and not columns:
        raise inner.refuse("columns", "name the columns that make the event id")
    if way != "columns" and columns:
        raise inner.refuse("columns", f'means nothing for from = "{way}"; take it out')
    return way, tuple(columns)


def _fields(table: MapTable, style: Style, event: EventType) -> dict[Steps, Column]:
    found: dict[Steps, Column] = {}
    for path, value in _leaves(table, event):
        place = MapTable(
            table.file, f"{table.place}.{'.'.join(path)}", value if isinstance(value, dict) else {}
        )
        if isinstance(value, str):
            found[path] = Column(value, style)
            continue
        place.allow(COLUMN_KEYS)
        name = place.get("column", str, "")
        if not name:
            raise place.refuse("", 'must be the name of a column or a table with column = "..."')
        own = replace(
            read_style(place, style), minor=place.whole("minor"), values=_values(place, path, event)
        )
        if own.minor and resolve(field_types(event)[path], {}) not in ("int", "long"):
            raise place.refuse("minor", "is only for fields that hold whole numbers")
        found[path] = Column(name, own)
    return found


def _leaves(table: MapTable, event: EventType) -> Iterator[tuple[Steps, Any]]:
    """Paths and values; `"address.city"` and the TOML tables that `address.city` makes are the same."""
    types = field_types(event)
    todo = [(tuple(key.split(".")), value) for key, value in table.data.items()]
    while todo:
        path, value = todo.pop(0)
        nested = any(other[:-1] == path for other in types)
        if nested and isinstance(value, dict) and not isinstance(value.get("column"), str):
            todo = [((*path, *key.split(".")), inner) for key, inner in value.items()] + todo
            continue
        name = ".".join(path)
        if path not in types:
            known = [".".join(other) for other in types]
            raise table.refuse(name, f"{event.name} has no such field; {near(name, known)}")
        if path == (id_field(event),):
            raise table.refuse(name, "the event id comes from [event_id]; take it out")
        yield path, value


def _values(place: MapTable, path: Steps, event: EventType) -> dict[str, Any]:
    values = place.inner("values")
    for word, value in values.data.items():
        if value is not None and (fault := _fault(event, path, value)):
            raise values.refuse(word, fault)
    return {word.strip(): value for word, value in values.data.items()}


def _constants(table: MapTable, event: EventType) -> dict[Steps, Any]:
    names, types = named_types(event.schema), field_types(event)
    found: dict[Steps, Any] = {}
    for path, value in _leaves(table, event):
        try:
            found[path] = converter(types[path], Style(), names)(value)
        except CellError as error:
            raise table.refuse(".".join(path), str(error)) from None
        if fault := _fault(event, path, found[path]):
            raise table.refuse(".".join(path), fault)
    return found


def _fault(event: EventType, path: Steps, value: Any) -> str:
    """What the contract says against a value of one field, in a phrase; empty if nothing."""
    for step in reversed(path):
        value = {step: value}
    name = ".".join(path)
    try:
        conform(event.schema, value)
    except ConformError as error:
        for problem in error.problems:
            if problem.field == name or problem.field.startswith((f"{name}.", f"{name}[")):
                return f"expected {problem.expected}; got {problem.got}"
    return ""
