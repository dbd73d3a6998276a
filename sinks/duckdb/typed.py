"""Typed tables: one per event type, with the contract's own columns and a few that all share.

Decides the columns and their documentation. Must never touch a row.
"""

from __future__ import annotations

import json

from schemas.catalogue import EventType
from schemas.columns import quote, sql_type
from sinks.duckdb.database import Database

STANDARD = {
    "event_id": ("VARCHAR", "The event's own id, unique within its type."),
    "occurred_at": ("TIMESTAMP", "When it happened, as the source says, UTC."),
    "node": ("UUID", "The anchor: node of the strongest identifier that the event names; see identity.node."),
    "received_at": ("TIMESTAMP", "When it was appended to the log, UTC."),
    "landed_at": ("TIMESTAMP", "When it landed in this store, UTC."),
    "landed_seq": ("BIGINT", "Its number in the order of landing; joins events."),
    "writer": ("INTEGER", "Schema id it was written with."),
    "extra": ("VARCHAR", "What the writer sent beyond the contract, as JSON; null where nothing."),
}


def table_of(event_type: str) -> str:
    """The typed table of an event type of which only the name is known."""
    source, _, event = event_type.rpartition("/")
    return f"{source.replace('/', '_')}.{event}"


def create_table(database: Database, event: EventType) -> None:
    """The typed table of an event type, documented from its contract."""
    database.run(f"CREATE SCHEMA IF NOT EXISTS {event.source.table_schema}")
    named = {field.name: sql_type(field.type) for field in event.arrow}
    columns = named | {name: kind for name, (kind, _) in STANDARD.items() if name not in named}
    body = ", ".join(f"{quote(name)} {kind}" for name, kind in columns.items())
    database.run(f"CREATE TABLE {event.table} ({body})")
    record_contract(database, event)


def record_contract(database: Database, event: EventType) -> None:
    """Notes the contract under which a typed table stands, and puts its words on the table."""
    docs = {name: doc for name, (_, doc) in STANDARD.items()}
    docs |= {field.path[0]: field.doc for field in event.fields if len(field.path) == 1}
    database.document(event.table, "TABLE", event.doc, docs)
    former = database.value("SELECT version FROM ops.contract WHERE event_type = ?", [event.name]) or 0
    database.run("DELETE FROM ops.contract WHERE event_type = ?", [event.name])
    database.run(
        "INSERT INTO ops.contract SELECT ?, ?, ?, get_current_timestamp()::TIMESTAMP, ?",
        [event.name, json.dumps(event.schema, ensure_ascii=False), event.rules, former + 1],
    )
