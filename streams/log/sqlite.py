"""The embedded log: records in one SQLite file, appended by any number of processes.

Decides offsets, partitions and how much of which place a batch takes. Must never look into a value.
"""

from __future__ import annotations

import time
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import accumulate, starmap
from pathlib import Path
from sqlite3 import Connection
from typing import NamedTuple, Self

from streams.core.model import Batch, Place, Record
from streams.embedded import SqliteFile
from streams.log.protocol import Ends, LogError, Outgoing, check_head, check_start, may_be_trimmed
from streams.log.shares import fair_shares

BATCH_BYTES = 32 * 2**20
CHUNK_RECORDS = 128  # in memory at a time beyond those that fit; an event has up to 256 KiB
TRIM_RECORDS = 20_000  # a transaction, so that appending processes get their turn

PLACES = "SELECT id, topic, partition, start, head FROM place ORDER BY id"
RECORDS = """
    SELECT offset, timestamp, key, value, headers FROM record
    WHERE place = ? AND offset >= ? AND offset < ? ORDER BY offset"""
TIMESTAMP = "SELECT timestamp FROM record WHERE place = ? AND offset = ?"
FIND = "SELECT id, head, newest FROM place WHERE topic = ? AND partition = ?"
FOUND = "INSERT INTO place (topic, partition, start, head, newest) VALUES (?, ?, 0, 0, 0)"
ADVANCE = "UPDATE place SET head = ?, newest = ? WHERE id = ?"
APPEND = "INSERT INTO record (place, offset, timestamp, key, value, headers) VALUES (?, ?, ?, ?, ?, ?)"


class Waiting(NamedTuple):
    """What a reader has not seen of a place: so many records, `unread`, from `position` on."""

    place_id: int
    place: Place
    position: int
    unread: int


def now_micros() -> int:
    """The system's clock in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


class SqliteLog:
    """A `Log` in an SQLite file, made if it did not exist. For one thread at a time, not across fork.

    `partitions` is how many a topic has, 1 where it is not named; `clock` gives microseconds since 1970, UTC.
    Raises LogError for a file that is not ours, damaged, or may not be written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        partitions: Mapping[str, int] | None = None,
        clock: Callable[[], int] = now_micros,
    ) -> None:
        """Open or make the log at `path`."""
        self._partitions = dict(partitions or {})
        self._clock = clock
        self._last_served = 0
        self._file = SqliteFile(path, LogError)
        self.id = self._file.log_id

    def append(self, records: Sequence[Outgoing]) -> list[int]:
        """Append all or nothing; the offsets, in the order given."""
        if not records:
            return []
        by_place: dict[Place, list[int]] = {}
        for index, record in enumerate(records):
            by_place.setdefault(self._place_of(record), []).append(index)
        offsets = [0] * len(records)
        with self._file.transaction() as connection:
            now = self._clock()
            for place, indexes in by_place.items():
                head = _append_to(connection, place, [records[index] for index in indexes], now)
                for offset, index in enumerate(indexes, head):
                    offsets[index] = offset
        return offsets

    def ends(self) -> dict[Place, Ends]:
        """The ends of every known place."""
        with self._file.snapshot() as connection:
            return {place: ends for _, place, ends in _places(connection)}

    def poll(self, positions: Mapping[Place, int], limit: int) -> Batch:
        """Up to `limit` records, and at most 32 MiB of them unless one alone is larger."""
        if limit < 1:
            raise ValueError(f"a batch has at least one record, not {limit}")
        records: list[Record] = []
        reached: dict[Place, int] = {}
        room = BATCH_BYTES
        with self._file.snapshot() as connection:
            found = {waiting.place: waiting for waiting in self._waiting(connection, positions)}
            shares = fair_shares({place: waiting.unread for place, waiting in found.items()}, limit)
            for waiting in (found[place]._replace(unread=share) for place, share in shares.items()):
                before = len(records)
                room = _read(connection, waiting, records, room)
                if len(records) == before:
                    break
                reached[waiting.place] = records[-1].offset + 1
                self._last_served = waiting.place_id
        return Batch(self.id, records, reached)

    def offsets_at(self, timestamp: int) -> dict[Place, int]:
        """The first offset of every place whose record is not older; the head where all are."""
        with self._file.snapshot() as connection:
            found = {}
            for place_id, place, ends in _places(connection):
                told = partial(_timestamp, connection, place_id)
                kept = range(ends.start, ends.head)
                found[place] = ends.start + bisect_left(kept, timestamp, key=told)
            return found

    def trim(self, positions: Mapping[Place, int]) -> None:
        """Forget the records below the positions and overwrite their bytes in the file."""
        with self._file.snapshot() as connection:
            known = {place: (place_id, ends) for place_id, place, ends in _places(connection)}
        for place, position in positions.items():
            check_head(self.id, place, position, known[place][1] if place in known else Ends(0, 0))
        for place in (place for place in positions if place in known and may_be_trimmed(place.topic)):
            place_id, ends = known[place]
            for start in range(ends.start, positions[place], TRIM_RECORDS):
                self._trim_to(place_id, min(start + TRIM_RECORDS, positions[place]))
        self._file.scrub()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        """The log itself; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the log."""
        self.close()

    def _place_of(self, record: Outgoing) -> Place:
        if record.partition is not None:
            return Place(record.topic, record.partition)
        count = self._partitions.get(record.topic, 1)
        return Place(record.topic, zlib.crc32(record.key) % count if record.key is not None else 0)

    def _waiting(self, connection: Connection, positions: Mapping[Place, int]) -> list[Waiting]:
        """What each place holds beyond its position, first the places whose turn it is."""
        places = list(_places(connection))
        known = {place: ends for _, place, ends in places}
        for place, position in {**dict.fromkeys(known, 0), **positions}.items():
            check_head(self.id, place, position, known.get(place, Ends(0, 0)))
            check_start(self.id, place, position, known.get(place, Ends(0, 0)))
        places.sort(key=lambda row: (row[0] <= self._last_served, row[0]))
        found = (
            Waiting(place_id, place, positions.get(place, 0), ends.head - positions.get(place, 0))
            for place_id, place, ends in places
        )
        return [waiting for waiting in found if waiting.unread]

    def _trim_to(self, place_id: int, position: int) -> None:
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM record WHERE place = ? AND offset < ?", (place_id, position))
            connection.execute("UPDATE place SET start = max(start, ?) WHERE id = ?", (position, place_id))


