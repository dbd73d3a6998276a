"""The closed vocabulary of marks: what a field of a contract can mean.

Decides how `"means"` and its options are written and read. Must never look at data or know a source by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PLAIN = {"event_id", "occurred_at", "sequence", "text"}
NAMED = {"id", "other", "about", "trait", "measure", "consent"}
IDENTIFYING = {"id", "other", "about"}
OPTIONS = {"currency", "unit", "sign", "strength", "contact", "status", "kind", "pii"}
STATUSES = {"granted", "requested", "withdrawn"}
PII = {"direct", "indirect", "none"}
ANY = "*"
ITEMS = "[]"

Path = tuple[str, ...]


class MarkError(ValueError):
    """A mark that the vocabulary does not know; the text names the field and the mend."""


@dataclass(frozen=True)
class Mark:
    """One meaning of one field.

    `path` leads from the record's root to the field; the step `[]` enters the items of an array.
    `name` is the kind, trait, measure or purpose; `*` takes it from a sibling (`kind`) or the value itself.
    `options` holds the sibling keys, field names in them being paths from the root.
    """

    path: Path
    meaning: str
    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def field_name(self) -> str:
        """The field as people write it: `lines[].sku`."""
        return dotted(self.path)


@dataclass(frozen=True)
class Field:
    """One documented field of a contract, nested ones too; `type` is the Avro type as text."""

    path: Path
    type: str
    doc: str
    pii: str
    nullable: bool

    @property
    def name(self) -> str:
        """The field as people write it: `lines[].sku`."""
        return dotted(self.path)


def dotted(path: Path) -> str:
    """`("lines", "[]", "sku")` as `lines[].sku`."""
    return ".".join(path).replace("." + ITEMS, ITEMS)


def walk(schema: Mapping[str, Any], prefix: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any], Any]]:
    """Every field of a record schema, depth first, as (path, field, its type without null)."""
    for entry in schema["fields"]:
        path = (*prefix, entry["name"])
        bare = without_null(entry["type"])
        yield path, entry, bare
        while isinstance(bare, dict) and bare["type"] == "array":
            path = (*path, ITEMS)
            bare = without_null(bare["items"])
        if isinstance(bare, dict) and bare["type"] == "record":
            yield from walk(bare, path)


def without_null(avro: Any) -> Any:
    """The one type beside null of an optional field; a union of more types stays a list."""
    if not isinstance(avro, list):
        return avro
    rest = [branch for branch in avro if branch != "null"]
    return rest[0] if len(rest) == 1 else rest


def is_nullable(avro: Any) -> bool:
    """Whether a type admits null."""
    return avro == "null" or (isinstance(avro, list) and "null" in avro)


def type_text(avro: Any) -> str:
    """An Avro type in a word or two: `timestamp-micros`, `array of record`."""
    bare = without_null(avro)
    if isinstance(bare, list):
        return " or ".join(type_text(branch) for branch in bare)
    if isinstance(bare, str):
        return bare
    if bare["type"] == "array":
        return f"array of {type_text(bare['items'])}"
    if bare["type"] == "map":
        return f"map of {type_text(bare['values'])}"
    if bare["type"] == "enum":
        return "one of " + ", ".join(bare["symbols"])
    return str(bare.get("logicalType", bare["type"]))


def read_marks(schema: Mapping[str, Any]) -> tuple[Mark, ...]:
    """Every mark of a record schema, in the order of its fields. Raises MarkError."""
    return tuple(mark for path, entry, bare in walk(schema) for mark in _marks_of(path, entry, bare))


def read_fields(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """Every field of a record schema with its documentation."""
    return tuple(
        Field(path, type_text(entry["type"]), str(entry.get("doc", "")), str(entry.get("pii", "none")),
              is_nullable(entry["type"]))
        for path, entry, _ in walk(schema)
    )  # fmt: skip


def _marks_of(path: Path, entry: Mapping[str, Any], bare: Any) -> Iterator[Mark]:
    means = entry.get("means", [])
    if not isinstance(means, str | list):
        raise MarkError(f'{dotted(path)}: "means" is a mark or a list of marks, not {means!r}')
    while isinstance(bare, dict) and bare["type"] == "array" and means:
        path, bare = (*path, ITEMS), without_null(bare["items"])
    for text in [means] if isinstance(means, str) else means:
        meaning, _, name = str(text).partition(":")
        _check_mark(path, str(text), meaning, name)
        yield Mark(path, meaning, name, _options_of(path, entry))


def _check_mark(path: Path, text: str, meaning: str, name: str) -> None:
    if meaning in PLAIN and not name:
        return
    if meaning in NAMED and name:
        return
    known = ", ".join([*sorted(PLAIN), *(f"{m}:<name>" for m in sorted(NAMED))])
    raise MarkError(f'{dotted(path)}: "means": "{text}" is not a mark. Use one of: {known}')


def _options_of(path: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for key in sorted(OPTIONS & entry.keys()):
        value = entry[key]
        if key in {"currency", "contact", "kind"}:
            value = sibling(path, str(value))
        elif key == "sign" and value not in (1, -1):
            raise MarkError(f'{dotted(path)}: "sign" is 1 or -1, not {value!r}')
        elif key == "strength" and value not in (0, 1, 2, 3):
            raise MarkError(f'{dotted(path)}: "strength" is 0, 1, 2 or 3, not {value!r}')
        elif key == "status" and value not in STATUSES:
            raise MarkError(
                f'{dotted(path)}: "status" is one of {", ".join(sorted(STATUSES))}, not {value!r}'
            )
        elif key == "pii" and value not in PII:
            raise MarkError(f'{dotted(path)}: "pii" is one of {", ".join(sorted(PII))}, not {value!r}')
        options[key] = value
    return options


def sibling(path: Path, name: str) -> Path:
    """The path of a field named beside `path`; a leading `/` starts at the record's root."""
    if name.startswith("/"):
        return tuple(name[1:].split("."))
    base = path
    while base and base[-1] == ITEMS:
        base = base[:-1]
    return (*base[:-1], name)
