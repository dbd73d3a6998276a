"""What must hold of a log, and between it and the store that it feeds.

Decides when the two belong together. Must never make a log, nor change one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sinks.duckdb.reader import Reader
from sinks.duckdb.store import positions_of
from streams.check.finding import BACKUP, Finding, Repair, State
from streams.core.model import Place
from streams.core.read import schema_ids
from streams.embedded import SqliteFile
from streams.log.protocol import Ends, LogError, PositionError
from streams.log.sqlite import SqliteLog
from streams.registry.sqlite import SqliteRegistry

MOST = 100_000  # records read at once
Positions = Mapping[Place, int]
FILE = "The log's file is there and sound."
RECORDS = "Every record of the log is there, and its schema is known."
POSITIONS = "The store goes on where its log has records."
TIE = (
    "put the log back that belongs to the store; where it is lost for good, `rundum check --repair` ties the "
    "store to the present one: what was in the old one only is lost either way"
)
OLDER = "the log is older than the store: put its latest state back, or `rundum restore` a backup of both"
TRIMMED = "records were trimmed before they landed: `rundum restore` a backup of store and log"
STRANGE = "the registry has lost them: `rundum restore` a backup of the log"
UNKNOWN = "they will be rejected: register the schemas, or `rundum rejected replay` once they are"


@dataclass(frozen=True)
class Fed:
    """What a store says of the log that it is fed from."""

    log: str | None
    positions: Positions = field(default_factory=dict)
    refused: frozenset[int] = frozenset()  # schema ids that nobody knew when their records came


def fed_from(reader: Reader) -> Fed:
    """What a store says of its log. Raises QueryError, StoreError."""
    log = reader.value("SELECT value FROM ops.meta WHERE key = 'log_id'")
    refused = reader.rows("SELECT DISTINCT schema_id FROM ops.rejected WHERE schema_id IS NOT NULL")
    return Fed(log, positions_of(reader, log or ""), frozenset(number for (number,) in refused))


def check_file(path: Path, fed: Fed | None) -> Finding:
    """Whether there is a log, and whether SQLite finds its file sound."""
    if not path.exists():
        if fed and fed.log:
            return Finding("log", FILE, State.WRONG, (f"{path} is not there",), 1, TIE, Repair.TIE)
        return Finding("log", FILE, State.ADVICE, (f"{path} is not there yet",), 1, "`rundum land` makes it")
    try:
        file = SqliteFile(path, LogError)
        with closing(file), file.snapshot() as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
    except LogError as error:
        return Finding("log", FILE, State.WRONG, (str(error),), 1)
    if said != ["ok"]:
        return Finding("log", FILE, State.WRONG, tuple(said), len(said), BACKUP)
    return Finding("log", FILE)


def check_positions(path: Path, fed: Fed, ask: Callable[[str], Positions]) -> Finding:
    """Whether the store's positions lie within the log; `ask` reads them again, for they move on."""
    with SqliteLog(path) as log:
        ends, name = log.ends(), log.id
    if fed.log is None:
        return Finding("positions", POSITIONS, seen=("the store is new: nothing has landed",))
    if fed.log != name:
        seen = (f"the store is fed from log {fed.log}, the log that is there is {name}",)
        return Finding("positions", POSITIONS, State.WRONG, seen, 1, TIE, Repair.TIE)
    later = ask(name)
    beyond = _faults(fed.positions, ends, lambda position, end: position > end.head)
    before = _faults(later, ends, lambda position, end: position < end.start)
    if beyond or before:
        mend = OLDER if beyond else TRIMMED
        return Finding("positions", POSITIONS, State.WRONG, (*beyond, *before), len(beyond + before), mend)
    waiting = sum(end.head - later.get(place, 0) for place, end in ends.items())
    return Finding("positions", POSITIONS, seen=(f"{max(0, waiting):,} records wait to be landed",))


def check_records(path: Path, fed: Fed) -> Finding:
    """Reads every record of the log once."""
    count, faults, strange, unknown = 0, [], set[int](), set[int]()
    with SqliteLog(path) as log, closing(SqliteRegistry(path)) as registry:
        for place, ends in log.ends().items():
            position = fed.positions.get(place, 0) if log.id == fed.log else 0
            landed = min(max(position, ends.start), ends.head)
            try:
                for batch_ids, number, is_landed in _read(log, place, ends, landed):
                    lost = {one for one in batch_ids if one < 1 or registry.fetch(one) is None} - fed.refused
                    (strange if is_landed else unknown).update(lost)
                    count += number
            except LogError as error:
                faults.append(str(error))
    if faults:
        return Finding("records", RECORDS, State.WRONG, tuple(faults), len(faults), BACKUP)
    for state, ids, mend in ((State.WRONG, strange, STRANGE), (State.ADVICE, unknown, UNKNOWN)):
        if ids:
            seen = (f"nobody knows the schemas {', '.join(map(str, sorted(ids)))} of some records",)
            return Finding("records", RECORDS, state, seen, len(ids), mend)
    return Finding("records", RECORDS, seen=(f"{count:,} records read",))


def _read(log: SqliteLog, place: Place, ends: Ends, landed: int) -> Iterator[tuple[set[int], int, bool]]:
    """Reads a place piece by piece: the schema ids, how many records, and whether these have landed."""
    for start, end, is_landed in ((ends.start, landed, True), (landed, ends.head, False)):
        position = start
        while position < end:
            aside = {other: found.head for other, found in log.ends().items()}
            try:
                batch = log.poll({**aside, place: position}, min(MOST, end - position))
            except PositionError:
                if (kept := log.ends()[place].start) <= position:
                    raise
                position = kept  # trimmed meanwhile
                continue
            position = batch.positions.get(place, position)
            yield schema_ids(batch), len(batch.records), is_landed


def _faults(
    positions: Positions, ends: Mapping[Place, Ends], is_bad: Callable[[int, Ends], bool]
) -> list[str]:
    found = []
    for place, position in sorted(positions.items()):
        end = ends.get(place, Ends(0, 0))
        if is_bad(position, end):
            found.append(
                f"{place.topic}/{place.partition}: the store goes on at {position}, the log has "
                f"{end.start} to {end.head}"
            )
    return found
