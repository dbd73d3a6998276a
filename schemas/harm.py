"""What in an Avro schema can hurt whoever decodes with it.

Decides whether a schema from anywhere is safe to decode with. Must never raise, whatever it is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import fastavro

MAX_FIELDS = 1_000
MAX_DEPTH = 16
MAX_DEFAULT = 64 * 1024
MAX_TEXT = 1024 * 1024
MAX_FIXED = 256 * 1024
MAX_PRECISION = 38
MAX_NESTING = 128
PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
CONNECT_DECIMAL = "org.apache.kafka.connect.data.Decimal"  # its precision is 64 where nobody set one
PARSED = "__fastavro_parsed"


def lint_writer(schema: Any) -> list[str]:
    """What speaks against decoding with a writer's schema, one sentence a problem; empty if it is safe.

    Takes the schema as JSON values, in whatever state it came, and never raises.
    """
    if problem := _not_a_record(schema):
        return [problem]
    named: dict[str, Any] = {}
    try:
        parsed = fastavro.parse_schema(schema, named_schemas=named)
        scan = _Scan(named)
        size = scan.measure(parsed, ())
        if size.fields > MAX_FIELDS:
            return [f"has {size.fields} fields in total; at most {MAX_FIELDS} are decoded"]
        if size.depth > MAX_DEPTH:
            return [f"is {size.depth} levels deep; at most {MAX_DEPTH} are decoded"]
        return list(dict.fromkeys([*_faults(parsed), *scan.zero_width(parsed)]))
    except _Recursion as loop:
        return [f"{loop} contains itself; write nested records out"]
    except Exception as error:  # a stranger's schema can break a parser in any way
        return [f"is not an Avro schema: {str(error)[:200] or type(error).__name__}"]


def _not_a_record(schema: Any) -> str:
    """Why a value is not worth parsing as a record's schema; these limits also keep the parser from harm."""
    if not isinstance(schema, dict) or schema.get("type") != "record":
        return "is not an Avro record"
    if PARSED in schema:
        return f"holds {PARSED}, a key of the decoder itself; take it out"
    if nested_beyond(schema, MAX_NESTING):
        return f"is more than {MAX_DEPTH} levels deep"
    try:
        size = len(json.dumps(schema))
    except (TypeError, ValueError, RecursionError):
        return "is not JSON"
    return f"is {size} bytes long; at most {MAX_TEXT} are read" if size > MAX_TEXT else ""


def nested_beyond(value: Any, limit: int) -> bool:
    """Whether a JSON value is deeper than so many levels; itself takes no level."""
    todo = [(value, 0)]
    while todo:
        one, depth = todo.pop()
        if depth > limit:
            return True
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        todo += [(item, depth + 1) for item in inner]
    return False


class _Recursion(Exception):
    """A named type that contains itself."""


@dataclass(frozen=True)
class _Size:
    """How many fields a type has and how deep it goes, its named types written out."""

    fields: int
    depth: int


@dataclass
class _Scan:
    """Measures of a schema, with its named types at hand and each measured once."""

    named: Mapping[str, Any]
    sizes: dict[str, _Size] = field(default_factory=dict)
    widths: dict[str, bool] = field(default_factory=dict)

    def measure(self, avro: Any, within: tuple[str, ...]) -> _Size:
        """The size of a type. Raises _Recursion."""
        if isinstance(avro, list):
            return self._sum([self.measure(branch, within) for branch in avro])
        name = avro if isinstance(avro, str) else avro.get("name", "")
        if name in PRIMITIVES:
            return _Size(0, 0)
        if name in within:
            raise _Recursion(name)
        if name in self.sizes:
            return self.sizes[name]
        shape = self.named[avro] if isinstance(avro, str) else avro
        within = (*within, name) if name else within
        size = self._sum([self.measure(inner, within) for inner in _inner(shape)])
        container = shape["type"] in ("record", "error", "array", "map")
        size = _Size(size.fields + len(shape.get("fields", ())), size.depth + container)
        if name:
            self.sizes[name] = size
        return size

    @staticmethod
    def _sum(sizes: list[_Size]) -> _Size:
        return _Size(sum(size.fields for size in sizes), max((size.depth for size in sizes), default=0))

    def zero_width(self, parsed: Any) -> Iterator[str]:
        """The arrays and maps whose items take no bytes, so that few bytes can ask for any number of them."""
        for place, avro in types_of(parsed):
            if not isinstance(avro, dict):
                continue
            for key, what in (("items", "array items"), ("values", "map values")):
                if avro.get("type") in ("array", "map") and key in avro and self.is_empty(avro[key]):
                    yield f"{place}: {what} take no bytes; give them a field"

    def is_empty(self, avro: Any) -> bool:
        """Whether a value of the type takes no bytes; for types that do not contain themselves."""
        if isinstance(avro, list):
            return False
        name = avro if isinstance(avro, str) else avro.get("name", avro["type"])
        if name in PRIMITIVES:
            return bool(name == "null")
        shape = self.named[avro] if isinstance(avro, str) else avro
        if shape["type"] == "fixed":
            return bool(shape["size"] == 0)
        if shape["type"] not in ("record", "error"):
            return False
        if name not in self.widths:
            self.widths[name] = all(self.is_empty(entry["type"]) for entry in shape["fields"])
        return self.widths[name]


def _inner(shape: Mapping[str, Any]) -> list[Any]:
    """The types directly inside a type."""
    inside = [shape[key] for key in ("items", "values") if shape["type"] in ("array", "map") and key in shape]
    return inside + [entry["type"] for entry in shape.get("fields", ())]


def types_of(schema: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every type inside a schema, itself first, with the field that holds it; references are not followed."""
    yield place, schema
    if isinstance(schema, list):
        for branch in schema:
            yield from types_of(branch, place)
    elif isinstance(schema, Mapping):
        for key in ("items", "values"):
            if key in schema:
                yield from types_of(schema[key], place)
        for entry in schema.get("fields", ()):
            yield from types_of(entry["type"], f"{place}.{entry['name']}".lstrip("."))


def _faults(parsed: Any) -> Iterator[str]:
    for place, avro in types_of(parsed):
        if not isinstance(avro, dict):
            continue
        here = place or "the record"
        size = avro.get("size", 0)
        if avro["type"] == "fixed" and not (type(size) is int and 0 <= size <= MAX_FIXED):
            yield f"{here}: a fixed type of {size!r} bytes; at most {MAX_FIXED} are decoded"
        if avro.get("logicalType") == "decimal":
            precision, scale = avro.get("precision"), avro.get("scale", 0)
            if type(precision) is int and avro.get("connect.name") == CONNECT_DECIMAL:
                precision = min(precision, MAX_PRECISION)
            if (
                type(precision) is not int
                or type(scale) is not int
                or not 0 <= scale <= precision <= MAX_PRECISION
            ):
                yield f"{here}: a decimal needs a precision of at most {MAX_PRECISION} and a scale within it"
        yield from _field_faults(here, avro.get("fields", ()))


def _field_faults(here: str, entries: list[Any]) -> Iterator[str]:
    seen: set[str] = set()
    for entry in entries:
        name = entry["name"]
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
            yield f"{here}: {name!r:.60} is not a field name"
        elif name in seen:
            yield f"{here}: the field {name:.60} exists twice"
        seen.add(str(name))
        if len(json.dumps(entry.get("default"))) > MAX_DEFAULT:
            yield f"{here}: the default of {name!s:.60} is over {MAX_DEFAULT // 1024} KiB"
