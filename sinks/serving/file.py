"""One file of a serving copy, open for writing.

Decides what an update does to the tables, and which changes are old enough to go. Must never tell readers
half an update: each is one transaction, and the place in the feed is part of it.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sinks.serving.tables import APPLICATION_ID, TABLES, VERSION, explained, is_of_this_version
from sinks.serving.update import Change, Update

BUSY_SECONDS = 30
KEY_BYTES = 16
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",  # never torn; what a power cut takes, the feed tells again
    "secure_delete = ON",
    "cache_size = -65536",
    "wal_autocheckpoint = 2048",
    "journal_size_limit = 67108864",
)
# A segment that was there before and comes back has lost what lies between.
ADD_SEGMENT = "INSERT OR IGNORE INTO segment (name, forgotten) SELECT ?, last_change FROM meta"
OLDEST_KEPT = "SELECT change_id FROM change WHERE unixepoch(at) >= ? ORDER BY change_id LIMIT 1"
FORGET = """
    UPDATE segment SET forgotten = max(forgotten, coalesce(
        (SELECT max(change_id) FROM change WHERE segment = name AND change_id < ?), 0))"""
SAVE = """
    INSERT INTO profile (customer_id, body) VALUES (?, ?)
    ON CONFLICT (customer_id) DO UPDATE SET body = excluded.body"""
STAND = """
    UPDATE meta SET upto = max(upto, ?), last_change = max(last_change, ?), forgotten = max(forgotten, ?),
        applied_at = ?"""


class CopyFile:
    """A file with the tables of a copy. For one thread, in the one process that has the store open."""

    def __init__(self, path: Path, keep: timedelta) -> None:
        """Opens it; one that is empty is laid out by `lay_out` next. Raises CopyError."""
        self.path, self._keep = path, keep
        with explained(path):
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None,
                check_same_thread=False,
            )  # fmt: skip

    def lay_out(self, store_id: str) -> None:
        """Makes the tables in an empty file."""
        with explained(self.path):
            self._connection.execute("PRAGMA page_size = 8192")
        self._prepare()
        with self._transaction() as connection:
            for table in TABLES:
                connection.execute(table)
            known = (store_id, 0, 0, 0, _now(), secrets.token_bytes(KEY_BYTES))
            connection.execute("INSERT INTO meta VALUES (?, ?, ?, ?, ?, ?)", known)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")

    def is_of(self, store_id: str) -> bool:
        """Whether it is a copy of this store, as this version lays copies out; prepares it if so."""
        with explained(self.path):
            ours = is_of_this_version(self._connection) and self._connection.execute(
                "SELECT count(*) FROM meta WHERE store_id = ?", (store_id,)
            ).fetchone() == (1,)
        if ours:
            self._prepare()
        return ours

    def cursor(self) -> tuple[int, int]:
        """The last number of the feed that was applied, and the last change; (0, 0) if nothing was."""
        with explained(self.path):
            upto, change = self._connection.execute("SELECT upto, last_change FROM meta").fetchone()
        return int(upto), int(change)

    def hand_down(self, heir: CopyFile) -> None:
        """Gives an empty file of the same store what only this one knows: access key, what was forgotten."""
        with explained(self.path):
            meta = self._connection.execute("SELECT access_key, forgotten FROM meta").fetchone()
            segments = self._connection.execute("SELECT name, forgotten FROM segment").fetchall()
        with heir._transaction() as connection:
            connection.execute("UPDATE meta SET access_key = ?, forgotten = ?", meta)
            connection.executemany("INSERT INTO segment (name, forgotten) VALUES (?, ?)", segments)

    def apply(self, update: Update) -> None:
        """Does what an update says, or nothing of it. Raises CopyError."""
        with self._transaction() as connection:
            if update.segments is not None:
                _keep_segments(connection, update.segments)
            _replace_customers(connection, update)
            last, floor = _append(connection, update.changes)
            self._trim(connection)
            connection.execute(STAND, (update.upto, last, max(floor, update.forgotten), _now()))

    def scrub(self) -> None:
        """Overwrites what was deleted in the write-ahead log too, unless a reader is in the way."""
        with explained(self.path):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def hurry(self) -> None:
        """Waits for the disk no more, until `settle`: nobody reads the file yet."""
        with explained(self.path):
            self._connection.execute("PRAGMA synchronous = OFF")

    def settle(self) -> None:
        """Puts all that was written on the disk, in the one file."""
        with explained(self.path):
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("UPDATE meta SET applied_at = ?", (_now(),))  # else nothing to flush
        self.scrub()
        self._prepare()

    def close(self) -> None:
        """Closes it; a second time does nothing."""
        self._connection.close()

    def _prepare(self) -> None:
        with explained(self.path):
            for pragma in PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}").fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _trim(self, connection: sqlite3.Connection) -> None:
        """Drops the changes before the first that is young enough, so that what is left has no gaps."""
        limit = int((datetime.now(UTC) - self._keep).timestamp())
        found = connection.execute(OLDEST_KEPT, (limit,)).fetchone()
        end = found[0] if found else connection.execute("SELECT 1 + max(change_id) FROM change").fetchone()[0]
        if end and connection.execute("SELECT 1 FROM change WHERE change_id < ?", (end,)).fetchone():
            connection.execute(FORGET, (end,))
            connection.execute("DELETE FROM change WHERE change_id < ?", (end,))


def _keep_segments(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    kept = {(name,) for name in names}
    gone = {*connection.execute("SELECT name FROM segment")} - kept
    connection.executemany("DELETE FROM member WHERE segment = ?", gone)
    connection.executemany("DELETE FROM change WHERE segment = ?", gone)
    connection.executemany("DELETE FROM segment WHERE name = ?", gone)
    connection.executemany(ADD_SEGMENT, kept)


def _replace_customers(connection: sqlite3.Connection, update: Update) -> None:
    """Deletes first, so that a name or a membership is never there twice."""
    gone = [(customer,) for customer in update.gone]
    told = [(profile.customer_id,) for profile in update.profiles]
    regrouped = [(customer,) for customer in update.regrouped]
    connection.executemany("DELETE FROM profile WHERE customer_id = ?", gone)
    connection.executemany("DELETE FROM name WHERE customer_id = ?", gone + told)
    connection.executemany("DELETE FROM member WHERE customer_id = ?", gone + told + regrouped)
    connection.executemany(SAVE, update.profiles)
    connection.executemany("INSERT OR REPLACE INTO name VALUES (?, ?, ?)", update.names)
    members = {one[:2]: one for one in update.members}
    connection.executemany(ADD_SEGMENT, {(segment,) for segment, _ in members})
    connection.executemany("INSERT INTO member VALUES (?, ?, ?, ?)", members.values())


def _append(connection: sqlite3.Connection, changes: Iterable[Change]) -> tuple[int, int]:
    """Appends what is new, in order. Gives the last number, and the one before the first of a new copy."""
    (last,) = connection.execute("SELECT last_change FROM meta").fetchone()
    new = sorted(change for change in changes if change.change_id > last)
    if not new:
        return last, 0
    connection.executemany(ADD_SEGMENT, {(one.segment,) for one in new})
    connection.executemany("INSERT OR IGNORE INTO change VALUES (?, ?, ?, ?, ?, ?)", new)
    return new[-1].change_id, 0 if last else new[0].change_id - 1


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
