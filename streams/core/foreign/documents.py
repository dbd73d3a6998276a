"""Debezium envelopes written as JSON, with or without the schema that Kafka Connect puts beside them.

Decides what a document says of a row, value by value, as `schemas.conform` takes it. Must never guess what a
number counts: what has no schema and no unit is a doubt, which rejects the record if its field is wanted.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from schemas.foreign import OF_ROW, Foreign, filled_names
from schemas.harm import CONNECT_DECIMAL, MAX_FIELDS, nested_beyond
from schemas.meanings import without_null
from streams.core.explain import Malformed
from streams.core.foreign.images import UNAVAILABLE
from streams.core.listing import dumps
from streams.core.units import NAMED, NO_UNIT, VARIABLE_DECIMAL, ZONED, decimal_text, is_temporal, text_of

WANTED = "a Debezium envelope with after, source and op, written as JSON"
DEEPEST = 32
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
NO_NAME = re.compile(r"\W|^(?=\d)", re.ASCII)
NO_POINT = "a number, or text with a decimal point, for other text may be bytes where no schema comes along"
WHOLE = ("int", "long")
ZERO = "AA=="  # the bytes of a decimal


class Number(float):
    """A fraction with the text that it was written as."""

    text = ""

    @classmethod
    def read(cls, text: str) -> Number:
        """A number of JSON. Raises ValueError for one that no double holds."""
        number = cls(text)
        if number in (float("inf"), float("-inf")):
            raise ValueError(f"{text[:20]} is too large a number")
        number.text = text
        return number


class Doubt(NamedTuple):
    """A value whose meaning is open: the field, what would settle it, and the value."""

    field: str
    expected: str
    got: Any


class Document(NamedTuple):
    """An envelope: the row's columns as JSON text, the source, the rest of the envelope, and what is open."""

    row: dict[str, str]
    source: Mapping[str, Any]
    envelope: Mapping[str, Any]
    doubts: Sequence[Doubt]


def read_document(value: bytes, declared: Foreign, wanted: Mapping[str, Any]) -> Document | None:
    """What a value says; None for JSON's null. `wanted` has the types of the contract's fields by the columns
    that fill them, without null. Raises Malformed.
    """
    payload, schema = _payload(_parsed(value))
    if payload is None:
        return None
    if not isinstance(payload, dict):
        raise Malformed(f"wants {WANTED}")
    source, op = payload.get("source"), payload.get("op")
    images = [payload.get("before"), payload.get("after")]
    if (
        not isinstance(source, dict)
        or not (isinstance(op, str) and op.isprintable())
        or not all(image is None or isinstance(image, dict) for image in images)
        or not {"before", "after"} & payload.keys()
    ):
        raise Malformed(f"wants {WANTED}; it has {', '.join(payload)[:200]}")
    before, after = images
    reader = _Reader(declared, wanted, _columns(schema))
    row = reader.row((before if op == "d" else after) or {}, before if op == "u" else None, op == "d")
    return Document(row, source, payload, reader.doubts)


def _parsed(value: bytes) -> Any:
    try:
        document = json.loads(value.decode(), parse_float=Number.read, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"wants {WANTED}; it is no JSON: {error}"[:200]) from None
    if nested_beyond(document, DEEPEST):
        raise Malformed(f"is more than {DEEPEST} levels deep")
    return document


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not a number of JSON")


def _payload(document: Any) -> tuple[Any, Any]:
    if isinstance(document, dict) and document.keys() == {"schema", "payload"}:
        return document["payload"], document["schema"]
    return document, None


def _columns(schema: Any) -> dict[str, Any]:
    """Kafka Connect's schemas of the row's columns, by name; none where there is none to read."""
    for part in _fields(schema):
        if part.get("field") in ("after", "before") and (found := _fields(part)):
            return {str(one.get("field")): one for one in found}
    return {}


def _fields(schema: Any) -> list[Mapping[str, Any]]:
    fields = schema.get("fields") if isinstance(schema, dict) else None
    return [one for one in fields if isinstance(one, dict)] if isinstance(fields, list) else []


