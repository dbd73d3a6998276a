"""Questions to a store, wherever it is open: SQL and parameters in, rows out, by way of Arrow.

Decides how an answer's values become Python's. Must never know who has the store open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from sinks.duckdb.sql import script

Row = dict[str, Any]
Parameters = Mapping[str, Any] | Sequence[Any] | None


@dataclass(frozen=True)
class Answer:
    """The schema of an answer (Arrow), and its rows as they come, piece by piece."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


Ask = Callable[[str, Parameters], Answer]


@dataclass(frozen=True)
class Limits:
    """What one question may take: seconds, rows; how many run at once, and how long others wait for that."""

    seconds: float = 120
    rows: int = 5_000_000
    queries: int = 2
    patience: float = 30


class Rows(Protocol):
    """Whatever answers SELECTs: an open store, or a reader of one."""

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """The rows of an answer."""


class QueryError(Exception):
    """A question that was refused, failed or went over a limit; the text says why and what to do."""


class Reader:
    """Asks one store. Each question sees all that was committed before it; none can change anything."""

    def __init__(self, ask: Ask) -> None:
        """`ask` answers one SELECT; parameters are texts, numbers, booleans, None and lists of them."""
        self.ask = ask

    def records(self, sql: str, parameters: Parameters = None) -> list[Row]:
        """The rows of an answer, by column. Ids are texts, times UTC without a zone. Raises QueryError."""
        return [row for batch in self.ask(sql, parameters).batches for row in records_of(batch)]

    def rows(self, sql: str, parameters: Parameters = None) -> list[tuple[Any, ...]]:
        """The rows of an answer as tuples. Raises QueryError."""
        return [row for batch in self.ask(sql, parameters).batches for row in tuples_of(batch)]

    def value(self, sql: str, parameters: Parameters = None) -> Any:
        """The first column of the first row, or None. Raises QueryError."""
        rows = self.rows(sql, parameters)
        return rows[0][0] if rows else None

    def query(self, name: str, **parameters: Any) -> list[Row]:
        """The rows of queries/<name>.sql, by column. Raises QueryError."""
        return self.records(script("queries", name).text, parameters or None)


def tuples_of(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    """The rows of a piece of an answer; two columns may have one name."""
    return zip(*(_values(column) for column in batch.columns), strict=True)


def records_of(batch: pa.RecordBatch) -> Iterator[Row]:
    """The rows of a piece of an answer, by column."""
    names = batch.schema.names
    return (dict(zip(names, row, strict=True)) for row in tuples_of(batch))


def _values(column: pa.Array) -> list[Any]:
    """Python's values; whole numbers that Arrow can only say as decimals become whole numbers again."""
    values: list[Any] = column.to_pylist(maps_as_pydicts="strict")
    if pa.types.is_decimal(column.type) and column.type.scale == 0:
        return [None if value is None else int(value) for value in values]
    return values
