"""The way back of rejected records: mended or as they were, as new records of the log.

Decides what is sent in a reject's stead. Must never append what would be refused again.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import fastavro

from schemas.catalogue import EventType
from schemas.conform import ConformError, conform
from schemas.meanings import ITEMS, dotted
from sinks.duckdb.reader import Reader
from sinks.duckdb.store import writers_of
from streams.core.foreign import is_document, place_in
from streams.core.framing import NotFramed, frame, unframe
from streams.core.model import REASONS, Batch, Record
from streams.core.read import read, schema_ids
from streams.core.writers import writer_of
from streams.inlet import Inlet
from streams.log.protocol import Outgoing
from streams.pipeline import REFUSED
from streams.rejects import CORRECTED, Reject, RejectError, contents, schema_of, written


def translated(reader: Reader, inlet: Inlet, reject: Reject) -> Reject:
    """A reject of another log as this one would have it: here its schema has another id.

    Raises RegistryError.
    """
    if reject.log_id == inlet.log.id:
        return reject
    with contextlib.suppress(NotFramed):
        schema_id, body = unframe(reject.value or b"")
        writer = writers_of(reader, reject.log_id).get(schema_id)
        if writer and (name := writer_of(schema_id, writer).full_name):
            known_as = inlet.registry.register(f"{reject.topic}-{name}", writer)
            return replace(reject, value=frame(known_as, body), schema_id=known_as)
    return reject


def replayable(reader: Reader, inlet: Inlet, rejects: Iterable[Reject]) -> tuple[list[Outgoing], list[str]]:
    """The records that replay some rejects, and why others would be refused again."""
    records, faults = [], []
    for reject in rejects:
        try:
            records += replay(inlet, translated(reader, inlet, reject), datetime.now(UTC))
        except RejectError as error:
            faults.append(str(error))
    return records, faults


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
    writers = {number: writer_of(number, schema_of(inlet, number)) for number in schema_ids(batch)}
    reading = read(batch, inlet.catalogue, writers)
    if reading.rejected:
        return f"{reading.rejected[0].reason}: {reading.rejected[0].detail}"
    return "input_refused: mend the row with `rundum rejected repair`" if REFUSED in reading.events else ""


def _contract(inlet: Inlet, reject: Reject) -> EventType:
    """The contract that a reject should have fitted."""
    events = inlet.catalogue
    name = written(inlet, reject.value)[0].full_name
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
    writer, schema, _ = written(inlet, reject.value)
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
