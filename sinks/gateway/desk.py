"""The desk: answers questions to an open store, each alone in a transaction that cannot write.

Decides what may be asked and for how long. Must never let a question change the store, or hold up its writer
for ever.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import duckdb
import pyarrow as pa

from sinks.duckdb.reader import Answer, Limits, Parameters, QueryError, Reader, Rows

ROWS_AT_ONCE = 20_000
LOOK_SECONDS = 0.1
LATE = "the query took longer than {:g} seconds; ask for less, or raise door.seconds in rundum.toml"
READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
ONE = "ask one SELECT at a time; the store is changed by events only"
MANY = "the answer has more than {:,} rows; ask for fewer, or raise door.rows in rundum.toml"
STOPPING = "the process that has the store open is stopping; ask again"


class DeskClosed(QueryError):
    """The desk answers nobody any more; whoever has the store next will."""


@dataclass
class _Asked:
    """A question at work. `why` is set when it must end; `is_away` while a piece of the answer is taken."""

    cursor: duckdb.DuckDBPyConnection
    until: float
    is_gone: Callable[[], bool]
    why: str = ""
    is_away: bool = False


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
        self._is_open = threading.Event()
        self._is_open.set()
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
        until = monotonic() + self.limits.patience
        self._is_open.wait(self.limits.patience)
        if not self._slots.acquire(timeout=max(0, until - monotonic())):
            raise QueryError(
                f"{self.limits.queries} other queries have been running for {self.limits.patience:g} s; ask "
                "again later, or raise door.queries in rundum.toml"
            )
        try:
            asked = _Asked(self._root.cursor(), monotonic() + self.limits.seconds, is_gone)
        except duckdb.ConnectionException:
            self._slots.release()
            raise DeskClosed(STOPPING) from None
        stream = self._answer(asked, sql, parameters)
        return Answer(next(stream), stream)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Rows]:
        """The store as it is now, whatever lands meanwhile; for as long as it takes. Raises QueryError."""
        asked = _Asked(self._root.cursor(), math.inf, _never)
        with self._lock:
            self._running[id(asked)] = asked
        try:
            snapshot = _Snapshot(asked)
            asked.cursor.execute("BEGIN TRANSACTION READ ONLY")
            snapshot.rows("FROM ops.meta")  # only now does the transaction know what it sees
            yield snapshot
        finally:
            with self._lock:
                del self._running[id(asked)]
            asked.cursor.close()

    def hold(self) -> None:
        """Lets newcomers wait, until `release`; what is running goes on."""
        self._is_open.clear()

    def release(self) -> None:
        """Answers again."""
        self._is_open.set()

    def interrupt(self, why: str) -> int:
        """Ends every question that is running, with a reason; how many there were."""
        return self._end(lambda _: why)

    @contextlib.contextmanager
    def cleared(self, why: str) -> Iterator[None]:
        """Within, nobody is answered: what is running ends, with a reason, and newcomers wait."""
        with contextlib.ExitStack() as held:
            self.hold()  # else newcomers, who stand before us for a place, could take turns for ever
            held.callback(self.release)
            for _ in range(self.limits.queries):
                self.interrupt(why)
                while not self._slots.acquire(timeout=LOOK_SECONDS):
                    self.interrupt(why)
                held.callback(self._slots.release)
            yield

    def close(self) -> None:
        """Ends what is running, and lets go of the store."""
        self._closed.set()
        self.release()
        self.interrupt(STOPPING)
        self._root.close()

    def _answer(self, asked: _Asked, sql: str, parameters: Parameters) -> Iterator[Any]:
        """First the schema, then the batches; frees the slot whenever it ends."""
        with self._lock:
            self._running[id(asked)] = asked
        try:
            with _explained(asked):
                reader = _open(asked.cursor, sql, parameters)
                self._go(asked, away=True)
                yield reader.schema
                self._go(asked, away=False)
                rows = 0
                for batch in reader:
                    rows += len(batch)
                    if rows > self.limits.rows:
                        asked.why = MANY.format(self.limits.rows)
                    self._go(asked, away=True)
                    yield batch
                    self._go(asked, away=False)
        finally:
            self._leave(asked)

    def _go(self, asked: _Asked, *, away: bool) -> None:
        """Gives a piece of the answer away, or comes back for the next, if it need not end."""
        with self._lock:
            if asked.why:
                raise _refusal(asked.why)
            asked.is_away = away

    def _leave(self, asked: _Asked) -> None:
        """Lets go of what a question sees of the store, and gives its place to others; once."""
        with self._lock:
            if not self._running.pop(id(asked), None):
                return
        with contextlib.suppress(duckdb.Error):
            asked.cursor.execute("ROLLBACK")  # closing alone does not, while there is more of the answer
        asked.cursor.close()
        self._slots.release()

    def _watch(self) -> None:
        """Ends questions, again and again: one that had not quite begun does not feel the first time."""
        while self._running or not self._closed.is_set():
            sleep(LOOK_SECONDS)
            self._end(self._verdict)

    def _end(self, verdict: Callable[[_Asked], str]) -> int:
        """Ends the questions for which there is a reason; how many. For who takes no more, nobody waits."""
        with self._lock:
            running = [*self._running.values()]
            for asked in running:
                asked.why = asked.why or verdict(asked)
        late = [asked for asked in running if asked.why]
        for asked in late:
            if asked.is_away:
                self._leave(asked)
            with contextlib.suppress(duckdb.Error):
                asked.cursor.interrupt()
        return len(late)

    def _verdict(self, asked: _Asked) -> str:
        """Why a question must end, if it must."""
        if self._closed.is_set():
            return STOPPING
        if monotonic() > asked.until:
            return LATE.format(self.limits.seconds)
        return "the client has gone" if asked.is_gone() else ""


class _Snapshot:
    """Several questions, all about one state of the store."""

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with _explained(self._asked):
            return self._asked.cursor.execute(sql, parameters).fetchall()


def _open(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters) -> pa.RecordBatchReader:
    """Runs the one statement, in a transaction that DuckDB itself keeps from writing."""
    kinds = [statement.type for statement in cursor.extract_statements(sql)]
    asking = [kind for kind in kinds if kind != duckdb.StatementType.CREATE]  # PIVOT makes a type of its own
    if len(asking) != 1 or kinds[-1] not in READING:
        raise QueryError(ONE)
    cursor.execute("SET SESSION arrow_lossless_conversion = false")  # ids as text, sums as numbers
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    return cursor.execute(sql, parameters).to_arrow_reader(ROWS_AT_ONCE)


def _refusal(why: str) -> QueryError:
    return DeskClosed(why) if why == STOPPING else QueryError(why)


@contextlib.contextmanager
def _explained(asked: _Asked) -> Iterator[None]:
    """What DuckDB says against a question, as a QueryError."""
    try:
        yield
    except duckdb.Error as error:
        if asked.why:
            raise _refusal(asked.why) from None
        if isinstance(error, duckdb.OutOfMemoryException):
            raise QueryError(
                "the query needs more memory than the store may use; ask for less, or raise "
                "store.memory_limit in rundum.toml"
            ) from None
        raise QueryError(str(error).strip()) from None
    except (pa.ArrowException, OSError) as error:  # what DuckDB says while rows are on their way
        raise _refusal(asked.why or str(error).strip()) from None
