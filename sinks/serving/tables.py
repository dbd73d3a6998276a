"""The tables of a serving copy, and what people read when SQLite fails on them.

Decides how a copy is laid out, and its version. Must never hold what cannot be derived from the store again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

APPLICATION_ID = 0x52554E53  # "RUNS", in the header that `file` and SQLite show
VERSION = 1
CUSTOMER_ID = "customer_id"  # the kind under which a customer is found by any id ever given out

TABLES = (
    # `forgotten`: no cursor below it can go on. `access_key` hides identifiers in the access log.
    """CREATE TABLE meta (
        store_id TEXT NOT NULL, upto INTEGER NOT NULL, last_change INTEGER NOT NULL,
        forgotten INTEGER NOT NULL, applied_at TEXT NOT NULL, access_key BLOB NOT NULL)""",
    "CREATE TABLE profile (number INTEGER PRIMARY KEY, customer_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL)",
    """CREATE TABLE name (
        kind TEXT NOT NULL, value TEXT NOT NULL, customer_id TEXT NOT NULL,
        PRIMARY KEY (kind, value)) WITHOUT ROWID""",
    "CREATE INDEX name_by_customer ON name (customer_id)",
    # Counted as it goes: a count over a million members would keep a reader for a tenth of a second.
    """CREATE TABLE segment (
        name TEXT PRIMARY KEY, members INTEGER NOT NULL DEFAULT 0, forgotten INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID""",
    """CREATE TABLE member (
        segment TEXT NOT NULL, customer_id TEXT NOT NULL, since TEXT NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (segment, customer_id)) WITHOUT ROWID""",
    "CREATE INDEX member_by_customer ON member (customer_id)",
    """CREATE TRIGGER member_entered AFTER INSERT ON member
        BEGIN UPDATE segment SET members = members + 1 WHERE name = new.segment; END""",
    """CREATE TRIGGER member_left AFTER DELETE ON member
        BEGIN UPDATE segment SET members = members - 1 WHERE name = old.segment; END""",
    """CREATE TABLE change (
        change_id INTEGER PRIMARY KEY, segment TEXT NOT NULL, customer_id TEXT NOT NULL,
        entered INTEGER NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL)""",
    "CREATE INDEX change_by_segment ON change (segment)",
)
MENDS = {
    "SQLITE_BUSY": "another process keeps it; end that process or try again",
    "SQLITE_FULL": "the disk is full; free some space and try again",
    "SQLITE_IOERR": "the disk failed or is full; check it and try again",
    "SQLITE_READONLY": "it may not be written; give this user the right to write the file and its directory",
    "SQLITE_CANTOPEN": "it cannot be opened; give this user the right to write the file and its directory",
    "SQLITE_PERM": "it may not be opened; give this user the right to write the file and its directory",
}
DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_SCHEMA"}


class CopyError(Exception):
    """A copy that cannot be used; the text names the file and the mend."""


class CopyDamaged(CopyError):
    """A copy that is not whole: it must be made anew from the store."""


@contextmanager
def explained(file: Path) -> Iterator[None]:
    """Within, failures of SQLite and the disk are raised as CopyError."""
    try:
        yield
    except OSError as error:
        raise CopyError(
            f"{file}: {error.strerror}; check the disk and the rights of the directory"
        ) from error
    except sqlite3.Error as error:
        name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        if name in DAMAGED:
            raise CopyDamaged(f"{file}: the copy is damaged; make it anew ({error})") from error
        raise CopyError(f"{file}: {MENDS.get(name, 'try again, else make it anew')} ({error})") from error


def is_of_this_version(connection: sqlite3.Connection) -> bool:
    """Whether an open file is a copy as this module makes it."""
    found = [
        connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("application_id", "user_version")
    ]
    return found == [APPLICATION_ID, VERSION]
