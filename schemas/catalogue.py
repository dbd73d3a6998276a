"""Every contract, found by folder: `<root>/<channel>/<source>/<event>.avsc`.

Decides what the files say and refuses what is broken, with file, place and mend. Must never look at events.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
from fastavro.schema import SchemaParseException, UnknownType

from schemas.columns import arrow_schema
from schemas.foreign import Foreign
from schemas.identifiers import Kind, TraitRule, read_kinds, read_traits
from schemas.meanings import Field, Mark, MarkError, read_fields, read_marks
from schemas.sources import ContractError, Source, read_source, read_toml

__all__ = [
    "OWN",
    "SHIPPED",
    "Catalogue",
    "ContractError",
    "EventType",
    "Source",
    "load",
    "read_event",
    "read_source",
]

SHIPPED = Path(__file__).parent
OWN = "own/rundum"


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

    @property
    def is_foreign(self) -> bool:
        """Whether others fill a topic of such events."""
        return any(one.event == self.name for one in self.source.foreign)

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

    @cached_property
    def foreign(self) -> dict[str, Foreign]:
        """The topics that others fill, by name."""
        return {one.topic: one for source in self.sources.values() for one in source.foreign}

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """Every topic that events come from, ours and those that others fill."""
        return tuple(sorted({topic for source in self.sources.values() for topic in source.topics}))

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
    _check_topics(sources.values(), events)
    kinds: dict[str, Kind] = {}
    traits: dict[str, TraitRule] = {}
    for root in roots:
        kinds |= read_toml(root / "identifiers.toml", read_kinds)
        traits |= read_toml(root / "traits.toml", read_traits)
    return Catalogue(events, sources, kinds, traits, models)


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


def _check_topics(sources: Iterable[Source], events: Mapping[str, EventType]) -> None:
    """Every foreign topic has a contract, and is nobody else's."""
    owners: dict[str, Source] = {}
    for source in sources:
        owners.setdefault(source.topic, source)
    for source in sources:
        for one in source.foreign:
            place = f'foreign."{one.topic}"'
            if one.event not in events:
                file = f"{one.event.rpartition('/')[2]}.avsc"
                raise ContractError(source.file, f"{place}.event", f"there is no {file} beside this file")
            if (other := owners.setdefault(one.topic, source)) is not source or one.topic == source.topic:
                raise ContractError(source.file, place, f"is a topic of {other.name} already; name another")
