"""START HERE. The whole program: records of any log become events, identities and profiles in the store.

Decides the order read -> identify -> commit, and what to do when the store cannot hold a record. Must never
read a clock: the caller says when a batch lands.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from schemas.catalogue import OWN
from sinks.duckdb.store import DataError, Landing, Store
from streams.attempts import Attempts
from streams.core.identify import Named, identify
from streams.core.model import Batch, Place, Reading, Rejected
from streams.core.read import read, schema_ids
from streams.core.writers import Writer, writer_of
from streams.log.protocol import Log, LogUnreachable, PositionError, check_life, lives_in
from streams.registry.protocol import RegistryUnreachable, Schemas

REFUSED = f"{OWN}/input_refused"
BATCH = 122_880  # a row group of DuckDB: a full one goes to the file at once, not first through its WAL


class Pipeline:
    """One store fed through one registry."""

    def __init__(self, store: Store, registry: Schemas) -> None:
        """Knows no writer's schema yet; they are fetched when a record names them."""
        self.store = store
        self.registry = registry
        self.writers: dict[int, Writer] = {}
        self.held: dict[int, RegistryUnreachable] = {}  # schema ids of the last batch that nobody could tell
        self._remembers = ""  # the log whose writers the store has given back

    def handle(self, batch: Batch, landed_at: datetime) -> Landing:
        """Lands one batch in one transaction. `landed_at` (UTC, no zone) rises from batch to batch.

        Records whose schema the registry cannot tell now stay in the log, and what follows them there. Raises
        RegistryUnreachable if that leaves nothing to land.
        """
        writers = self._writers_of(batch)
        if self.held:
            batch = _before(batch, self.held)
            if not batch.records:
                raise next(iter(self.held.values()))
        reading = read(batch, self.store.catalogue, writers)
        tables, refused = _take_refused(reading)
        naming = self.store.naming
        named = identify(tables, len(batch.records), naming)
        if named.unknown:
            tables, strangers = _reject_unknown(tables, named)
            refused = [*refused, *strangers]
            named = identify(tables, len(batch.records), naming)
        try:
            said = Reading(tables, [*reading.rejected, *refused], reading.repeated)
            return self.store.commit(batch, said, named, landed_at)
        except DataError as error:
            return self._bisect(batch, landed_at, error)

    def _bisect(self, batch: Batch, landed_at: datetime, error: DataError) -> Landing:
        """Lands what can be landed, and rejects the records that the store cannot hold, one by one."""
        if len(batch.records) == 1:
            why = Rejected(0, "not_storable", str(error))
            nobody = identify({}, 1, self.store.naming)
            return self.store.commit(batch, Reading({}, [why]), nobody, landed_at)
        middle = len(batch.records) // 2
        landing = Landing()
        for at, part in enumerate(_halves(batch, middle)):
            landing += self.handle(part, landed_at + timedelta(microseconds=at))
            landed_at = self.store.last_landed_at() or landed_at
        return landing

    def _writers_of(self, batch: Batch) -> Mapping[int, Writer]:
        """The writers that the batch names; those nobody knows are asked for again next time."""
        self.held = {}
        needed = schema_ids(batch) - self.writers.keys()
        if needed and self._remembers != batch.log_id:
            known = self.store.writers(batch.log_id)
            self.writers |= {schema_id: writer_of(schema_id, text) for schema_id, text in known.items()}
            self._remembers, needed = batch.log_id, needed - self.writers.keys()
        told: dict[int, str] = {}
        strangers: dict[int, Writer] = {}
        for schema_id in needed:
            try:
                found = self.registry.fetch(schema_id) if schema_id > 0 else None
            except RegistryUnreachable as failure:
                self.held[schema_id] = failure
                continue
            if found is None:
                strangers[schema_id] = writer_of(schema_id, None)
            else:
                told[schema_id] = found
        if told:
            self.store.keep_writers(batch.log_id, told)
            self.writers |= {schema_id: writer_of(schema_id, text) for schema_id, text in told.items()}
        return self.writers | strangers