class _Reader:
    """Reads one row; the doubts are those met so far."""

    def __init__(self, declared: Foreign, wanted: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
        self.declared, self.wanted, self.schemas = declared, wanted, schemas
        self.doubts: list[Doubt] = []

    def row(self, row: Mapping[str, Any], old: Any, is_gone: bool) -> dict[str, str]:
        if len(row) > MAX_FIELDS:
            raise Malformed(f"the row has {len(row)} columns; at most {MAX_FIELDS} are read")
        told: dict[str, str] = {}
        for column, value in row.items():
            name = self._name(column, row.keys() | told.keys())
            if value is None and old and old.get(column) is not None and self.wanted.get(name) == "string":
                value = ""
            if value is None or value == UNAVAILABLE or (is_gone and self._is_filler(column, value)):
                continue
            told[name] = _text(self._value(name, column, value))
        return told

    def _name(self, column: str, taken: Set[str]) -> str:
        """The column's name in the contract: letters, digits and underscores, none that the format fills."""
        name = NO_NAME.sub("_", column)
        while name != column and name in taken:
            name += "_"
        return OF_ROW + name if name in filled_names(self.declared) else name

    def _is_filler(self, column: str, value: Any) -> bool:
        """Whether a column of a row that is gone may have been filled up, see images.py."""
        schema = self.schemas.get(column, {})
        if schema.get("optional") or isinstance(value, list | dict):
            return False
        return not value or value == schema.get("default") or (value == ZERO and "name" in schema)

    def _value(self, name: str, column: str, value: Any) -> Any:
        want, schema = self.wanted.get(name), self.schemas.get(column)
        if schema is not None:
            return value if want in WHOLE and type(value) is int else said(value, schema)
        if type(value) is int and want not in WHOLE:
            if unit := self.declared.units.get(column):
                return text_of(value, unit)
            if is_temporal(want):
                self.doubts.append(Doubt(name, NO_UNIT.format(field=column), value))
        if isinstance(want, dict) and want.get("logicalType") == "decimal":
            if isinstance(value, str) and "." not in value:
                self.doubts.append(Doubt(name, NO_POINT, value))
            return value.text if isinstance(value, Number) else value
        return value


def said(value: Any, schema: Any) -> Any:
    """A value with Kafka Connect's schema as `schemas.conform` takes it: times and decimals as text."""
    if value is None or not isinstance(schema, dict):
        return value
    name, unit = schema.get("name"), NAMED.get(str(schema.get("name")), ZONED)
    if unit != ZONED and type(value) is int:
        return text_of(value, unit)
    if name == CONNECT_DECIMAL:
        scale = schema["parameters"].get("scale") if isinstance(schema.get("parameters"), dict) else None
        return _decimal(value, scale)
    if name == VARIABLE_DECIMAL and isinstance(value, dict):
        return _decimal(value.get("value"), value.get("scale"))
    if isinstance(value, list):
        return [said(item, schema.get("items")) for item in value]
    if isinstance(value, dict) and schema.get("type") == "map":
        return {key: said(item, schema.get("values")) for key, item in value.items()}
    if isinstance(value, dict):
        inner = {str(one.get("field")): one for one in _fields(schema)}
        return {key: said(item, inner.get(key)) for key, item in value.items()}
    return value


def _decimal(value: Any, scale: Any) -> Any:
    if isinstance(value, Number):
        return value.text
    try:
        return decimal_text(base64.b64decode(value.encode(), validate=True), int(scale))
    except (AttributeError, TypeError, ValueError, binascii.Error):
        return value


def _text(value: Any) -> str:
    """A value as JSON text that a column can hold. Raises Malformed."""
    text = dumps(value)
    if NUL.search(text):
        raise Malformed("holds text with NUL, which no column can hold")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("holds half of a pair of surrogates, which is no text") from None
    return text


def wanted_types(wanted: Any, filled: frozenset[str]) -> dict[str, Any]:
    """The types of the contract's fields, without null, by every name that fills them."""
    return {
        name: without_null(entry["type"])
        for entry in wanted["fields"]
        if entry["name"] not in filled
        for name in reversed((entry["name"], *entry.get("aliases", ())))
    }
