"""The examples of contracts, tried: each lands alone in an empty store, and must give the facts beside it.

Decides what an example must prove. Must never touch a store that people use.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schemas.catalogue import Catalogue, EventType
from schemas.conform import ConformError, conform
from schemas.examples import Example, read_examples
from schemas.lint import Finding
from sinks.duckdb.rebuild import DERIVED
from sinks.duckdb.store import Store
from streams.core.framing import frame
from streams.core.model import Batch, Place, Record
from streams.pipeline import REFUSED, Pipeline, utc_now
from streams.sources.files import encode

MEND = "correct the example's facts, or the marks of the contract"
LOG = "examples"
FACTS = ("identifiers", "others", "traits", "measures", "consents")


class _OneSchema:
    """A registry that knows one schema, as number 1."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.text = json.dumps(schema)

    def register(self, subject: str, schema: str) -> int:
        raise NotImplementedError(f"{subject}: nothing is registered for an example: {schema}")

    def fetch(self, schema_id: int) -> str | None:
        return self.text if schema_id == 1 else None


@contextmanager
def trial_store(catalogue: Catalogue) -> Iterator[Store]:
    """A store that goes when the block ends. Raises ContractError for a part of a model that does not fit."""
    with tempfile.TemporaryDirectory(prefix="rundum") as folder:
        store = Store(Path(folder) / "trial.duckdb", catalogue)
        try:
            yield store
        finally:
            store.close()


def try_examples(catalogue: Catalogue, events: Iterable[EventType]) -> list[Finding]:
    """What examples give beside what they promise; nothing where all is well."""
    with trial_store(catalogue) as store:
        return [
            Finding(event.examples, f"line {example.line}", problem, MEND)
            for event in events
            for example in read_examples(event)
            for problem in faults_of(store, event, example)
        ]


def faults_of(store: Store, event: EventType, example: Example) -> list[str]:
    """Where one example, as the only event in the store, gives something else than it promises."""
    found = _given(store, event, example)
    wanted = _promised(event, example)
    return [
        f"gives {part} {_plain(found[part])}, not {_plain(wanted[part])}"
        for part in wanted
        if found[part] != wanted[part]
    ]


def _promised(event: EventType, example: Example) -> dict[str, Any]:
    if example.rejected is not None:
        return {"rejected": {(example.rejected["field"], example.rejected["reason"])}}
    facts = example.facts
    identifiers = set(facts.get("identifiers", []))
    return {
        "rejected": {("", "input_refused")} if event.name == REFUSED else set(),
        "identifiers": identifiers,
        "others": set(facts.get("others", [])) - identifiers,
        "traits": set(facts.get("traits", {}).items()),
        "measures": {(name, *value) for name, value in facts.get("measures", {}).items()},
        "consents": {tuple(consent) for consent in facts.get("consents", [])},
    }


def _given(store: Store, event: EventType, example: Example) -> dict[str, Any]:
    try:
        _land_alone(store, event, conform(event.schema, example.event))
    except ConformError as error:
        refused = {(problem.field, "field_invalid") for problem in error.problems}
        return {part: set() for part in FACTS} | {"rejected": refused}
    rows = store.database.rows
    nodes = rows(
        "SELECT kind || ':' || value, node IN (SELECT node FROM ops.event WHERE node IS NOT NULL)"
        " OR node IN (SELECT unnest([a, b]) FROM identity.edge) FROM identifiers"
    )
    fields = "coalesce(field, '')" if event.name != REFUSED else "''"
    return {
        "rejected": set(rows(f"SELECT {fields}, reason FROM ops.rejected")),
        "identifiers": {name for name, is_own in nodes if is_own},
        "others": {name for name, is_own in nodes if not is_own},
        "traits": set(rows("SELECT trait, value FROM profile.trait")),
        "measures": set(rows("SELECT measure, total, unit FROM profile.measure")),
        "consents": set(rows("SELECT contact_kind || ':' || contact, purpose, status FROM consents")),
    }


def _land_alone(store: Store, event: EventType, datum: Any) -> None:
    typed = [contract.table for contract in store.catalogue.events.values()]
    for table in [*DERIVED, *typed, "ops.event", "ops.rejected", "ops.writer"]:
        store.database.run(f"DELETE FROM {table}")
    place = Place(event.source.topic, 0)
    offset = store.positions(LOG).get(place, 0)
    record = Record(*place, offset, 0, None, frame(1, encode(event, datum)))
    Pipeline(store, _OneSchema(event.schema)).handle(Batch(LOG, [record], {place: offset + 1}), utc_now())


def _plain(facts: Any) -> str:
    return ", ".join(sorted(map(str, facts))) or "nothing"
