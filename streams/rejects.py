"""Rejected records: what they hold, and their way back: mended or as they were, as new records of the log.

Decides when a reject is resolved: once an own/rundum/rejected_corrected event that names its place has
landed. What was sent in its stead is a record of its own; should that be refused, it is a reject of its own,
and open. Must never change or delete a reject, nor append what would be refused again.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import fastavro

from schemas.catalogue import OWN, EventType
from schemas.conform import ConformError, conform, jsonable
from schemas.meanings import ITEMS, dotted
from sinks.duckdb.reader import Reader
from streams.core.foreign import is_document, place_in
from streams.core.framing import NotFramed, frame, unframe
from streams.core.model import REASONS, Batch, Record
from streams.core.read import read, schema_ids
from streams.core.writers import Writer, writer_of
from streams.ingest import Inlet
from streams.log.protocol import Outgoing
from streams.pipeline import REFUSED

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
    writer, schema, body = _written(inlet, value)
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


def repair(inlet: Inlet, reject: Reject, sets: Mapping[str, str], now: datetime) -> list[Outgoing]:
    """A reject's event with some fields set anew, and the record that it was repaired. Raises RejectError.

    `sets` are dotted paths (`lines.0.sku`) with JSON or plain text; `now` has a zone. Append them together.
    """
    event = _contract(inlet, reject)
    value = contents(inlet, reject)
    is_foreign = reject.topic in inlet.catalogue.foreign
    for path, text in sets.items():
        place = place_in(value, path) if is_foreign else path
        _put(value, place, _typed(event, path, text))
    return _sent_again(inlet, reject, _fitting(inlet, reject, event, value), ("repair", now))


def replay(inlet: Inlet, reject: Reject, now: datetime) -> list[Outgoing]:
    """A reject's bytes again, and the record that it was replayed. Raises RejectError if still refused."""
    again = Outgoing(reject.topic, reject.value, headers=reject.headers)
    return _sent_again(inlet, reject, again, ("replay", now))


def _sent_again(inlet: Inlet, reject: Reject, again: Outgoing, how: tuple[str, datetime]) -> list[Outgoing]:
    if fault := _fault(inlet, again):
        raise RejectError(f"reject {reject.rejected_id} would be refused again: {fault}; nothing was sent")
    action, now = how
    place = f"{reject.log_id}/{reject.topic}/{reject.partition}/{reject.offset}"
    correction = {
        "event_id": hashlib.sha256(place.encode()).hexdigest()[:32],
        "occurred_at": now,
        "rejected_log": reject.log_id,
        "rejected_topic": reject.topic,
        "rejected_partition": reject.partition,
        "rejected_offset": reject.offset,
        "action": action,
        "reason": f"{reject.reason}: {reject.detail or REASONS.get(reject.reason, '')}".replace("\0", "\\0"),
        "actor": _login(),
    }
    event = inlet.catalogue.events[CORRECTED]
    return [again._replace(partition=reject.partition), inlet.outgoing(event, correction)]


def _fault(inlet: Inlet, again: Outgoing) -> str:
    """Why the pipeline would refuse a record; empty if it would not."""
    batch = Batch(inlet.log.id, [Record(again.topic, 0, 0, 0, again.key, again.value)], {})
    writers = {number: writer_of(number, _schema(inlet, number)) for number in schema_ids(batch)}
    reading = read(batch, inlet.catalogue, writers)
    if reading.rejected:
        return f"{reading.rejected[0].reason}: {reading.rejected[0].detail}"
    return "input_refused: mend the row with `rundum rejected repair`" if REFUSED in reading.events else ""


def _written(inlet: Inlet, value: bytes | None) -> tuple[Writer, Any, bytes]:
    """The writer of a record, its schema and the Avro body; an unknown writer where there is none."""
    try:
        schema_id, body = unframe(value or b"")
    except NotFramed:
        return Writer(0), None, b""
    text = _schema(inlet, schema_id)
    return writer_of(schema_id, text), text and json.loads(text), body


def _schema(inlet: Inlet, schema_id: int) -> str | None:
    return inlet.registry.fetch(schema_id) if schema_id > 0 else None


def _contract(inlet: Inlet, reject: Reject) -> EventType:
    """The contract that a reject should have fitted."""
    events = inlet.catalogue
    name = _written(inlet, reject.value)[0].full_name
    event = events.events.get(reject.event_type or "") or events.by_full_name.get(name)
    if event is None or event.name == REFUSED:
        raise RejectError(
            f"nobody can tell of which event type reject {reject.rejected_id} is, so it cannot be mended; "
            "add its contract and replay it, or let its source send it again"
        )
    return event


def _fitting(inlet: Inlet, reject: Reject, event: EventType, value: Any) -> Outgoing:
    """A value as a record of its contract; with fields beyond the contract as its writer wrote it."""
    try:
        return inlet.outgoing(event, conform(event.schema, value), topic=reject.topic)
    except ConformError as error:
        problems = error.problems
    declared = inlet.catalogue.foreign.get(reject.topic)
    if declared and is_document(declared, reject.value or b""):
        return Outgoing(reject.topic, json.dumps(value, ensure_ascii=False).encode())
    writer, schema, _ = _written(inlet, reject.value)
    if reject.reason != "input_refused" and writer.known and not writer.problems:
        with contextlib.suppress(ConformError):
            datum, body = conform(schema, value), io.BytesIO()
            fastavro.schemaless_writer(body, fastavro.parse_schema(schema, named_schemas={}), datum)
            return Outgoing(reject.topic, frame(writer.schema_id, body.getvalue()))
    said = "; ".join(map(str, problems))
    raise RejectError(f"reject {reject.rejected_id} does not fit {event.name} yet: {said}; mend it by --set")


def _typed(event: EventType, path: str, text: str) -> Any:
    """The text of a --set as the field's type wants it: 1001 is text in a text field."""
    name = dotted(tuple(ITEMS if step.isdigit() else step for step in _steps(path)))
    field = next((field for field in event.fields if field.name == name), None)
    try:
        value = json.loads(text)
    except ValueError:
        return text
    is_text = field is not None and field.type.startswith(("string", "one of"))
    if not is_text or isinstance(value, str) or (value is None and field is not None and field.nullable):
        return value
    return text


def _put(value: Any, path: str, item: Any) -> None:
    *way, last = _steps(path)
    try:
        for step in way:
            value = value[int(step)] if isinstance(value, list) else value.setdefault(step, {})
        value[int(last) if isinstance(value, list) else last] = item
    except (AttributeError, IndexError, TypeError, ValueError):
        raise RejectError(
            f"--set {path}: the event has no such place; `rundum rejected show` shows it"
        ) from None


def _steps(path: str) -> list[str]:
    return [step for step in re.split(r"[.\[\]]+", path) if step]


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
