"""A cell of a file -> a value that a field of a contract may hold.

Decides what a cell says, by the type of its field. Must never guess or round: what is ambiguous is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from schemas.meanings import without_null
from streams.sources.cells.numbers import number, whole
from streams.sources.cells.style import CellError, Convert, Style
from streams.sources.cells.times import day, instant

BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def resolve(avro: Any, names: Mapping[str, Any]) -> Any:
    """The one type beside null, a name replaced by what it names."""
    bare = without_null(avro)
    return names.get(bare, bare) if isinstance(bare, str) else bare


def converter(avro: Any, style: Style, names: Mapping[str, Any]) -> Convert:
    """A function from a cell to a JSON value for `schemas.conform`; None says nothing. It raises CellError.

    A cell is a text or, from typed files, a number, time, list or record. In a text cell, a list or record
    is JSON.
    """
    plain = _plain(resolve(avro, names), style, names)
    words, nulls = style.values, style.null_words

    def convert(cell: Any) -> Any:
        if cell is None:
            return None
        if isinstance(cell, str):
            word = cell.strip()
            if word in words:
                return words[word]
            if word in nulls:
                return None
        elif words and isinstance(cell, int) and str(cell) in words:
            return words[str(cell)]
        return plain(cell)

    return convert


def _plain(bare: Any, style: Style, names: Mapping[str, Any]) -> Convert:
    if isinstance(bare, list):
        return _as_it_is
    avro = bare["type"] if isinstance(bare, dict) else bare
    match bare.get("logicalType") if isinstance(bare, dict) else None:
        case "timestamp-micros" | "timestamp-millis":
            return instant(style)
        case "date":
            return day(style)
        case "decimal":
            return number(style, str)
        case None | "uuid":
            pass
        case _:
            return _as_it_is
    match avro:
        case "string" | "enum":
            return text_of
        case "int" | "long":
            return whole(style)
        case "float" | "double":
            return number(style, float)
        case "boolean":
            return _boolean
        case "record" | "array" | "map":
            return _nested(bare, style, names)
        case _:
            return _as_it_is


def text_of(cell: Any) -> str:
    """A cell as text, exactly. Codes kept as floats (1001.0) are refused: their text is not known."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case int() | Decimal() | UUID():
            return str(cell)
        case date() | time():
            return cell.isoformat()
        case bytes():
            try:
                return cell.decode()
            except UnicodeDecodeError:
                raise CellError("a text in UTF-8", cell.hex()) from None
        case _:
            raise CellError("a text", cell)


def _boolean(cell: Any) -> bool:
    known = BOOLEANS.get(str(cell).strip().lower()) if isinstance(cell, str | int) else None
    if known is None:
        raise CellError("true or false (`values` in the map translates other words)", cell)
    return known


def _nested(bare: Mapping[str, Any], style: Style, names: Mapping[str, Any]) -> Convert:
    types = {entry["name"]: entry["type"] for entry in bare.get("fields", ())}
    inner = bare.get("items", bare.get("values"))
    members: dict[str, Convert] = {}

    def member(name: str) -> Convert:
        # made on first use, since a record may hold records of its own kind
        if name not in members:
            avro = types.get(name, inner)
            members[name] = _as_it_is if avro is None else converter(avro, style, names)
        return members[name]

    def convert(cell: Any) -> Any:
        if isinstance(cell, str):
            cell = _json_cell(cell)
        if bare["type"] == "array" and isinstance(cell, list):
            return [_inside(f"[{index}]", member(""), item) for index, item in enumerate(cell)]
        if bare["type"] == "map" and isinstance(cell, list):  # the way Arrow gives maps
            cell = dict(cell)
        if bare["type"] != "array" and isinstance(cell, dict):
            given = {key: _inside(f".{key}", member(key), item) for key, item in cell.items()}
            return {key: item for key, item in given.items() if item is not None or key not in types}
        raise CellError("an array" if bare["type"] == "array" else "an object", cell)

    return convert


def _inside(step: str, convert: Convert, cell: Any) -> Any:
    try:
        return convert(cell)
    except CellError as error:
        error.path = step + error.path
        raise


def _json_cell(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError as error:
        raise CellError(f"JSON ({error})", text) from None


def read_json(text: str) -> Any:
    """A JSON value, decimals exact as Decimal. Raises ValueError for NaN, repeated keys, endless nesting."""
    try:
        return _JSON.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise ValueError(f"the key {twice!r} comes twice")
    return members


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_once, parse_float=Decimal, parse_constant=_no_constant)


def _as_it_is(cell: Any) -> Any:
    return cell
