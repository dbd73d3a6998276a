"""Every contract, found by folder: `<root>/<channel>/<source>/<event>.avsc`.

Decides what the files say and refuses what is broken, with file, place and mend. Must never look at events.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
from fastavro.schema import SchemaParseException, UnknownType

from schemas.columns import arrow_schema
from schemas.identifiers import Kind, TraitRule, read_kinds, read_traits
from schemas.meanings import Field, Mark, MarkError, read_fields, read_marks

SHIPPED = Path(__file__).parent
OWN = "own/rundum"


class ContractError(ValueError):
    """A file of a contract that cannot be used; the text names file, place and mend."""

    def __init__(self, file: Path, place: str, mend: str) -> None:
        """`place` is a field, a key or a line; `mend` a sentence that says what to do."""
        super().__init__(f"{file}: {place}: {mend}" if place else f"{file}: {mend}")
        self.file, self.place, self.mend = file, place, mend


@dataclass(frozen=True)
class Source:
    """A source as its `source.toml` describes it: data, not code."""

    name: str
    folder: Path
    title: str
    owner: str
    contact: str
    purpose: str
    legal_basis: str
    retention: str
    trust: int
    topic: str
    unknown_events: str = "reject"

    @property
    def table_schema(self) -> str:
        """The DuckDB schema of the source's typed tables."""
        return self.name.replace("/", "_")


