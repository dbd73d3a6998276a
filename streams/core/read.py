"""From the records of a batch to the columns of their contracts.

Decides which records become events, and says of every other one why not. Must never raise on data, and never
look at one event at a time where a batch will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from schemas.catalogue import Catalogue, EventType
from schemas.foreign import Foreign
from streams.core.checks import check
from streams.core.decode import Decoded, decode
from streams.core.faults import Fault, Place
from streams.core.foreign import JSON_HINT, is_document, opening_of, says_nothing
from streams.core.foreign.gathered import gather
from streams.core.framing import NotFramed, unframe
from streams.core.model import REASONS, Batch, Reading, Rejected
from streams.core.project import project
from streams.core.writers import Writer, shape_of

LARGEST_VALUE = 256 << 10
HEADER = 5
NO_WRITER = 0
WHOLE = Fault("", "", "")


@dataclass
class _Frames:
    """The records of one writer: their indices in the batch and their Avro bodies."""

    records: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@dataclass
class _Found:
    """What was read of a batch so far: tables by event type, rejects, and records that say nothing new."""

    batch: Batch
    catalogue: Catalogue
    parts: dict[str, list[pa.Table]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)

    def keys(self, records: Iterable[int]) -> list[bytes | None]:
        return [self.batch.records[index].key for index in records]

    def add(self, contract: EventType, table: pa.Table, refused: Iterable[Rejected]) -> None:
        self.parts.setdefault(contract.name, []).append(table)
        self.rejected += refused


def read(batch: Batch, catalogue: Catalogue, writers: Mapping[int, Writer]) -> Reading:
    """What a batch says: a table an event type and the rejected records. Never raises on data.

    `writers` holds the writer of every schema id that the shell could ask for (see `schema_ids`); an id that
    is not among them counts as unknown. Rows of a table and rejects are in the order of the batch.
    """
    found = _Found(batch, catalogue)
    for declared, records in _by_origin(batch, catalogue):
        framed = _read_unframed(found, declared, records) if declared and records else records
        _read_framed(found, declared, framed, writers)
    events = {name: _merge(tables) for name, tables in sorted(found.parts.items())}
    return Reading(
        {name: table for name, table in events.items() if len(table)},
        tuple(sorted(found.rejected, key=lambda one: one.record)),
        tuple(sorted(found.repeated)),
    )


def schema_ids(batch: Batch) -> set[int]:
    """The schema ids that the records of a batch name: what the shell must find writers for."""
    values = (record.value for record in batch.records)
    ids = set()
    for header in {value[:HEADER] for value in values if value and len(value) <= LARGEST_VALUE}:
        with suppress(NotFramed):
            ids.add(unframe(header)[0])
    return ids


def unframe_all(
    batch: Batch, indices: Iterable[int] | None = None
) -> tuple[dict[int, _Frames], list[Rejected]]:
    """The records of a batch, or those of these indices, by schema id, and those that have none."""
    by_header: dict[bytes, _Frames] = {}
    rejected: list[Rejected] = []
    records = batch.records
    for index, record in enumerate(records) if indices is None else ((at, records[at]) for at in indices):
        value = record.value
        if value is None:
            rejected.append(Rejected(index, "empty", "the record has no value"))
        elif len(value) > LARGEST_VALUE:
            size = f"the value has {len(value):,} bytes; an event may have {LARGEST_VALUE:,}"
            rejected.append(Rejected(index, "too_large", size))
        else:
            header = value[:HEADER]
            frames = by_header.get(header)
            if frames is None:
                frames = by_header[header] = _Frames()
            frames.records.append(index)
            frames.bodies.append(value[HEADER:])
    known: dict[int, _Frames] = {}
    for header, frames in by_header.items():
        try:
            known[unframe(header)[0]] = frames
        except NotFramed as error:
            rejected += [Rejected(index, "not_framed", str(error)) for index in frames.records]
    return known, rejected


def _by_origin(batch: Batch, catalogue: Catalogue) -> list[tuple[Foreign | None, list[int] | None]]:
    """The records of our topics, and those of each foreign one; None is all of them."""
    foreign = catalogue.foreign and catalogue.foreign.keys() & {record.topic for record in batch.records}
    if not foreign:
        return [(None, None)]
    shares: dict[str, list[int]] = {}
    for index, record in enumerate(batch.records):
        shares.setdefault(record.topic if record.topic in foreign else "", []).append(index)
    return [(catalogue.foreign.get(topic), records) for topic, records in shares.items()]


def _read_unframed(found: _Found, declared: Foreign, records: Sequence[int]) -> list[int]:
    """Reads what a foreign topic holds beside framed Avro; returns the records that are left."""
    documents: dict[int, bytes] = {}
    framed = []
    for index in records:
        value = found.batch.records[index].value
        if says_nothing(declared, value):
            found.repeated.append(index)
        elif value is not None and len(value) <= LARGEST_VALUE and is_document(declared, value):
            documents[index] = value
        else:
            framed.append(index)
    if documents:
        _read_documents(found, declared, documents)
    return framed


def _read_documents(found: _Found, declared: Foreign, documents: Mapping[int, bytes]) -> None:
    contract = found.catalogue.events[declared.event]
    records = list(documents)
    gathered = gather(declared, shape_of(contract.schema), list(documents.values()), found.keys(records))
    found.repeated += [records[row] for row in gathered.silent]
    found.rejected += [
        Rejected(records[row], "not_decodable", detail, event_type=contract.name)
        for row, detail in gathered.bad.items()
    ]
    for decoded, shape in gathered.parts:
        found.add(contract, *_events(Writer(NO_WRITER, shape=shape), contract, decoded, records))


def _read_framed(
    found: _Found, declared: Foreign | None, records: list[int] | None, writers: Mapping[int, Writer]
) -> None:
    frames, refused = unframe_all(found.batch, records)
    found.rejected += [_hinted(one, declared) for one in refused]
    for schema_id, framed in frames.items():
        writer = writers.get(schema_id, Writer(schema_id))
        contract = found.catalogue.by_full_name.get(writer.full_name)
        if contract is not None:
            decoded = decode(writer, framed.bodies)
            found.add(contract, *_events(writer, contract, decoded, framed.records))
        elif declared and writer.shape is not None:
            _read_wrapped(found, declared, writer, framed)
        else:
            found.rejected += _refuse(writer, framed.records)


def _read_wrapped(found: _Found, declared: Foreign, writer: Writer, framed: _Frames) -> None:
    contract = found.catalogue.events[declared.event]
    wanted, keys = shape_of(contract.schema), found.keys(framed.records)
    opening, why = opening_of(declared, wanted, writer.shape, keys)
    if opening is None:
        found.rejected += [
            Rejected(record, "not_decodable", why, event_type=contract.name, schema_id=writer.schema_id)
            for record in framed.records
        ]
        return
    decoded = decode(writer, framed.bodies, opening)
    found.add(contract, *_events(replace(writer, shape=opening.shape), contract, decoded, framed.records))


def _hinted(one: Rejected, declared: Foreign | None) -> Rejected:
    is_json = declared and one.reason == "not_framed" and declared.format == "debezium"
    return replace(one, detail=one.detail + JSON_HINT) if is_json else one


def _events(
    writer: Writer, contract: EventType, decoded: Decoded, records: Sequence[int]
) -> tuple[pa.Table, list[Rejected]]:
    """The events of one contract, in columns of the writer's shape, and the records that are none."""
    place = Place(dict(decoded.faults), rows=decoded.rows.take)
    columns, extra = project(decoded.columns, writer.shape, shape_of(contract.schema), place)
    nameless = set(check(contract, columns, place)) - place.faults.keys()
    numbers = np.asarray(records, np.int32)[decoded.rows]
    names = pa.array(np.full(len(numbers), writer.schema_id, np.int32))
    table = pa.Table.from_arrays(
        [*map(columns.field, range(len(contract.arrow))), extra, names, pa.array(numbers)],
        schema=reading_schema(contract),
    )
    if gone := place.faults.keys() | nameless:
        kept = ~np.isin(decoded.rows, np.fromiter(gone, np.int64, len(gone)))
        table = table.filter(pa.array(kept))

    def reject(row: int, reason: str, detail: str, fault: Fault = WHOLE) -> Rejected:
        return Rejected(records[row], reason, detail, *fault, contract.name, writer.schema_id or None)

    return table, [
        *(reject(row, "not_decodable", detail) for row, detail in decoded.bad.items()),
        *(reject(row, "field_invalid", str(fault), fault) for row, fault in place.faults.items()),
        *(reject(row, "no_identifier", REASONS["no_identifier"]) for row in nameless),
    ]


def reading_schema(contract: EventType) -> pa.Schema:
    """The columns of a reading of a contract."""
    extra, writer = pa.field("extra", pa.string()), pa.field("writer", pa.int32(), nullable=False)
    return pa.schema([*contract.arrow, extra, writer, pa.field("record", pa.int32(), nullable=False)])


def _merge(tables: Sequence[pa.Table]) -> pa.Table:
    """One table in the order of the batch, in one chunk."""
    if len(tables) == 1:
        return tables[0].combine_chunks()
    return pa.concat_tables(tables).combine_chunks().sort_by("record")


def _refuse(writer: Writer, records: Sequence[int]) -> list[Rejected]:
    """The records of a writer that nothing can be decoded with."""
    if not writer.known:
        reason, detail = "schema_unknown", f"no registry knows the schema id {writer.schema_id}"
    elif writer.problems:
        reason, detail = "schema_refused", f"the schema {writer.schema_id}: {'; '.join(writer.problems)}"
    else:
        reason, detail = "contract_unknown", f"no contract has the name {writer.full_name}"
    return [Rejected(record, reason, detail, schema_id=writer.schema_id) for record in records]
