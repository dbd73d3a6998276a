"""Landing: which records of a batch are news, and all that is primary about them.

Decides duplicates and conflicts; writes typed tables, spine, rejects, ledger, positions. Must never derive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter

import pyarrow as pa

from schemas.catalogue import EventType
from schemas.columns import quote
from sinks.duckdb.database import Database
from sinks.duckdb.sql import literal, script
from sinks.duckdb.stage import Stage
from streams.core.model import Batch, Place, Record, Rejected

PLACE = itemgetter(Record._fields.index("topic"), Record._fields.index("partition"))


def pass_over(database: Database, stage: Stage, repeated: Sequence[int]) -> None:
    """Counts records that say nothing new as said before; `repeated` are their indices in the batch."""
    if repeated:
        seqs = stage.arrival.seq[list(repeated)].tolist()
        database.run("INSERT INTO duplicate SELECT unnest($seqs::BIGINT[])", {"seqs": seqs})


def land_events(
    database: Database, stage: Stage, types: Mapping[str, EventType], landed_at: datetime
) -> tuple[int, int, int, int]:
    """Decides the contests and writes what is fresh. Returns (landed, duplicate, conflicting, displaced)."""
    database.step("contested")
    contested = [row[0] for row in database.rows("SELECT DISTINCT event_type FROM contested ORDER BY ALL")]
    for event_type in contested:
        _contest(database, types[event_type], stage.events[event_type], landed_at)
    if contested:
        database.step("contest_end")
    database.step("land_event", landed_at=landed_at)
    for event_type, staged in stage.events.items():
        land_typed(database, types[event_type], staged, landed_at, only_fresh=bool(contested))
    counts = database.rows(
        "SELECT (SELECT count(*) FROM batch_event), (SELECT count(*) FROM duplicate),"
        " (SELECT count(*) FROM lost), (SELECT count(*) FROM displaced)"
    )
    landed, duplicate, lost, displaced = counts[0]
    return landed, duplicate, lost + displaced, displaced


def land_typed(
    database: Database, event: EventType, staged: str, landed_at: datetime, *, only_fresh: bool
) -> None:
    """Writes staged rows of one event type to its typed table."""
    news = " SEMI JOIN batch_event USING (landed_seq)" if only_fresh else ""
    database.run(
        f"INSERT INTO {event.table} BY NAME SELECT *, $landed_at::TIMESTAMP AS landed_at FROM {staged}{news}",
        {"landed_at": landed_at},
    )


def content_of(event: EventType) -> str:
    """The SQL of an event's whole content as canonical text, the same however it was written."""
    pairs = [f"{literal(name)}: {quote(name)}" for name in [*event.arrow.names, "extra"]]
    return f"to_json({{{', '.join(pairs)}}})::VARCHAR"


def _contest(database: Database, event: EventType, staged: str, landed_at: datetime) -> None:
    steps = script("steps", "contest").text.format(
        event_type=literal(event.name), typed=event.table, staged=staged, content=content_of(event)
    )
    database.run_script(steps, {"landed_at": landed_at})


def reject(database: Database, batch: Batch, rejected: Sequence[Rejected], landed_at: datetime) -> None:
    """Keeps rejected records with their bytes and reasons, one row a record."""
    if not rejected:
        return
    first = (database.value("SELECT max(rejected_id) FROM ops.rejected") or 0) + 1
    rows = [_reject_row(batch.records[one.record], one) for one in rejected]
    table = pa.Table.from_pylist(rows, schema=_REJECTED)
    database.connection.register("arrow_rejected", table)
    database.run(
        "INSERT INTO ops.rejected BY NAME SELECT *, ? + row_number() OVER () - 1 AS rejected_id,"
        " ? AS log_id, ?::TIMESTAMP AS landed_at FROM arrow_rejected",
        [first, batch.log_id, landed_at],
    )
    database.connection.unregister("arrow_rejected")


_REJECTED = pa.schema(
    [
        ("topic", pa.string()), ("partition", pa.int32()), ("offset", pa.int64()),
        ("received_at", pa.timestamp("us")), ("event_type", pa.string()), ("schema_id", pa.int32()),
        ("reason", pa.string()), ("field", pa.string()), ("expected", pa.string()), ("got", pa.string()),
        ("detail", pa.string()), ("headers", pa.binary()), ("value", pa.binary()),
    ]
)  # fmt: skip


def _reject_row(record: Record, one: Rejected) -> dict[str, object]:
    return {
        "topic": record.topic, "partition": record.partition, "offset": record.offset,
        "received_at": record.timestamp, "event_type": one.event_type or None, "schema_id": one.schema_id,
        "reason": one.reason, "field": one.field or None, "expected": one.expected or None,
        "got": one.got or None, "detail": one.detail or None, "headers": record.headers,
        "value": record.value,
    }  # fmt: skip


def account(database: Database, batch: Batch, known: Mapping[Place, int], landed_at: datetime) -> None:
    """Moves the positions and counts the batch in the ledger. `known` are the positions before the batch."""
    gaps = _gaps(batch, known, landed_at)
    database.connection.register("arrow_gap", gaps)
    database.step("account", log_id=batch.log_id)
    database.connection.unregister("arrow_gap")
    for place, offset in sorted(batch.positions.items()):
        where = [batch.log_id, place.topic, place.partition]
        database.run("DELETE FROM ops.position WHERE log_id = ? AND topic = ? AND partition = ?", where)
        row = [*where, offset, batch.lives.get(place)]
        database.run("INSERT INTO ops.position VALUES (?, ?, ?, ?, ?)", row)


def _gaps(batch: Batch, known: Mapping[Place, int], landed_at: datetime) -> pa.Table:
    """Offsets between the old and the new position that hold no record, at the hour of landing."""
    given = Counter(map(PLACE, batch.records))
    hour = landed_at.replace(minute=0, second=0, microsecond=0)
    rows = [
        {"topic": place.topic, "partition": place.partition, "hour": hour, "gaps": gap}
        for place, offset in sorted(batch.positions.items())
        if (gap := offset - known.get(place, 0) - given[place])
    ]
    shape = pa.schema(
        [
            ("topic", pa.string()),
            ("partition", pa.int32()),
            ("hour", pa.timestamp("us")),
            ("gaps", pa.int64()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=shape)
