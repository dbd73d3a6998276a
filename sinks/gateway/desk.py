"""The desk: answers questions to an open store, each alone in a transaction that cannot write.

Decides what may be asked and for how long. Must never let a question change the store, or hold up its writer
for ever.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

import duckdb
import pyarrow as pa

from sinks.duckdb.reader import Answer, Limits, Parameters, QueryError, Reader

ROWS_AT_ONCE = 20_000
LOOK_SECONDS = 0.1
LATE = "the query took longer than {:g} seconds; ask for less, or raise door.seconds in rundum.toml"
READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
ONE = "ask one SELECT at a time; the store is changed by events only"


@dataclass
class _Asked:
    """A question at work. `why` is set when it must end."""

    cursor: duckdb.DuckDBPyConnection
    until: float
    is_gone: Callable[[], bool]
    why: str = ""


def _never() -> bool:
    return False


class Desk:
    """Answers on one open store, for several threads at once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, limits: Limits) -> None:
        """Asks beside `connection`, whose own work it does not touch."""
        self.limits = limits
        self._root = connection.cursor()
        self._slots = threading.BoundedSemaphore(limits.queries)
        self._running: dict[int, _Asked] = {}
        self._closed = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def running(self) -> int:
        """How many questions are being answered."""
        return len(self._running)

    def reader(self) -> Reader:
        """Asks this desk from the same process."""
        return Reader(self.ask)

    def ask(self, sql: str, parameters: Parameters = None, is_gone: Callable[[], bool] = _never) -> Answer:
        """Answers one SELECT. `is_gone` tells that nobody waits any more. Raises QueryError.

        Until all of the answer was taken, or it is dropped, it counts as running.
        """
        if not self._slots.acquire(timeout=self.limits.patience):
            raise QueryError(
                f"{self.limits.queries} other queries have been running for {self.limits.patience:g} s; ask "
                "again later, or raise door.queries in rundum.toml"
            )
        asked = _Asked(self._root.cursor(), monotonic() + self.limits.seconds, is_gone)
        stream = self._answer(asked, sql, parameters)
        return Answer(next(stream), stream)

    def interrupt(self, why: str) -> int:
        """Ends every question that is running, with a reason; how many there were."""
        with self._lock:
            running = [*self._running.values()]
        for asked in running:
            _end(asked, why)
        return len(running)

    def close(self) -> None:
        """Ends what is running, and lets go of the store."""
        self._closed.set()
        self.interrupt("the process that has the store open is stopping; ask again")
        self._root.close()

    def _answer(self, asked: _Asked, sql: str, parameters: Parameters) -> Iterator[Any]:
        """First the schema, then the batches; frees the slot whenever it ends."""
        with self._lock:
            self._running[id(asked)] = asked
        try:
            with _explained(asked):
                reader = _open(asked.cursor, sql, parameters)
                yield reader.schema
                rows = 0
                for batch in reader:
                    rows += len(batch)
                    if rows > self.limits.rows:
                        asked.why = (
                            f"the answer has more than {self.limits.rows:,} rows; ask for fewer, or raise "
                            "door.rows in rundum.toml"
                        )
                    if asked.why:
                        raise QueryError(asked.why)
                    yield batch
        finally:
            with self._lock:
                del self._running[id(asked)]
            asked.cursor.close()
            self._slots.release()

    def _watch(self) -> None:
        """Ends questions whose time is up or whose client has gone."""
        while not self._closed.wait(LOOK_SECONDS):
            with self._lock:
                running = [*self._running.values()]
            for asked in running:
                if monotonic() > asked.until:
                    _end(asked, LATE.format(self.limits.seconds))
                elif asked.is_gone():
                    _end(asked, "the client has gone")


def _open(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters) -> pa.RecordBatchReader:
    """Runs the one statement, in a transaction that DuckDB itself keeps from writing."""
    kinds = [statement.type for statement in cursor.extract_statements(sql)]
    asking = [kind for kind in kinds if kind != duckdb.StatementType.CREATE]  # PIVOT makes a type of its own
    if len(asking) != 1 or kinds[-1] not in READING:
        raise QueryError(ONE)
    cursor.execute("SET SESSION arrow_lossless_conversion = false")  # ids as text, sums as numbers
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    return cursor.execute(sql, parameters).to_arrow_reader(ROWS_AT_ONCE)


def _end(asked: _Asked, why: str) -> None:
    asked.why = asked.why or why
    with contextlib.suppress(duckdb.Error):
        asked.cursor.interrupt()


@contextlib.contextmanager
def _explained(asked: _Asked) -> Iterator[None]:
    """What DuckDB says against a question, as a QueryError."""
    try:
        yield
    except duckdb.Error as error:
        if asked.why:
            raise QueryError(asked.why) from None
        if isinstance(error, duckdb.OutOfMemoryException):
            raise QueryError(
                "the query needs more memory than the store may use; ask for less, or raise "
                "store.memory_limit in rundum.toml"
            ) from None
        raise QueryError(str(error).strip()) from None
    except (pa.ArrowException, OSError) as error:  # what DuckDB says while rows are on their way
        raise QueryError(asked.why or str(error).strip()) from None
