"""The serving copy as readers have it, in any process and from many threads.

Decides what one answer holds, and when a copy is not there to be read. Must never write, nor mix two states
of the copy in one answer.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sinks.serving.tables import CUSTOMER_ID, is_of_this_version

TRIES = 5  # at a copy that is replaced while it is opened
BUSY_SECONDS = 5
CUSTOMER = """
    SELECT customer_id, body FROM profile WHERE customer_id = coalesce(
        (SELECT customer_id FROM name WHERE kind = ? AND value = ?), CASE WHEN ? THEN ? END)"""
MEMBERSHIPS = "SELECT segment, since, reason FROM member WHERE customer_id = ? ORDER BY segment"
MEMBERS = """
    SELECT customer_id, since, reason FROM member WHERE segment = ? AND customer_id > ?
    ORDER BY customer_id LIMIT ?"""
CHANGES = """
    SELECT change_id, customer_id, entered, at, reason FROM change WHERE segment = ? AND change_id > ?
    ORDER BY change_id LIMIT ?"""
OLDEST = """
    SELECT max(segment.forgotten, meta.forgotten), last_change, store_id FROM segment, meta
    WHERE segment.name = ?"""


class CopyMissing(Exception):
    """There is no copy to read now; the text says why, and what to do."""


class Forgotten(Exception):
    """Changes after this place are not known any more; the text says why."""


class Page(NamedTuple):
    """Some rows, and whether there are more. `newest` is the last change that they know of."""

    rows: list[dict[str, Any]]
    is_last: bool
    newest: int
    store_id: str


class Standing(NamedTuple):
    """How far a copy is: number of the feed, last change, when something was last applied (ISO, UTC)."""

    store_id: str
    upto: int
    newest: int
    applied_at: str


class CopyReader:
    """Reads the copy that a link names, and the next one once the link names that."""

    def __init__(self, path: Path) -> None:
        """Opens nothing yet: the copy may come later."""
        self.path = path
        self._lock = threading.Lock()
        self._idle: list[tuple[str, sqlite3.Connection]] = []

    def customer(self, kind: str, value: str) -> dict[str, Any] | None:
        """The customer that a normalised identifier means: customer_id, profile and segments."""
        by_id = kind == CUSTOMER_ID
        with self._snapshot() as connection:
            found = connection.execute(CUSTOMER, (kind, value, by_id, value)).fetchone()
            if not found:
                return None
            segments = connection.execute(MEMBERSHIPS, found[:1]).fetchall()
        return {
            "customer_id": found[0],
            "profile": json.loads(found[1]),
            "segments": [
                {"name": name, "since": since, "reason": json.loads(reason)}
                for name, since, reason in segments
            ],
        }

    def segments(self) -> list[dict[str, Any]]:
        """Every segment, with how many are in it."""
        with self._snapshot() as connection:
            rows = connection.execute("SELECT name, members FROM segment ORDER BY name").fetchall()
        return [{"name": name, "members": members} for name, members in rows]

    def members(self, segment: str, after: str | None, limit: int) -> Page | None:
        """Members after a customer id, in order of these; None if there is no such segment."""
        with self._snapshot() as connection:
            known = connection.execute(OLDEST, (segment,)).fetchone()
            if not known:
                return None
            rows = connection.execute(MEMBERS, (segment, after or "", limit + 1)).fetchall()
        members = [
            {"customer_id": customer, "since": since, "reason": json.loads(reason)}
            for customer, since, reason in rows[:limit]
        ]
        return Page(members, len(rows) <= limit, *known[1:])

    def changes(self, segment: str, after: int | None, limit: int) -> Page | None:
        """Changes after a number; None: from the oldest that is kept. Raises Forgotten.

        None is returned if there is no such segment.
        """
        with self._snapshot() as connection:
            known = connection.execute(OLDEST, (segment,)).fetchone()
            if not known:
                return None
            oldest, newest, store_id = known
            if after is not None and after < oldest:
                raise Forgotten("changes after this cursor are not kept any more")
            if after is not None and after > newest:
                raise Forgotten("this cursor is of another state of the store")
            rows = connection.execute(CHANGES, (segment, oldest if after is None else after, limit + 1))
            found = rows.fetchall()
        changes = [
            {
                "change_id": number, "customer_id": customer, "entered": bool(entered), "at": at,
                "reason": json.loads(reason),
            }
            for number, customer, entered, at, reason in found[:limit]
        ]  # fmt: skip
        return Page(changes, len(found) <= limit, newest, store_id)

    def oldest_change(self, segment: str) -> int | None:
        """The smallest number after which changes of a segment can be asked for."""
        with self._snapshot() as connection:
            found = connection.execute(OLDEST, (segment,)).fetchone()
        return int(found[0]) if found else None

    def newest_change(self) -> int:
        """The number of the last change of all."""
        return self.standing().newest

    def standing(self) -> Standing:
        """How far the copy is. Raises CopyMissing."""
        with self._snapshot() as connection:
            row = connection.execute("SELECT store_id, upto, last_change, applied_at FROM meta").fetchone()
        return Standing(*row)

    def access_key(self) -> bytes:
        """What hides identifiers in the access log; the same for all copies of one store."""
        with self._snapshot() as connection:
            return bytes(connection.execute("SELECT access_key FROM meta").fetchone()[0])

    def close(self) -> None:
        """Closes what nobody uses at the moment."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """One state of the copy, whatever is written meanwhile. Raises CopyMissing."""
        try:
            name, connection = self._take()
            try:
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                if isinstance(error, sqlite3.Error) or not connection.in_transaction:
                    connection.close()
                    raise
                connection.execute("ROLLBACK")
                self._give_back(name, connection)
                raise
            self._give_back(name, connection)
        except sqlite3.Error as error:
            raise CopyMissing(f"the copy cannot be read now ({error})") from error

    def _give_back(self, name: str, connection: sqlite3.Connection) -> None:
        with self._lock:
            self._idle.append((name, connection))

    def _name(self) -> str:
        try:
            return os.readlink(self.path)
        except OSError:
            mend = "start `rundum run` or `rundum worker`, which makes it"
            raise CopyMissing(f"there is no serving copy yet; {mend}") from None

    def _take(self) -> tuple[str, sqlite3.Connection]:
        for _ in range(TRIES):
            name = self._name()
            stale = []
            with self._lock:
                while self._idle:
                    known, connection = self._idle.pop()
                    if known == name:
                        break
                    stale.append(connection)
                else:
                    connection = None
            for one in stale:
                one.close()
            if connection:
                return name, connection
            if connection := self._open(name):
                return name, connection
        raise CopyMissing("the copy is being replaced; try again")

    def _open(self, name: str) -> sqlite3.Connection | None:
        """The file of a name; None if the copy has another by now, for then its log may be gone already."""
        file = self.path.parent / name
        try:
            connection = sqlite3.connect(
                f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None,
                check_same_thread=False,
            )  # fmt: skip
        except sqlite3.Error:
            if self._name() != name:
                return None
            raise
        try:
            is_ours = is_of_this_version(connection)
            if is_ours:
                connection.execute("SELECT upto FROM meta").fetchone()  # opens the log beside it
        except sqlite3.Error:
            connection.close()
            if self._name() != name:
                return None
            raise
        if self._name() != name:
            connection.close()
            return None
        if not is_ours:
            connection.close()
            raise CopyMissing("the copy is of another version of Rundum; restart what has the store open")
        return connection