@dataclass(frozen=True)
class EventType:
    """One contract: an Avro record schema whose fields carry marks."""

    name: str
    source: Source
    file: Path
    schema: Mapping[str, Any]
    marks: tuple[Mark, ...]
    fields: tuple[Field, ...]

    @cached_property
    def parsed(self) -> Any:
        """The schema as fastavro wants it."""
        return fastavro.parse_schema(dict(self.schema), named_schemas={})

    @cached_property
    def arrow(self) -> pa.Schema:
        """The columns that the contract names, in its order."""
        return arrow_schema(self.schema)

    @property
    def full_name(self) -> str:
        """The Avro full name: `shop.standard.OrderPlaced`."""
        return f"{self.schema['namespace']}.{self.schema['name']}"

    @property
    def doc(self) -> str:
        """What the event says, in the contract's words."""
        return str(self.schema.get("doc", ""))

    @property
    def event(self) -> str:
        """The last part of the name: `order_placed`."""
        return self.name.rpartition("/")[2]

    @property
    def table(self) -> str:
        """The typed table: `shop_standard.order_placed`."""
        return f"{self.source.table_schema}.{self.event}"

    @property
    def examples(self) -> Path:
        """The file of examples beside the contract."""
        return self.file.with_suffix("").with_suffix(".examples.jsonl")

    def marked(self, meaning: str) -> tuple[Mark, ...]:
        """The marks of one meaning, in the order of the fields."""
        return tuple(mark for mark in self.marks if mark.meaning == meaning)

    def strength(self, mark: Mark) -> int:
        """How far a field is trusted: the source's trust, which `strength` may lower."""
        return min(self.source.trust, int(mark.options.get("strength", 3)))

    @cached_property
    def rules(self) -> str:
        """A digest of what the contract means: its types, marks and trust, without its prose."""
        bare = [[mark.path, mark.meaning, mark.name, sorted(mark.options.items())] for mark in self.marks]
        text = json.dumps([str(self.arrow), bare, self.source.trust], default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Catalogue:
    """Everything that may be said, and what it means: the rules' input from files."""

    events: Mapping[str, EventType]
    sources: Mapping[str, Source]
    kinds: Mapping[str, Kind]
    traits: Mapping[str, TraitRule]
    models: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    @cached_property
    def by_full_name(self) -> dict[str, EventType]:
        """Contracts by their Avro full name, which is what a writer schema tells."""
        return {event.full_name: event for event in self.events.values()}

    def trait(self, name: str) -> TraitRule:
        """A trait's survivorship rule; undeclared traits follow the default."""
        return self.traits.get(name, TraitRule(name))

    @cached_property
    def rules(self) -> str:
        """A digest of kinds and traits: the part of the rules that all contracts share."""
        shared = [sorted((k, repr(v)) for k, v in part.items()) for part in (self.kinds, self.traits)]
        return hashlib.sha256(json.dumps(shared).encode()).hexdigest()


def load(projects: Sequence[Path] = ()) -> Catalogue:
    """The contracts that ship and those of the given `schemas/` folders. Raises ContractError."""
    roots = [SHIPPED, *projects]
    sources: dict[str, Source] = {}
    events: dict[str, EventType] = {}
    models: dict[str, tuple[Path, ...]] = {}
    for root in roots:
        for file in sorted(root.glob("*/*/*.avsc")):
            if not file.with_name("source.toml").exists():
                raise ContractError(file, "", "no source.toml beside it; say there whose events these are")
        for file in sorted(root.glob("*/*/source.toml")):
            source = read_source(file)
            if source.name in sources:
                raise ContractError(file, "", f"the source {source.name} exists twice; rename one folder")
            sources[source.name] = source
            events |= {event.name: event for event in _events_of(source)}
            for sql in sorted(file.parent.glob("*.sql")):
                models[sql.stem] = (*models.get(sql.stem, ()), sql)
    _check_unique(events.values())
    kinds: dict[str, Kind] = {}
    traits: dict[str, TraitRule] = {}
    for root in roots:
        kinds |= _toml(root / "identifiers.toml", read_kinds)
        traits |= _toml(root / "traits.toml", read_traits)
    return Catalogue(events, sources, kinds, traits, models)


def read_source(file: Path) -> Source:
    """A `source.toml`. Raises ContractError for a missing, unknown or wrong key."""
    data = _toml(file, dict)
    name = f"{file.parent.parent.name}/{file.parent.name}"
    known = {"title", "owner", "contact", "purpose", "legal_basis", "retention", "trust", "topic",
             "unknown_events"}  # fmt: skip
    for key in sorted(data.keys() - known):
        raise ContractError(file, key, f"unknown key; known are {', '.join(sorted(known))}")
    for key in sorted(known - data.keys() - {"topic", "unknown_events"}):
        raise ContractError(file, key, "missing; `rundum schemas new` writes a complete file")
    for key in sorted(data.keys() - {"trust"}):
        if not isinstance(data[key], str) or not data[key].strip():
            raise ContractError(file, key, "must be a text that is not empty")
    if type(data["trust"]) is not int or data["trust"] not in (0, 1, 2, 3):
        raise ContractError(file, "trust", "must be 0 (browser claim), 1 (form), 2 (server) or 3 (manual)")
    if data.get("unknown_events", "reject") not in ("land", "reject"):
        raise ContractError(file, "unknown_events", 'must be "land" or "reject"')
    data.setdefault("topic", name.replace("/", "."))
    return Source(name=name, folder=file.parent, **data)


def read_event(source: Source, file: Path) -> EventType:
    """One `.avsc`. Raises ContractError."""
    try:
        schema = json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ContractError(file, "", f"is not JSON: {error}") from None
    if not isinstance(schema, dict) or schema.get("type") != "record" or "namespace" not in schema:
        raise ContractError(file, "", "must be one Avro record with a namespace")
    try:
        fastavro.parse_schema(dict(schema), named_schemas={})
        marks, fields = read_marks(schema), read_fields(schema)
    except UnknownType as error:
        raise ContractError(file, str(error.name), "is not a type Avro knows") from None
    except (SchemaParseException, KeyError, TypeError) as error:
        raise ContractError(file, "", f"is not an Avro schema: {error}") from None
    except MarkError as error:
        raise ContractError(file, *str(error).split(": ", 1)) from None
    return EventType(f"{source.name}/{file.stem}", source, file, schema, marks, fields)


def _events_of(source: Source) -> Iterable[EventType]:
    return [read_event(source, file) for file in sorted(source.folder.glob("*.avsc"))]


def _check_unique(events: Iterable[EventType]) -> None:
    seen: dict[str, EventType] = {}
    for event in events:
        if event.full_name in seen:
            other = seen[event.full_name].file
            raise ContractError(
                event.file, "name", f"{event.full_name} is also the name in {other}; rename one"
            )
        seen[event.full_name] = event


def _toml(file: Path, read: Any) -> Any:
    if not file.exists():
        return {}
    try:
        return read(tomllib.loads(file.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValueError, UnicodeDecodeError) as error:
        raise ContractError(file, "", str(error)) from None