def _places(connection: Connection) -> Iterable[tuple[int, Place, Ends]]:
    for place_id, topic, partition, start, head in connection.execute(PLACES).fetchall():
        yield place_id, Place(topic, partition), Ends(start, head)


def _timestamp(connection: Connection, place_id: int, offset: int) -> int:
    return int(connection.execute(TIMESTAMP, (place_id, offset)).fetchone()[0])


def _append_to(connection: Connection, place: Place, records: Sequence[Outgoing], now: int) -> int:
    """Append records to one place; the offset of the first."""
    found = connection.execute(FIND, place).fetchone()
    if found is None:
        found = connection.execute(FOUND, place).lastrowid, 0, 0
    place_id, head, newest = found
    now = max(now, newest)
    rows = [
        (place_id, offset, now if timestamp is None else timestamp, key, value, headers)
        for offset, (_, value, key, _, headers, timestamp) in enumerate(records, head)
    ]
    connection.executemany(APPEND, rows)
    newest = max(newest, max(row[2] for row in rows))
    connection.execute(ADVANCE, (head + len(rows), newest, place_id))
    return int(head)


def _read(connection: Connection, waiting: Waiting, records: list[Record], room: int) -> int:
    """Add a place's records while `room` bytes last, the first of a batch always; the room then left."""
    place_id, place, position, unread = waiting
    before = len(records)
    make = partial(Record, place.topic, place.partition)
    cursor = connection.execute(RECORDS, (place_id, position, position + unread))
    while room > 0 and (rows := cursor.fetchmany(CHUNK_RECORDS)):
        sizes = [
            len(key or b"") + len(value or b"") + len(headers or b"") for _, _, key, value, headers in rows
        ]
        if sum(sizes) > room:
            fitting = bisect_right(list(accumulate(sizes)), room)
            rows = rows[: fitting if records else max(fitting, 1)]
        records.extend(starmap(make, rows))
        room -= sum(sizes)
    taken = len(records) - before
    if (room > 0 and taken < unread) or (taken and records[-1].offset != position + taken - 1):
        raise LogError(
            f"{place.topic}/{place.partition}: records from offset {position} on are missing in the log's "
            "file, though nothing trimmed them; restore it from a backup"
        )
    return room
