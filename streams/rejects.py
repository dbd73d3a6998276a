"""Rejected records: which there are, what they hold, and whether they are resolved.

Decides when a reject is resolved: once an own/rundum/rejected_corrected event that names its place has
landed. What was sent in its stead is a record of its own; should that be refused, it is a reject of its own,
and open. Must never change or delete a reject.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import fastavro

from schemas.catalogue import OWN
from schemas.conform import jsonable
from sinks.duckdb.reader import Reader
from streams.core.framing import NotFramed, unframe
from streams.core.writers import Writer, writer_of
from streams.inlet import Inlet

CORRECTED = f"{OWN}/rejected_corrected"
COLUMNS = """
    rejected_id, log_id, topic, partition, "offset", received_at, event_type, schema_id, reason, field,
    expected, got, detail, headers, value"""
REJECTS = f"""
    WITH reject AS (
        SELECT *, EXISTS (
            FROM own_rundum.rejected_corrected AS c
            WHERE c.rejected_log = r.log_id AND c.rejected_topic = r.topic
                AND c.rejected_partition = r.partition AND c.rejected_offset = r."offset"
        ) AS resolved
        FROM ops.rejected AS r
    )
    SELECT {COLUMNS}, resolved FROM reject"""
GROUPS = """
    SELECT reason, event_type, field, count(*), count(*) FILTER (resolved),
        list(rejected_id ORDER BY rejected_id)
    FROM ({rejects}) WHERE NOT resolved OR $resolved_too
    GROUP BY ALL ORDER BY count(*) DESC, reason, event_type, field"""


class RejectError(ValueError):
    """A reject that cannot be sent again so; the text says why and what to do."""


@dataclass(frozen=True)
class Reject:
    """A row of ops.rejected."""

    rejected_id: int
    log_id: str
    topic: str
    partition: int
    offset: int
    received_at: datetime
    event_type: str | None
    schema_id: int | None
    reason: str
    field: str | None
    expected: str | None
    got: str | None
    detail: str | None
    headers: bytes | None
    value: bytes | None
    resolved: bool


@dataclass(frozen=True)
class Group:
    """Rejects of one reason, event type and field, by their numbers."""

    reason: str
    event_type: str | None
    field: str | None
    total: int
    resolved: int
    ids: list[int]


def find_groups(reader: Reader, resolved_too: bool) -> list[Group]:
    """The open rejects, and with `resolved_too` all, the most frequent first."""
    rows = reader.rows(GROUPS.format(rejects=REJECTS), {"resolved_too": resolved_too})
    return [Group(*row) for row in rows]


def find_rejects(reader: Reader, ids: Iterable[int] | None = None) -> list[Reject]:
    """The rejects of these numbers, all if None, in the order they came. Raises RejectError."""
    wanted = None if ids is None else list(ids)
    where = "" if wanted is None else " WHERE list_contains($wanted::BIGINT[], rejected_id)"
    rows = reader.rows(
        f"{REJECTS}{where} ORDER BY rejected_id", None if wanted is None else {"wanted": wanted}
    )
    found = [Reject(*row) for row in rows]
    missing = set(wanted or ()) - {reject.rejected_id for reject in found}
    if missing:
        raise RejectError(f"there is no reject {min(missing)}; `rundum rejected list` shows those there are")
    return found


def known_refusals(reader: Reader, inlet: Inlet, event_type: str) -> frozenset[str]:
    """The event ids of rows of this type that were refused before."""
    rows = reader.rows(
        "SELECT value FROM ops.rejected WHERE reason = 'input_refused' AND event_type = ?", [event_type]
    )
    return frozenset(str(decode(inlet, value)["event_id"]) for (value,) in rows)


def decode(inlet: Inlet, value: bytes | None) -> dict[str, Any]:
    """What the bytes of a record say, as JSON by the writer's schema; empty where that cannot be told."""
    writer, schema, body = written(inlet, value)
    if not writer.known or writer.problems:
        return _document(value)
    with contextlib.suppress(Exception):  # hostile bytes break a decoder in every way there is
        parsed = fastavro.parse_schema(schema, named_schemas={})
        return dict(jsonable(schema, fastavro.schemaless_reader(io.BytesIO(body), parsed, None)))
    with contextlib.suppress(Exception):  # then the times as the numbers they are on the wire
        return dict(jsonable(writer.wire, fastavro.schemaless_reader(io.BytesIO(body), writer.wire, None)))
    return {}


def _document(value: bytes | None) -> dict[str, Any]:
    """What a value says that is a JSON object, as some foreign topics have it."""
    with contextlib.suppress(ValueError, RecursionError):
        document = json.loads(value or b"")
        return document if isinstance(document, dict) else {}
    return {}


def contents(inlet: Inlet, reject: Reject) -> dict[str, Any]:
    """What a reject says of its event, as far as it goes; of a refused row what could be read of it."""
    if reject.reason != "input_refused":
        return decode(inlet, reject.value)
    raw = _raw(inlet, reject)
    return dict(raw.get("event", {}) if raw.keys() == {"row", "event"} else raw)


def row_of(inlet: Inlet, reject: Reject) -> str:
    """The row of a file as it came; empty for what was no row."""
    return str(_raw(inlet, reject).get("row", "")) if reject.reason == "input_refused" else ""


def _raw(inlet: Inlet, reject: Reject) -> dict[str, Any]:
    """What ingest or a collector kept of what it refused."""
    with contextlib.suppress(ValueError):
        raw = json.loads(decode(inlet, reject.value).get("raw", ""))
        return raw if isinstance(raw, dict) else {}
    return {}


def written(inlet: Inlet, value: bytes | None) -> tuple[Writer, Any, bytes]:
    """The writer of a record, its schema and the Avro body; an unknown writer where there is none."""
    try:
        schema_id, body = unframe(value or b"")
    except NotFramed:
        return Writer(0), None, b""
    text = schema_of(inlet, schema_id)
    return writer_of(schema_id, text), text and json.loads(text), body


def schema_of(inlet: Inlet, schema_id: int) -> str | None:
    """The schema of an id, as JSON; None if nobody knows it."""
    return inlet.registry.fetch(schema_id) if schema_id > 0 else None
