"""From the records of a batch to the columns of their contracts.

Decides which records become events, and says of every other one why not. Must never raise on data, and never
look at one event at a time where a batch will do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from schemas.catalogue import Catalogue, EventType
from streams.core.checks import check
from streams.core.decode import decode
from streams.core.faults import Fault, Place
from streams.core.framing import NotFramed, unframe
from streams.core.model import REASONS, Batch, Reading, Rejected
from streams.core.project import project
from streams.core.writers import Writer, shape_of

LARGEST_VALUE = 256 << 10
HEADER = 5
WHOLE = Fault("", "", "")


@dataclass
class _Frames:
    """The records of one writer: their indices in the batch and their Avro bodies."""

    records: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


def read(batch: Batch, catalogue: Catalogue, writers: Mapping[int, Writer]) -> Reading:
    """What a batch says: a table an event type and the rejected records. Never raises on data.

    `writers` holds the writer of every schema id that the shell could ask for (see `schema_ids`); an id that
    is not among them counts as unknown. Rows of a table and rejects are in the order of the batch.
    """
    frames, rejected = unframe_all(batch)
    parts: dict[str, list[pa.Table]] = {}
    for schema_id, framed in frames.items():
        writer = writers.get(schema_id, Writer(schema_id))
        contract = catalogue.by_full_name.get(writer.full_name)
        if contract is None:
            rejected += _refuse(writer, framed.records)
            continue
        table, refused = _read_frames(writer, contract, framed)
        parts.setdefault(contract.name, []).append(table)
        rejected += refused
    events = {name: _merge(tables) for name, tables in sorted(parts.items())}
    return Reading(
        {name: table for name, table in events.items() if len(table)},
        tuple(sorted(rejected, key=lambda one: one.record)),
    )


def schema_ids(batch: Batch) -> set[int]:
    """The schema ids that the records of a batch name: what the shell must find writers for."""
    values = (record.value for record in batch.records)
    ids = set()
    for header in {value[:HEADER] for value in values if value and len(value) <= LARGEST_VALUE}:
        with suppress(NotFramed):
            ids.add(unframe(header)[0])
    return ids


def unframe_all(batch: Batch) -> tuple[dict[int, _Frames], list[Rejected]]:
    """The records of a batch by schema id, and those that have none."""
    by_header: dict[bytes, _Frames] = {}
    rejected: list[Rejected] = []
    for index, record in enumerate(batch.records):
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


def _read_frames(writer: Writer, contract: EventType, framed: _Frames) -> tuple[pa.Table, list[Rejected]]:
    """The events of one writer and one contract, and its records that are none."""
    decoded = decode(writer, framed.bodies)
    place = Place(dict(decoded.faults), rows=decoded.rows.take)
    columns, extra = project(decoded.columns, writer.shape, shape_of(contract.schema), place)
    nameless = set(check(contract, columns, place)) - place.faults.keys()
    numbers = np.asarray(framed.records, np.int32)[decoded.rows]
    names = pa.array(np.full(len(numbers), writer.schema_id, np.int32))
    table = pa.Table.from_arrays(
        [*map(columns.field, range(len(contract.arrow))), extra, names, pa.array(numbers)],
        schema=reading_schema(contract),
    )
    if gone := place.faults.keys() | nameless:
        kept = ~np.isin(decoded.rows, np.fromiter(gone, np.int64, len(gone)))
        table = table.filter(pa.array(kept))

    def reject(row: int, reason: str, detail: str, fault: Fault = WHOLE) -> Rejected:
        return Rejected(framed.records[row], reason, detail, *fault, contract.name, writer.schema_id)

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
