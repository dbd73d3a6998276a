"""The contracts in the store: a typed table per event type, made, documented and migrated.

Decides whether a store may go on under a catalogue. Must never lose a value nor
land under other rules.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

import pyarrow as pa

from schemas.catalogue import Catalogue, EventType, Source
from schemas.examples import read_examples
from schemas.meanings import dotted, read_fields, read_marks
from sinks.duckdb.database import Database, StoreError
from sinks.duckdb.fold import naming_of
from sinks.duckdb.migrate import migrate
from sinks.duckdb.reader import Rows
from sinks.duckdb.sql import sql_files
from sinks.duckdb.typed import create_table, record_contract
from sinks.duckdb.views import create_views
from streams.core import normalise
from streams.rules import all_rules


def adopt(database: Database, catalogue: Catalogue) -> None:
    """Takes over a catalogue's contracts: new tables, compatible changes. Raises StoreError."""
    with database.transaction():
        known = landed_contracts(database, catalogue)
        if changed := changed_rules(database, catalogue, known):
            raise StoreError(_REBUILD.format(what=changed))
        if database.meta("rules") != rules_of(catalogue):
            database.set_meta("rules", rules_of(catalogue))
        for event in catalogue.events.values():
            if event.name not in known:
                create_table(database, event)
        for name, old in known.items():
            event = catalogue.events[name]
            if event.arrow != old.arrow:
                migrate(database, old, event, naming_of(database, catalogue))
            elif event.schema != old.schema:
                record_contract(database, event)
        shown = shown_of(catalogue)
        if database.meta("shown") != shown:
            _write_reference(database, catalogue)
            create_views(database, catalogue)
            database.set_meta("shown", shown)
            database.step("touch_all")  # what definitions read may say something else now


def rules_of(catalogue: Catalogue) -> str:
    """The fingerprint of the rules that all events share; contracts have their own."""
    text = "\n".join([catalogue.rules, normalise.VERSION, all_rules()])
    return hashlib.sha256(text.encode()).hexdigest()


def shown_of(catalogue: Catalogue) -> str:
    """A digest of all that views and reference tables are made from."""
    files = [file.read_bytes() for folder in ("views", "models", "macros") for file in sql_files(folder)]
    parts = [file.read_bytes() for files_ in catalogue.models.values() for file in files_]
    events = [json.dumps([event.name, event.schema]) for event in catalogue.events.values()]
    text = json.dumps([catalogue.rules, sorted(map(repr, catalogue.sources.values())), sorted(events)])
    return hashlib.sha256(b"".join([*files, *parts, text.encode()])).hexdigest()


def fingerprint(store: Rows) -> str:
    """The fingerprint of all rules under which the store stands; digests compare only under one."""
    rows = store.rows("SELECT event_type, rules FROM ops.contract ORDER BY event_type")
    shared = store.rows("SELECT value FROM ops.meta WHERE key = 'rules'")
    text = json.dumps([shared[0][0] if shared else None, rows])
    return hashlib.sha256(text.encode()).hexdigest()


def landed_contracts(store: Rows, catalogue: Catalogue) -> dict[str, EventType]:
    """The contracts that the store stands under, as event types of today's sources."""
    known = {}
    for name, text in store.rows("SELECT event_type, schema FROM ops.contract ORDER BY event_type"):
        source = name.rpartition("/")[0]
        if name not in catalogue.events:
            raise StoreError(
                f"the store holds events of {name}, which has no contract any more; put its folder "
                f"schemas/{source} back, or run the project that it belongs to (--project)"
            )
        known[name] = _event(catalogue.sources[source], name, json.loads(text), catalogue.events[name])
    return known


def _event(source: Source, name: str, schema: Mapping[str, object], now: EventType) -> EventType:
    return EventType(name, source, now.file, schema, read_marks(schema), read_fields(schema))


def changed_rules(store: Rows, catalogue: Catalogue, known: Mapping[str, EventType]) -> str:
    """Which rules would judge what has landed otherwise than it was judged, in words; empty if none."""
    shared = store.rows("SELECT value FROM ops.meta WHERE key = 'rules'")
    if shared and shared[0][0] != rules_of(catalogue) and store.rows("FROM ops.event LIMIT 1"):
        return "identifiers.toml, traits.toml or Rundum's own rules"
    rules = dict(store.rows("SELECT event_type, rules FROM ops.contract"))
    for name, old in known.items():
        is_reread = _is_reread(old, catalogue.events[name], rules[name])
        if is_reread and store.rows(f"SELECT 1 FROM {old.table} LIMIT 1"):
            return f"the marks or the trust of {name}"
    return ""


def _is_reread(old: EventType, new: EventType, stored_rules: str) -> bool:
    """Whether a field that was there is now understood otherwise, or trusted otherwise."""
    paths = {field.path for field in old.fields}
    before = {repr(mark) for mark in old.marks}
    now = {repr(mark) for mark in new.marks if tuple(step for step in mark.path if step != "[]") in
           {tuple(step for step in path if step != "[]") for path in paths}}  # fmt: skip
    return old.rules != stored_rules or before != now


_REBUILD = (
    "the rules have changed ({what}): what landed under the old ones must be derived again; "
    "run `rundum rebuild`, it keeps the old file until the new one is checked"
)


def _write_reference(database: Database, catalogue: Catalogue) -> None:
    """Kinds and sources as tables, for those who query."""
    database.run("DELETE FROM identity.kind")
    for kind in catalogue.kinds.values():
        database.run(
            "INSERT INTO identity.kind VALUES (?, ?, ?, ?, ?, ?)",
            [kind.name, kind.rank, kind.person, kind.limit, kind.hub, kind.doc],
        )
    database.run("DELETE FROM profile.rule")
    for rule in catalogue.traits.values():
        database.run(
            "INSERT INTO profile.rule VALUES (?, ?, ?, ?)", [rule.name, rule.rule, rule.doc, rule.pii]
        )
    _write_fields(database, catalogue)
    database.run("DELETE FROM ops.source")
    for source in catalogue.sources.values():
        database.run(
            "INSERT INTO ops.source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [source.name, source.title, source.owner, source.contact, source.purpose, source.legal_basis,
             source.retention, source.trust, source.topic],
        )  # fmt: skip


def _write_fields(database: Database, catalogue: Catalogue) -> None:
    rows = [row for event in catalogue.events.values() for row in _field_rows(event)]
    table = pa.Table.from_pylist(rows)
    database.connection.register("arrow_field", table)
    database.run("DELETE FROM ops.field")
    database.run("INSERT INTO ops.field BY NAME SELECT * FROM arrow_field")
    database.connection.unregister("arrow_field")


def _field_rows(event: EventType) -> Iterator[dict[str, str | None]]:
    example = next((one.event for one in read_examples(event) if not one.rejected), None)
    for field in event.fields:
        marks = [mark for mark in event.marks if mark.path[: len(field.path)] == field.path
                 and not any(part != "[]" for part in mark.path[len(field.path) :])]  # fmt: skip
        options = {key: value for mark in marks for key, value in mark.options.items()}
        unit = options.get("unit") or ("currency" in options and dotted(options["currency"])) or None
        value = example.get(field.path[0]) if isinstance(example, dict) and len(field.path) == 1 else None
        yield {
            "event_type": event.name, "field": field.name, "type": field.type,
            "meaning": ", ".join(f"{mark.meaning}:{mark.name}".rstrip(":") for mark in marks),
            "unit": unit, "pii": field.pii, "doc": field.doc,
            "example": value if value is None or isinstance(value, str) else json.dumps(
                value, ensure_ascii=False
            ),
        }  # fmt: skip
