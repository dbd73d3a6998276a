"""The keys of a map, one by one: how a file is written and how its cells are.

Decides which values each key may have. Must never know a contract.
"""

from __future__ import annotations

import codecs
import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.catalogue import ContractError
from schemas.conform import near
from streams.sources.cells.style import Style
from streams.sources.cells.times import UNIX

FORMATS = ("csv", "tsv", "fixed", "jsonl", "parquet", "avro")
APPLIES = {
    "delimiter": {"csv", "tsv"},
    "quote": {"csv", "tsv"},
    "header": {"csv", "tsv", "fixed"},
    "skip_rows": {"csv", "tsv", "fixed"},
    "spans": {"fixed"},
    "encoding": {"csv", "tsv", "fixed", "jsonl"},
}
STYLE = ("decimal", "thousands", "date_format", "time_zone", "null_words")
KEYS = ("format", *APPLIES, *STYLE, "constants", "fields", "event_id")
TOML_TYPES = {str: "a text", bool: "true or false", int: "a whole number", dict: "a table", list: "a list"}
EXAMPLE = datetime.fromisoformat("2026-05-01T12:30:59+00:00")


class MapError(ContractError):
    """A map that cannot be used; the text names file, place and mend."""


@dataclass(frozen=True)
class MapTable:
    """A table of the map and its place, for errors."""

    file: Path
    place: str
    data: Mapping[str, Any]

    def refuse(self, key: str, mend: str) -> MapError:
        """An error at one key; `mend` says what to do."""
        return MapError(self.file, f"{self.place}.{key}".strip("."), mend)

    def allow(self, known: tuple[str, ...]) -> None:
        """Raises MapError for a key that is not known."""
        for key in self.data:
            if key not in known:
                raise self.refuse(key, f"unknown key; {near(key, known)}")

    def get(self, key: str, kind: type, default: Any) -> Any:
        """The value of a key, of one TOML type. Raises MapError."""
        value = self.data.get(key, default)
        if value is not default and type(value) is not kind:
            raise self.refuse(key, f"must be {TOML_TYPES[kind]}")
        return value

    def inner(self, key: str) -> MapTable:
        """A table in this one; empty if it is not there."""
        return MapTable(self.file, f"{self.place}.{key}".strip("."), self.get(key, dict, {}))

    def texts(self, key: str) -> list[str]:
        """A list of texts; empty if it is not there."""
        value = self.get(key, list, [])
        if not all(type(item) is str for item in value):
            raise self.refuse(key, "must be a list of texts")
        return list(value)

    def whole(self, key: str) -> int:
        """A whole number from 0 to 1000; 0 if it is not there."""
        value: int = self.get(key, int, 0)
        if not 0 <= value <= 1_000:
            raise self.refuse(key, "must be from 0 to 1000")
        return value

    def character(self, key: str, default: str) -> str:
        """One character; none only where `default` has none, and for `quote`."""
        value: str = self.get(key, str, default)
        if len(value) > 1 or value in ("\n", "\r") or (not value and default and key != "quote"):
            raise self.refuse(key, "must be one character")
        return value


def load(file: Path) -> dict[str, Any]:
    """The tables of a map. Raises MapError."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise MapError(file, "", "there is no such map; write one or name another by --map") from None
    except OSError as error:
        raise MapError(file, "", f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise MapError(file, "", f"is not TOML: {error}") from None


def file_format(table: MapTable) -> str:
    """The format that the map says, or empty; keys that mean nothing for it are refused."""
    kind: str = table.get("format", str, "fixed" if "spans" in table.data else "")
    if kind and kind not in FORMATS:
        raise table.refuse("format", f"must be one of {', '.join(FORMATS)}")
    for key in table.data:
        if kind and kind not in APPLIES.get(key, {kind}):
            raise table.refuse(key, f"means nothing for {kind}; take it out")
    if kind == "fixed" and not table.data.get("spans"):
        raise table.refuse("spans", "fixed width needs [spans]: column = [start, end]")
    if kind == "fixed" and "header" not in table.data:
        raise table.refuse("header", "say true if the first line names the columns, else false")
    return kind


def encoding(table: MapTable) -> str:
    """The codec's name; UTF-8 takes a byte order mark with it."""
    name: str = table.get("encoding", str, "utf-8")
    try:
        io.TextIOWrapper(io.BytesIO(), name)  # refuses codecs that make no text, such as hex
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        raise table.refuse("encoding", f"{name!r} is not an encoding; usual are utf-8 and cp1252") from None
    return "utf-8-sig" if known == "utf-8" else known


def style(table: MapTable, base: Style) -> Style:
    """How cells are written: `base`, changed by the keys that are there."""
    decimal = table.character("decimal", base.decimal)
    thousands = table.get("thousands", str, base.thousands) and table.character("thousands", base.thousands)
    for key, sign in (("decimal", decimal), ("thousands", thousands)):
        if sign and (sign.isalnum() or sign in "+-"):
            raise table.refuse(key, "cannot be a letter, a digit, + or -")
    if decimal == thousands:
        raise table.refuse("thousands", f"cannot be the decimal sign {decimal!r} too")
    read = replace(base, decimal=decimal, thousands=thousands)
    if "date_format" in table.data:
        read = replace(read, date_formats=_date_formats(table))
    if "time_zone" in table.data:
        read = replace(read, time_zone=_time_zone(table))
    if "null_words" in table.data:
        read = replace(read, null_words=frozenset(word.strip() for word in table.texts("null_words")))
    return read


def _date_formats(table: MapTable) -> tuple[str, ...]:
    one = isinstance(table.data["date_format"], str)
    formats = [table.data["date_format"]] if one else table.texts("date_format")
    for name in formats:
        try:
            if name not in UNIX:
                datetime.strptime(EXAMPLE.strftime(name), name)  # noqa: DTZ007
        except ValueError:
            raise table.refuse("date_format", f'{name!r} is not a format; "%d.%m.%Y" is one') from None
    return tuple(formats)


def _time_zone(table: MapTable) -> ZoneInfo:
    name: str = table.get("time_zone", str, "")
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        raise table.refuse("time_zone", f'{name!r} is not a time zone; "Europe/Berlin" is one') from None


def spans(table: MapTable) -> dict[str, tuple[int, int | None]]:
    """The spans of a fixed-width file."""
    found: dict[str, tuple[int, int | None]] = {}
    for column in table.data:
        ends = table.get(column, list, [])
        whole = all(type(end) is int and end >= 0 for end in ends)
        if not whole or len(ends) not in (1, 2) or (len(ends) == 2 and ends[0] >= ends[1]):
            raise table.refuse(column, "must be [start, end], counted from zero, or [start] for the rest")
        found[column] = (ends[0], ends[1] if len(ends) == 2 else None)
    return found
