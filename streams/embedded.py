"""The one SQLite file of the embedded mode: the log and the registry keep their tables in it.

Decides how the file is made, opened, locked, and what people read when that fails. Must never change a file
that is not ours, and must never open it but through SQLite: closing any other handle would drop its locks.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

APPLICATION_ID = 0x52554E44  # "RUND", in the header that `file` and SQLite show
VERSION = 1
BUSY_SECONDS = 30
LOOKS, LOOK_PAUSE = 5, 0.05  # at a file, until what it seems to be is believed

TABLES = (
    "CREATE TABLE meta (log_id TEXT NOT NULL)",
    # Trimming never touches `head`, so offsets cannot start again.
    """CREATE TABLE place (
        id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
        start INTEGER NOT NULL, head INTEGER NOT NULL, newest INTEGER NOT NULL, UNIQUE (topic, partition))""",
    """CREATE TABLE record (
        place INTEGER NOT NULL, offset INTEGER NOT NULL, timestamp INTEGER NOT NULL,
        key BLOB, value BLOB, headers BLOB, PRIMARY KEY (place, offset)) WITHOUT ROWID""",
    """CREATE TABLE writer_schema (
        id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, fingerprint TEXT NOT NULL UNIQUE,
        schema TEXT NOT NULL)""",
)
PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA cache_size = -32768",
    "PRAGMA wal_autocheckpoint = 2048",  # pages: 16 MiB, fewer checkpoints amid large batches
    "PRAGMA journal_size_limit = 67108864",
)
MENDS = {
    "SQLITE_BUSY": f"another process has held it for {BUSY_SECONDS} seconds; end that process or try again",
    "SQLITE_FULL": "the disk is full; free some space and try again, nothing of this was kept",
    "SQLITE_IOERR": "the disk failed or is full; check it and try again, nothing of this was kept",
    "SQLITE_READONLY": "it may not be written; give this user the right to write the file and its directory",
    "SQLITE_CANTOPEN": "it cannot be opened; give this user the right to write the file and its directory",
    "SQLITE_PERM": "it may not be opened; give this user the right to write the file and its directory",
    "SQLITE_CORRUPT": "it is damaged; restore it from a backup",
    "SQLITE_NOTADB": "it is not a Rundum log; give the path of one, or of a file that does not exist yet",
    "SQLITE_TOOBIG": "a record is larger than SQLite can hold; make it smaller",
}
UNKNOWN = "try again, and if it fails again restore it from a backup"


class SqliteFile:
    """An open file of the embedded mode, made if it did not exist. For one thread at a time, not across fork.

    Whatever goes wrong is raised as `failure`, with a sentence that names the file and the mend.
    """

    def __init__(self, path: str | Path, failure: type[Exception]) -> None:
        """Open or make the file at `path`; one that is not ours stays as it is."""
        self.path = Path(path)
        self._failure = failure
        self._look()
        with self._explained():
            self._connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write: all or nothing, alone among all processes, durable at the end."""
        with self._between("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read: one state of the file, whatever others write meanwhile."""
        with self._between("BEGIN") as connection:
            yield connection

    def scrub(self) -> None:
        """Overwrite what deleted rows have left in the write-ahead log, unless a reader is in the way."""
        with self._explained():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._connection.close()

    @contextmanager
    def _between(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._explained():
            self._connection.execute(begin)
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _look(self) -> None:
        """Refuse what is not ours before SQLite could leave a trace on it."""
        if not self.path.parent.is_dir():
            raise self._failed(f"there is no directory {self.path.parent}; make it or give another path")
        if self.path.is_dir():
            raise self._failed("it is a directory; give the path of a file in it")
        if not self.path.exists():
            with self._explained():
                self.path.touch(mode=0o600)  # it holds personal data
        if not (os.access(self.path, os.R_OK | os.W_OK) and os.access(self.path.parent, os.W_OK | os.X_OK)):
            raise self._failed(MENDS["SQLITE_READONLY"])
        for left in reversed(range(LOOKS)):
            try:
                self._glance()
                return
            except Exception:
                if not left:
                    raise
                time.sleep(LOOK_PAUSE)  # somebody who makes the file can be amid a page

    def _glance(self) -> None:
        """Reads whose file it is, without a lock that would leave a trace."""
        if self.path.stat().st_size:
            immutable = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
            with self._explained(), closing(sqlite3.connect(immutable, uri=True)) as connection:
                self._check(connection)

    def _prepare(self) -> None:
        with self._explained():
            self._connection.execute("PRAGMA page_size = 8192")
        with self.transaction() as connection:
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for table in TABLES:
                    connection.execute(table)
                connection.execute("INSERT INTO meta VALUES (?)", (str(uuid4()),))
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
        with self._explained():
            self._check(self._connection)
            self._connection.execute("PRAGMA journal_mode = WAL").fetchall()
            for pragma in PRAGMAS:
                self._connection.execute(pragma).fetchall()
            self.log_id = str(self._connection.execute("SELECT log_id FROM meta").fetchone()[0])

    def _check(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise self._failed(f"it is another program's database: {MENDS['SQLITE_NOTADB']}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise self._failed(
                f"it has version {version} and this Rundum knows {VERSION}; use the Rundum that wrote it"
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._failed(f"{error.strerror}; {MENDS['SQLITE_CANTOPEN']}") from error
        except sqlite3.Error as error:
            name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
            raise self._failed(f"{MENDS.get(name, UNKNOWN)} ({error})") from error

    def _failed(self, reason: str) -> Exception:
        return self._failure(f"{self.path}: {reason}")
