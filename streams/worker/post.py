"""What the store tells others, on its way out: changed customers and moves between segments, as Avro events.

Decides how a change is written, and that it counts as told only once Kafka has it. Must never tell two
changes of one customer in another order than they happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from schemas.catalogue import SHIPPED
from sinks.duckdb.database import Database
from sinks.duckdb.outbox import Change, Move, forget_told, note_told, teller, untold, untold_moves
from sinks.duckdb.reader import Reader
from streams.brokers import Kafka
from streams.outlet import Outlet
from streams.owner import Owner
from streams.pipeline import micros

OUTGOING = SHIPPED / "outgoing"
MOST = 10_000  # changes sent together


class Post:
    """Sends what one store tells of one kind. For one thread at a time."""

    def __init__(self, owner: Owner, reader: Reader, outlet: Outlet, telling: Telling) -> None:
        """Connects when there is something to send. Raises QueryError."""
        self._owner, self._reader = owner, reader
        self._outlet, self._telling = outlet, telling
        self._store = teller(reader)

    def send(self) -> int:
        """Sends the oldest changes; how many. Raises LogError, RegistryError, QueryError: then they stay."""
        changes = self._telling.untold(self._reader, MOST)
        if changes:
            datum = self._telling.datum
            self._outlet.send((one.customer_id, datum(self._store, one)) for one in changes)
            last = changes[-1][0]
            self._owner.between(partial(self._telling.note, self._owner.store.database, last))
        return len(changes)

    def close(self) -> None:
        """Lets go of the cluster."""
        self._outlet.close()


def move_of(store_id: str, move: Move) -> dict[str, Any]:
    """A move as its contract has it."""
    return {
        "event_id": f"{store_id}/{move.change_id}",
        "changed_at": micros(move.changed_at),
        "segment": move.segment,
        "customer_id": move.customer_id,
        "entered": move.entered,
        "cause": move.cause,
        "reason": move.reason,
    }


def datum_of(store_id: str, change: Change) -> dict[str, Any]:
    """A change as its contract has it."""
    return {
        "event_id": f"{store_id}/{change.outbox_id}",
        "changed_at": micros(change.landed_at),
        "customer_id": change.customer_id,
        "now_id": change.now_id,
    }


class Telling(NamedTuple):
    """A kind of change: what nobody has taken, oldest first, each with its number first; how it is written,
    and how it is noted that all up to a number were taken.
    """

    contract: Path
    untold: Callable[[Reader, int], Sequence[Any]]
    datum: Callable[[str, Any], dict[str, Any]]
    note: Callable[[Database, int], None]


CUSTOMERS = Telling(OUTGOING / "customer_changed.avsc", untold, datum_of, forget_told)
MOVES = Telling(OUTGOING / "segment_changed.avsc", untold_moves, move_of, note_told)


def post_of(owner: Owner, reader: Reader, kafka: Kafka, topic: str, telling: Telling) -> Post:
    """Who sends changes of one kind to a topic. Raises QueryError."""
    return Post(owner, reader, Outlet(kafka, topic, telling.contract), telling)
