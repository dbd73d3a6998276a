"""The outbox: what others are to be told, kept with what changed until they have taken it.

Decides whose change is told. Must never forget a row before it was taken.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sinks.duckdb.database import Database
from sinks.duckdb.reader import Rows
from sinks.duckdb.sql import script


class Change(NamedTuple):
    """A customer that changed. `now_id` is whose its identifiers are now; None if nobody's."""

    outbox_id: int
    landed_at: datetime
    customer_id: str
    now_id: str | None


def tell(database: Database, landed_at: datetime) -> None:
    """Notes the customers that the batch changed; within its transaction, after all else."""
    first = int(database.meta("next_told") or 1)
    database.step("outbox", landed_at=landed_at, first=first)
    last = database.value("SELECT max(outbox_id) FROM ops.outbox")
    database.set_meta("next_told", str(max(first, (last or 0) + 1)))


def untold(store: Rows, limit: int) -> list[Change]:
    """The oldest changes that nobody has taken, in their order."""
    return [Change(*row) for row in store.rows(script("queries", "outbox").text, {"limit": limit})]


def teller(store: Rows) -> str:
    """Which store tells: with the number of a change, its id anywhere in the world."""
    return str(store.rows("SELECT value FROM ops.meta WHERE key = 'store_id'")[0][0])


def forget_told(database: Database, last: int) -> None:
    """Deletes the changes up to number `last`: they were taken."""
    database.run("DELETE FROM ops.outbox WHERE outbox_id <= ?", [last])


class Move(NamedTuple):
    """A customer who came into a segment or left it."""

    change_id: int
    segment: str
    customer_id: str
    entered: bool
    changed_at: datetime
    cause: str
    reason: str


def untold_moves(store: Rows, limit: int) -> list[Move]:
    """The oldest moves that nobody has taken, in their order."""
    return [Move(*row) for row in store.rows(script("queries", "segment_changes").text, {"limit": limit})]


def note_told(database: Database, last: int) -> None:
    """Notes that the moves up to number `last` were taken."""
    database.set_meta("segments_told", str(last))
