"""The vocabulary that the steps of the pipeline share.

Decides nothing: only the shapes of what flows from log to store. Must never hold behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa


class Record(NamedTuple):
    """One record of a log. `timestamp` is when it was appended, in microseconds since 1970, UTC."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: bytes | None = None


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True)
class Batch:
    """Records of one log, offsets rising within each place.

    `positions` is, for each place read, the offset to go on from, beyond the last record and gaps. `lives`
    names what the log had in its places after the records were read, where it can tell: a topic that was
    deleted and made anew has another life.
    """

    log_id: str
    records: Sequence[Record]
    positions: Mapping[Place, int]
    lives: Mapping[Place, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rejected:
    """Why one record did not become an event. `record` is its index in the batch.

    `reason` is one of REASONS; `field` the path in the contract, empty where the whole record is at fault;
    `expected` and `got` say what the field wanted and what came.
    """

    record: int
    reason: str
    detail: str
    field: str = ""
    expected: str = ""
    got: str = ""
    event_type: str = ""
    schema_id: int | None = None


REASONS = {
    "not_framed": "the value does not start with 0x00 and a schema id",
    "empty": "the record has no value",
    "too_large": "the value is larger than an event may be",
    "schema_unknown": "no registry knows the schema id",
    "schema_refused": "the writer's schema can hurt the decoder",
    "contract_unknown": "no contract has the writer schema's name",
    "not_decodable": "the bytes are not a datum of the writer's schema",
    "field_invalid": "a field holds what its contract does not allow",
    "no_identifier": "the event names nobody",
    "not_storable": "the store cannot hold the record",
    "fatal": "handling it ended the process",
    "input_refused": "a row of a file or a request did not fit its contract",
}


@dataclass(frozen=True)
class Reading:
    """What a batch says. `events` maps an event type to its rows; every row is one record.

    Columns of each table: those of the contract, then `extra` (JSON text of what the contract leaves unnamed,
    or null), `writer` (int32, the writer's schema id) and `record` (int32, the index in the batch).
    `repeated` are the indices of records that say nothing new.
    """

    events: Mapping[str, pa.Table]
    rejected: Sequence[Rejected] = field(default_factory=tuple)
    repeated: Sequence[int] = field(default_factory=tuple)
