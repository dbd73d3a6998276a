"""Definitions of segments and computed traits as people handle them: tried, shown, applied.

Decides what a definition would change, and says in the log that it holds. Must never touch the store but
through the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from schemas.catalogue import OWN, Catalogue, ContractError
from schemas.conform import near
from sinks.duckdb.answers import AnswerError, answer, asked_of_all
from sinks.duckdb.database import Statements
from sinks.duckdb.definitions import FOLDERS, SEGMENT, TRAIT, Definition, find_files, read_file
from sinks.duckdb.reader import Reader, Row
from sinks.duckdb.scope import CUSTOMERS
from sinks.duckdb.sql import literal, script
from sinks.duckdb.views import views_of
from streams.decisions import Words
from streams.house import House
from streams.inlet import tick_of
from streams.pipeline import micros
from streams.trial import trial_store

APPLIED = f"{OWN}/definition_applied"
SAMPLE = 10
PAUSE = 0.2
EVER = datetime(2000, 1, 1)  # noqa: DTZ001  some time: a definition must be able to be asked at any
HELD = {
    SEGMENT: "segment.membership WHERE until IS NULL AND segment = {name}",
    TRAIT: "profile.computed WHERE trait = {name}",
}


@dataclass(frozen=True)
class Effect:
    """What a definition finds at a time, and what it would change.

    `overlaps`: segment, members, shared. `sample`: rows of the SELECT with a line about the customer.
    """

    now: datetime
    size: int
    entering: int
    leaving: int
    overlaps: Sequence[Row]
    sample: Sequence[Row]


def definitions_in(kind: str, root: Path, names: Sequence[str] = ()) -> list[Definition]:
    """The definitions of a project's files and of those that ship. Raises ContractError."""
    files = find_files(kind, root)
    for name in names:
        if name not in files:
            raise ContractError(
                root / FOLDERS[kind] / f"{name}.sql", "", f"is not there; {near(name, [*files])}"
            )
    return [read_file(kind, files[name]) for name in names or sorted(files)]


def check(catalogue: Catalogue, definitions: Sequence[Definition]) -> dict[tuple[str, str], str]:
    """Why definitions cannot be asked, by kind and name; tried on an empty store."""
    faults = {}
    traits = set(catalogue.traits) | {
        mark.name for event in catalogue.events.values() for mark in event.marked("trait")
    }
    with trial_store(catalogue) as store:
        statements = Statements(store.database.connection)
        statements.run("SET enable_external_access = false")
        statements.step("segment_begin")
        for one in definitions:
            if one.kind == TRAIT and one.name in traits:
                faults[one.key] = "a contract has a trait of this name; name the file otherwise"
                continue
            try:
                answer(statements, one, about_all(catalogue, one, EVER))
            except AnswerError as error:
                faults[one.key] = str(error)
    return faults


def about_all(catalogue: Catalogue, definition: Definition, now: datetime) -> str:
    """The SELECT of a definition for a time (UTC, no zone), asked about everybody."""
    return asked_of_all(definition, now, views_of(catalogue)[CUSTOMERS])


def time_of(reader: Reader, now: datetime) -> datetime:
    """The time that definitions are asked for: the last tick's, or `now` where none landed yet."""
    told: datetime | None = reader.value("SELECT max(occurred_at) FROM own_clock.ticked")
    return told or now


def effect(reader: Reader, catalogue: Catalogue, definition: Definition, now: datetime) -> Effect:
    """What a definition finds and would change. Raises QueryError."""
    found = about_all(catalogue, definition, now)
    held = HELD[definition.kind].format(name=literal(definition.name))
    counts = reader.records(script("queries", "effect").text.format(found=found, held=held))[0]
    overlaps = reader.records(
        script("queries", "overlaps").text.format(found=found), {"name": definition.name}
    )
    chosen = f"FROM ({found}) WHERE customer_id IS NOT NULL ORDER BY customer_id LIMIT {SAMPLE}"
    return Effect(now, overlaps=overlaps, sample=reader.records(chosen), **counts)


def apply(house: House, changes: Mapping[tuple[str, str], str | None], words: Words) -> None:
    """Says that definitions hold from now on, by kind and name; None ends one. Lands that."""
    event = house.catalogue.events[APPLIED]
    data = [
        {
            "event_id": str(uuid4()), "occurred_at": micros(words.now), "kind": kind, "name": name,
            "text": text, "reason": words.reason, "actor": words.actor,
        }
        for (kind, name), text in changes.items()
    ]  # fmt: skip
    records = [house.inlet.outgoing(event, datum) for datum in data]
    house.inlet.log.append([*records, tick_of(house.inlet, words.now)])
    house.land()


def await_standing(
    reader: Callable[[], Reader], versions: Mapping[tuple[str, str], str | None], seconds: float
) -> list[Row]:
    """Waits until whoever has the store has looked at definitions of these versions; how they stand then.

    Rows: kind, name, version, tried, members, error. What takes longer is left out.
    """
    until = time.monotonic() + seconds
    while True:
        rows = reader().records("SELECT kind, name, version, tried, members, error FROM segment.refresh")
        tried = {(row["kind"], row["name"]): row["tried"] for row in rows}
        if all(tried.get(key) == version for key, version in versions.items()) or time.monotonic() > until:
            return [
                row for row in rows
                if versions.get((row["kind"], row["name"]), "") == row["tried"]
            ]  # fmt: skip
        time.sleep(PAUSE)
