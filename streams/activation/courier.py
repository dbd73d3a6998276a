"""One destination's courier: compares what its tool should hold with what it holds, and sends the rest.

Decides when to compare. Must never send what is not written down before, nor delay another destination.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from time import monotonic
from typing import Any, NamedTuple
from uuid import uuid4

import duckdb

from schemas.catalogue import Catalogue
from sinks.destinations.protocol import Sender, Unavailable, told
from sinks.destinations.settings import Destination
from sinks.duckdb.activation import (
    Delivery,
    Refused,
    begin_delivery,
    is_paused,
    plan,
    postpone,
    settle,
    stick,
)
from sinks.duckdb.database import Statements
from sinks.duckdb.scope import CUSTOMERS
from sinks.duckdb.sql import script
from sinks.duckdb.views import views_of
from streams.activation.sending import audience_of, refused_of, retry_at, sending_of
from streams.pipeline import utc_now

SHARE = 0.1  # of the time, at most, for comparing,
LONGEST_WAIT = (
    15.0  # seconds; but a withdrawal must be known within a minute, however long a comparison takes
)


class Means(NamedTuple):
    """What a courier works with: `planning` lets one compare at a time, `catalogue` gives the contracts."""

    cursor: Callable[[], duckdb.DuckDBPyConnection]
    sender: Callable[[Destination], Sender]
    catalogue: Callable[[], Catalogue]
    planning: threading.Lock


class Courier:
    """Serves one destination, a look at a time. For one thread."""

    def __init__(self, destination: Destination, means: Means) -> None:
        """Nothing happens before the first `look`."""
        self.destination = destination
        self._means, self._audience = means, audience_of(destination)
        self._at = Statements(means.cursor())
        self._sender: Sender | None = None
        self._compared: tuple[Any, ...] = ()
        self._compare_at = 0.0

    def look(self) -> bool:
        """Compares if something has changed, and sends what is due; whether more may be due at once."""
        if is_paused(self._at, self.destination.name):
            return False
        self._compare()
        return self._deliver()

    def close(self) -> None:
        """Lets go of the store and the tool, whatever state these are in."""
        for one in (self._at.connection, self._sender):
            with suppress(Exception):
                if one:
                    one.close()

    def interrupt(self) -> None:
        """Ends what is asked of the store now; for other threads."""
        self._at.connection.interrupt()

    def _compare(self) -> None:
        state = self._at.rows(script("queries", "activation_state").text)[0]
        if state == self._compared or monotonic() < self._compare_at:
            return
        with self._means.planning:
            began = monotonic()
            self._plan()
            self._compared = state
            pause = (monotonic() - began) * (1 - SHARE) / SHARE
            self._compare_at = monotonic() + min(pause, LONGEST_WAIT)

    def _plan(self) -> None:
        customers, now = views_of(self._means.catalogue())[CUSTOMERS], utc_now()
        try:
            with self._at.transaction():
                plan(self._at, self._audience, customers, now, str(uuid4()))
        except (duckdb.BinderException, duckdb.DataError) as error:
            why = f"{self.destination.file}: fields: {str(error).strip().splitlines()[0]}"
            with self._at.transaction():
                stick(self._at, self._audience, now, why, str(uuid4()))

    def _deliver(self) -> bool:
        with self._at.transaction():
            delivery = begin_delivery(self._at, self._audience, utc_now(), str(uuid4()))
        if delivery is None:
            return False
        try:
            refused = self._send(delivery) if delivery.items else []
        except Unavailable as failure:
            with self._at.transaction():
                again = retry_at(utc_now(), delivery.attempts, failure)
                postpone(self._at, delivery.delivery_id, str(failure), again)
            return False
        now: datetime = utc_now()
        with self._at.transaction():
            settle(self._at, self.destination.name, delivery.delivery_id, refused, now)
        return True

    def _send(self, delivery: Delivery) -> list[Refused]:
        """What the tool refused. Raises Unavailable, whatever failed: it is never asked without a pause."""
        try:
            self._sender = self._sender or self._means.sender(self.destination)
            return refused_of(delivery, self._sender.send(sending_of(self.destination, delivery)))
        except Unavailable:
            raise
        except Exception as failure:
            raise Unavailable(f"{type(failure).__name__}: {told(str(failure))}") from failure
