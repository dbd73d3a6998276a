"""Topics that others fill: their formats, what a format says of an event, and how `source.toml` names them.

Decides which formats there are and which fields each fills. Must never see a record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
KEYS = {"format", "event", "units", "entity"}
UNITS = ("s", "ms", "us", "ns", "days")
OF_ROW = "row_"


class Filled(NamedTuple):
    """A field that a format fills. `types` are as in lint; `means` the mark it must bear, if any."""

    name: str
    types: frozenset[str]
    means: str = ""
    needed: bool = True
    nullable: bool = False


TEXT, WORD, TEXTS = frozenset({"string"}), frozenset({"string", "enum"}), frozenset({"array of string"})
CHANGE = (
    Filled("event_id", TEXT, "event_id"),
    Filled("occurred_at", frozenset({"timestamp-micros", "timestamp-millis"}), "occurred_at"),
    Filled("sequence", frozenset({"long"}), "sequence"),
)
DEBEZIUM = (*CHANGE, Filled("op", WORD), Filled("snapshot", WORD, needed=False, nullable=True))
SALESFORCE = (
    *CHANGE,
    Filled("change_type", WORD),
    Filled("record_id", TEXT, nullable=True),
    Filled("record_ids", TEXTS),
    Filled("changed_fields", TEXTS, needed=False),
    Filled("nulled_fields", TEXTS, needed=False),
)
FORMATS = {"debezium": DEBEZIUM, "debezium-json": DEBEZIUM, "salesforce": SALESFORCE}


@dataclass(frozen=True)
class Foreign:
    """A topic that others fill. `event` is the full name of the contract that its records become.

    `units` says of columns whose numbers are times what they count, where no schema says so; `entity` is the
    one kind of record that the topic may tell of, empty for any.
    """

    topic: str
    format: str
    event: str
    units: Mapping[str, str] = field(default_factory=dict)
    entity: str = ""


class ForeignError(ValueError):
    """A table that cannot be used; the text names the place in the file and the mend."""


def read_foreign(tables: Any, source: str) -> tuple[Foreign, ...]:
    """The tables `[foreign."<topic>"]` of a source. Raises ForeignError."""
    if not isinstance(tables, Mapping):
        raise ForeignError('foreign: must be tables, one a topic: [foreign."shopdb.public.customers"]')
    return tuple(_read(topic, table, source) for topic, table in tables.items())


def _read(topic: str, table: Any, source: str) -> Foreign:
    place = f'foreign."{topic}"'
    if not TOPIC.fullmatch(topic):
        raise ForeignError(f"{place}: is not a topic's name; use letters, digits, dots, dashes, underscores")
    if not isinstance(table, Mapping):
        raise ForeignError(f'{place}: must be a table with "format" and "event"')
    for key, mend in _faults(table):
        raise ForeignError(f"{place}.{key}: {mend}")
    return Foreign(topic, **{**table, "event": f"{source}/{table['event']}"})


def _faults(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in sorted(table.keys() - KEYS):
        yield key, f"unknown key; known are {', '.join(sorted(KEYS))}"
    if str(table.get("format")) not in FORMATS:
        yield "format", f"must be one of {', '.join(FORMATS)}"
    if not isinstance(table.get("event"), str):
        yield "event", "must name the contract in this folder that the records become"
    units = table.get("units", {})
    if not isinstance(units, Mapping) or not set(map(str, units.values())) <= set(UNITS):
        yield "units", f'must say what numbers count: {{created_at = "ms"}}; known are {", ".join(UNITS)}'
    if not isinstance(table.get("entity", ""), str):
        yield "entity", 'must be a text, such as "Contact"'
    elif table.get("entity") and table.get("format") != "salesforce":
        yield "entity", "goes with salesforce only; take it out"


def filled_names(declared: Foreign) -> frozenset[str]:
    """The names that the format of a topic fills; a column so called is `row_<name>` in the contract."""
    return frozenset(one.name for one in FORMATS[declared.format])