def _take_refused(reading: Reading) -> tuple[dict[str, pa.Table], list[Rejected]]:
    """Rows of files and requests that did not fit their contract came as events of their own: rejects."""
    tables = dict(reading.events)
    table = tables.pop(REFUSED, None)
    if table is None:
        return tables, []
    return tables, [
        Rejected(
            record=row["record"], reason="input_refused",
            detail=f"{row['reason']} ({row['file']}, row {row['row']})",
            field=row["field"] or "", expected=row["expected"] or "", got=row["got"] or "",
            event_type=row["event_type"],
        )
        for row in table.to_pylist()
    ]  # fmt: skip


def _reject_unknown(
    tables: Mapping[str, pa.Table], named: Named
) -> tuple[dict[str, pa.Table], list[Rejected]]:
    """Events about an identifier of a kind that nobody has declared."""
    bad = {record: (field, kind) for record, field, kind in named.unknown}
    kept = {}
    rejected = []
    for event_type, table in tables.items():
        is_bad = pc.is_in(table.column("record"), value_set=pa.array(list(bad), pa.int32()))
        kept[event_type] = table.filter(pc.invert(is_bad))
        for record in table.filter(is_bad).column("record").to_pylist():
            field, kind = bad[record]
            detail = f"{kind} is no kind of identifier; see identifiers.toml"
            rejected.append(
                Rejected(record, "field_invalid", detail, field, "a declared kind", kind, event_type)
            )
    return {name: table for name, table in kept.items() if len(table)}, rejected


def _before(batch: Batch, held: Collection[int]) -> Batch:
    """The records of each place before the first one that needs one of some schemas."""
    ends: dict[Place, int] = {}
    records = []
    for record in batch.records:
        place = Place(record.topic, record.partition)
        if place in ends:
            continue
        if schema_ids(Batch(batch.log_id, [record], {})).isdisjoint(held):
            records.append(record)
        else:
            ends[place] = record.offset
    return replace(batch, records=records, positions={**batch.positions, **ends})


def _halves(batch: Batch, middle: int) -> Iterator[Batch]:
    first: dict[Place, int] = {}
    for record in batch.records[:middle]:
        first[Place(record.topic, record.partition)] = record.offset + 1
    yield replace(batch, records=batch.records[:middle], positions=first)
    yield replace(batch, records=batch.records[middle:])


def drain(
    pipeline: Pipeline, log: Log, clock: Callable[[], datetime], *, batch_size: int = BATCH
) -> Iterator[Landing]:
    """Lands what is in the log until nothing is left; yields after each batch, when it is safe."""
    store = pipeline.store
    attempts = Attempts(store.database.path)
    while True:
        with uncollected():
            positions = store.positions(log.id)
            try:
                batch = log.poll(positions, batch_size)
            except (PositionError, LogUnreachable):  # a topic that was made anew can look like it
                _check_lives(store, log.id, lives_in(log, log.ends()))
                raise
            _check_lives(store, log.id, batch.lives)
            if not batch.records and not batch.positions:
                return
            with attempts.marked(batch, positions):
                landing = pipeline.handle(batch, later(store.last_landed_at(), clock()))
        yield landing


def _check_lives(store: Store, log_id: str, lives: Mapping[Place, str]) -> None:
    for place, life in store.lives(log_id).items():
        check_life(log_id, place, life, lives.get(place))


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: a batch makes a million objects and no cycles worth looking for."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def later(last: datetime | None, now: datetime) -> datetime:
    """Landing times rise strictly, whatever the clock does."""
    return now if last is None or now > last else last + timedelta(microseconds=1)


def utc_now() -> datetime:
    """The wall clock, UTC, without a zone as the store keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def micros(at: datetime) -> int:
    """A time (UTC, no zone) in microseconds since 1970."""
    return (at - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001


def waiting(log: Log, positions: Mapping[Place, int]) -> int:
    """How many offsets the store has still to read."""
    return sum(ends.head - positions.get(place, 0) for place, ends in log.ends().items())
