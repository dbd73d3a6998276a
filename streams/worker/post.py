"""What the store tells others, on its way out: changed customers and moves between segments, as Avro events.

Decides how a change is written, and that it counts as told only once Kafka has it. Must never tell two
changes of one customer in another order than they happened.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from schemas.catalogue import SHIPPED
from sinks.duckdb.outbox import Change, Move, forget_told, note_told, teller, untold, untold_moves
from sinks.duckdb.reader import Reader
from streams.brokers import Kafka
from streams.outlet import Outlet
from streams.owner import Owner
from streams.pipeline import micros

CONTRACT = SHIPPED / "outgoing" / "customer_changed.avsc"
MOVED = SHIPPED / "outgoing" / "segment_changed.avsc"
MOST = 10_000  # changes sent together


class Post:
    """Sends what the outbox of one store holds. For one thread at a time."""

    def __init__(self, owner: Owner, reader: Reader, kafka: Kafka) -> None:
        """Connects when there is something to send. Raises QueryError."""
        self._owner, self._reader = owner, reader
        self._outlet = Outlet(kafka, kafka.outbox, CONTRACT)
        self._store = teller(reader)

    def send(self) -> int:
        """Sends the oldest changes; how many. Raises LogError, RegistryError, QueryError: then they stay."""
        changes = untold(self._reader, MOST)
        if changes:
            self._outlet.send((one.customer_id, datum_of(self._store, one)) for one in changes)
            last = changes[-1].outbox_id
            self._owner.between(partial(forget_told, self._owner.store.database, last))
        return len(changes)

    def close(self) -> None:
        """Lets go of the cluster."""
        self._outlet.close()


class SegmentPost:
    """Sends who came into segments and who left. For one thread at a time."""

    def __init__(self, owner: Owner, reader: Reader, kafka: Kafka) -> None:
        """Connects when there is something to send. Raises QueryError."""
        self._owner, self._reader = owner, reader
        self._outlet = Outlet(kafka, kafka.segments, MOVED)
        self._store = teller(reader)

    def send(self) -> int:
        """Sends the oldest moves; how many. Raises LogError, RegistryError, QueryError: then they stay."""
        moves = untold_moves(self._reader, MOST)
        if moves:
            self._outlet.send((one.customer_id, move_of(self._store, one)) for one in moves)
            last = moves[-1].change_id
            self._owner.between(partial(note_told, self._owner.store.database, last))
        return len(moves)

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
