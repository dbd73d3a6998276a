"""Reading a store while it is written: `connect` is for people, the rest is what it is made of.

Decides what an answer can be turned into. Must never change a store.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from sinks.duckdb.reader import Parameters, tuples_of
from sinks.gateway.access import Access
from streams.settings import read_project


class Relation:
    """An answer, whole."""

    def __init__(self, table: pa.Table) -> None:
        """Holds an Arrow table."""
        self._table = table

    def arrow(self) -> pa.Table:
        """As an Arrow table."""
        return self._table

    def df(self) -> Any:
        """As a pandas DataFrame; pandas must be installed."""
        return self._table.to_pandas()

    def pl(self) -> Any:
        """As a polars DataFrame; polars must be installed."""
        import polars

        return polars.from_arrow(self._table)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """As Python tuples."""
        return [row for batch in self._table.to_batches() for row in tuples_of(batch)]

    def __repr__(self) -> str:
        """What it has, in a line."""
        return f"{self._table.num_rows:,} rows: {', '.join(self._table.column_names)}"


class Connection:
    """Asks one project's store, whether a process has it open or not, and holds it up for nobody."""

    def __init__(self, project: str | Path) -> None:
        """`project` is the folder with rundum.toml. Raises SettingsError."""
        found = read_project(Path(project))
        self._access = Access(found.store, found.memory_limit, found.limits)

    def sql(self, query: str, parameters: Parameters = None) -> Relation:
        """The answer to one SELECT, of all that was committed before. Raises QueryError, StoreError."""
        with self._access:
            answer = self._access.ask(query, parameters)
            return Relation(pa.Table.from_batches([*answer.batches], schema=answer.schema))


def connect(project: str | Path = ".") -> Connection:
    """A connection to the store of the project in a folder; see sinks/README.md."""
    return Connection(project)
