"""The way to a store: through the door of the process that has it open, else by opening it for reading.

Decides which of the two, again for each question where owners come and go. Must never open a store for
writing, nor keep it from somebody who wants to.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow.flight as flight

from sinks.duckdb.database import MEMORY_LIMIT, StoreBusy, StoreError, open_read_only
from sinks.duckdb.reader import Answer, Limits, Parameters, QueryError, Reader
from sinks.gateway.desk import Desk
from sinks.gateway.door import place_of

PATIENCE = 15.0
PAUSE = 0.05
AT_HAND = 2  # pieces of an answer before any is given: one that has no more can be asked for again


class DoorClosed(StoreError):
    """Nobody is at the door, or whoever was has gone."""


class Caller:
    """Asks at the door of the process that has a store open."""

    def __init__(self, store: Path) -> None:
        """Raises DoorClosed if nobody answers."""
        place = place_of(store)
        if not place.exists():
            raise DoorClosed(f"no process has {store} open for others")
        self._client = flight.connect(f"grpc+unix://{place}")
        try:
            self.owner = self.act("hello")
        except BaseException:
            self._client.close()
            raise

    def ask(self, sql: str, parameters: Parameters = None) -> Answer:
        """The answer to one SELECT. Raises QueryError, and DoorClosed if the owner goes before it begins."""
        ticket = flight.Ticket(json.dumps({"sql": sql, "parameters": parameters}, default=str).encode())
        with _told():
            stream = self._client.do_get(ticket)
            batches = _batches(stream)
            first = [*islice(batches, AT_HAND)]
            return Answer(stream.schema, chain(first, _rest(batches)))

    def act(self, name: str, /, **body: Any) -> dict[str, Any]:
        """Has the owner do something, and gives what it says. Raises QueryError, DoorClosed."""
        with _told():
            results = [*self._client.do_action(flight.Action(name, json.dumps(body).encode()))]
            said: dict[str, Any] = json.loads(results[0].body.to_pybytes())
            return said

    def close(self) -> None:
        """Goes."""
        self._client.close()


class Access:
    """Reads one store, whoever has it open."""

    def __init__(
        self,
        store: Path,
        memory_limit: str = MEMORY_LIMIT,
        limits: Limits | None = None,
        patience: float | None = None,
    ) -> None:
        """Opens nothing yet. `patience`: seconds to wait for a process that opens or closes the store."""
        self._patience = PATIENCE if patience is None else patience
        self._store, self._memory_limit, self._limits = store, memory_limit, limits or Limits()
        self._caller: Caller | None = None
        self._own: tuple[duckdb.DuckDBPyConnection, Desk] | None = None

    @property
    def reader(self) -> Reader:
        """Asks through this access."""
        return Reader(self.ask)

    def ask(self, sql: str, parameters: Parameters = None) -> Answer:
        """The answer to one SELECT. Raises QueryError, StoreError."""
        until = time.monotonic() + self._patience
        while True:
            try:
                if self._own is None and self._caller is None:
                    self._find()
                return self._caller.ask(sql, parameters) if self._caller else self._desk.ask(sql, parameters)
            except (DoorClosed, StoreBusy):
                self.close()
                if time.monotonic() > until:
                    raise
                time.sleep(PAUSE)

    def close(self) -> None:
        """Lets go of the store, or of the door; the next question finds a way again."""
        if self._caller:
            self._caller.close()
        if self._own:
            self._own[1].close()
            self._own[0].close()
        self._caller = self._own = None

    def __enter__(self) -> Self:
        """The access itself; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        self.close()

    @property
    def _desk(self) -> Desk:
        assert self._own
        return self._own[1]

    def _find(self) -> None:
        with suppress(DoorClosed):
            self._caller = Caller(self._store)
            return
        connection = open_read_only(self._store, self._memory_limit)
        self._own = connection, Desk(connection, self._limits)


def _batches(stream: flight.FlightStreamReader) -> Iterator[Any]:
    try:
        with _told():
            for chunk in stream:
                yield chunk.data
    finally:
        stream.cancel()


def _rest(batches: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from batches
    except DoorClosed:
        raise QueryError("the process that had the store open has ended amid the answer; ask again") from None


@contextmanager
def _told() -> Iterator[None]:
    """What comes back over the door: the owner's own words, or that there is none any more."""
    try:
        yield
    except flight.FlightUnavailableError:
        raise DoorClosed("the process that had the store open has gone; ask again") from None
    except flight.FlightError as error:
        if isinstance(error, flight.FlightCancelledError) and not error.extra_info:  # it closed before a word
            raise DoorClosed("the process that had the store open has gone; ask again") from None
        raise QueryError(error.extra_info.decode() or f"the door failed: {error}") from None
