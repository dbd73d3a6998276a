"""The door: the desk of the process that has the store open, reached by other processes of the same user.

Decides how a question travels: Arrow Flight over a socket beside the store that only its owner may use. Must
never listen on a network.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.flight as flight

from sinks.duckdb.database import StoreError
from sinks.duckdb.reader import Answer, QueryError
from sinks.gateway.desk import Desk, DeskClosed

LONGEST = 100  # bytes of a socket's path; the system allows 107
NICENESS = 10  # readers give way to the writer where both want the processor
Action = Callable[[dict[str, Any]], dict[str, Any]]


def place_of(store: Path) -> Path:
    """Where the socket of a store is: beside it, or in a folder of the user's where that path is too long.

    Raises StoreError if that folder is somebody else's.
    """
    real = store.resolve()
    beside = real.with_name(f"{real.name}.door")
    if len(os.fsencode(beside)) <= LONGEST:
        return beside
    return _own_folder() / f"{hashlib.sha256(os.fsencode(real)).hexdigest()[:32]}.door"


def _own_folder() -> Path:
    """A folder for sockets that nobody else can put one into. Raises StoreError."""
    folder = Path(tempfile.gettempdir()) / f"rundum-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise StoreError(f"{folder} is not this user's alone; remove it, or give the store a shorter path")
    return folder


class Door(flight.FlightServerBase):  # type: ignore[misc]  # pyarrow has no types
    """Open from when it is made until it is closed. `actions` are what can be asked for beside SELECTs."""

    def __init__(self, place: Path, desk: Desk, actions: Mapping[str, Action]) -> None:
        """Opens at `place`, which only the process that holds the store's lock may do. Raises StoreError."""
        self._desk = desk
        self._actions = actions
        self._place = place
        try:
            place.unlink(missing_ok=True)  # of a process that was killed
            with _private():
                super().__init__(f"grpc+unix://{place}")
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{place} cannot be made ({error}); mend the rights of its folder") from None

    def do_get(self, context: flight.ServerCallContext, ticket: flight.Ticket) -> flight.GeneratorStream:
        """Answers the SELECT of a ticket."""
        _give_way()
        asked = json.loads(ticket.ticket)
        with _told():
            answer = self._desk.ask(asked["sql"], asked["parameters"], context.is_cancelled)
        return flight.GeneratorStream(answer.schema, _batches(answer))

    def do_action(self, context: flight.ServerCallContext, action: flight.Action) -> list[bytes]:
        """Runs an action; its answer is one JSON document."""
        del context
        with _told():
            if action.type not in self._actions:
                raise QueryError(f"the process that has the store open knows no {action.type}; is it older?")
            return [json.dumps(self._actions[action.type](json.loads(action.body.to_pybytes()))).encode()]

    def list_actions(self, context: flight.ServerCallContext) -> list[tuple[str, str]]:
        """The actions' names."""
        del context
        return [(name, "") for name in self._actions]

    def close(self) -> None:
        """Lets nobody in any more, and ends what is running."""
        self._place.unlink(missing_ok=True)
        self._desk.close()
        self.shutdown()


def _batches(answer: Answer) -> Iterator[pa.RecordBatch]:
    with _told():
        yield from answer.batches


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Sends a QueryError's text as it is; that the desk is closed like that nobody is there."""
    try:
        yield
    except DeskClosed as error:
        raise flight.FlightUnavailableError(str(error)) from None
    except QueryError as error:
        raise flight.FlightServerError("refused", extra_info=str(error).encode()) from None


@contextlib.contextmanager
def _private() -> Iterator[None]:
    """Files made within belong to their owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _give_way() -> None:
    """Lets this thread run after those that write."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
