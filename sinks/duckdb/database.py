"""The file itself: made, opened, locked, and refused with a sentence when it is not ours.

Decides the settings DuckDB runs under and the store's own facts. Must never know an event.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sys
import threading
import uuid
from collections.abc import Iterator
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import duckdb

from sinks.duckdb.sql import literal, script, scripts

VERSION = 4  # of the tables; upgrades/<version>.sql leads to it from the one before
OURS = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'ops' AND table_name = 'meta'"
SCHEMAS = ("ops", "identity", "profile", "segment", "activation")
ANYTHING = "SELECT 1 FROM duckdb_tables() UNION ALL SELECT 1 FROM duckdb_views() WHERE NOT internal LIMIT 1"
MISSING = "the store {} is not there yet; `rundum ingest` makes one, --store names another"
MEMORY_LIMIT = "1200MB"
DAMAGED = (
    "not a valid duckdb database",
    "serialization",
    "checksum",
    "could not read enough bytes",
    "extension",
)
HOLDER = re.compile(r"lock is held in (.+? \(PID \d+\))")


class StoreError(Exception):
    """The store cannot be used; the text says why and what to do."""


class StoreBusy(StoreError):
    """Another process has the store open."""


class StoreMissing(StoreError):
    """There is no store yet."""


class StoreOutdated(StoreError):
    """The store was made by an older Rundum."""


class Statements:
    """What is run on one connection of a DuckDB, for one thread at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Runs on `connection`, where it stands."""
        self._connection = connection

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection itself."""
        return self._connection

    def rows(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.connection.execute(sql, parameters).fetchall()

    def value(self, sql: str, parameters: Any = None) -> Any:
        """The first column of the first row, or None."""
        rows = self.rows(sql, parameters)
        return rows[0][0] if rows else None

    def run(self, sql: str, parameters: Any = None) -> None:
        """Runs statements for their effect."""
        self.connection.execute(sql, parameters)

    def step(self, name: str, **parameters: Any) -> None:
        """Runs a file of steps/, statement by statement, each with the parameters that it names."""
        self.run_script(script("steps", name).text, parameters)

    def run_script(self, text: str, parameters: dict[str, Any] | None = None) -> None:
        """Runs the statements of a script, each with the parameters that it names."""
        for statement in text.split(";\n"):
            if statement.strip():
                needed = {k: v for k, v in (parameters or {}).items() if f"${k}" in statement}
                self.connection.execute(statement, needed or None)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. After an error the caller reads positions anew: a failed COMMIT may have held."""
        self.connection.begin()
        try:
            yield
            self.connection.commit()
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                self.connection.rollback()
            raise

    def document(self, name: str, what: str, doc: str, columns: dict[str, str]) -> None:
        """Puts comments on a table or view and its columns."""
        self.run(f"COMMENT ON {what} {name} IS {literal(doc)}")
        for column, text in columns.items():
            self.run(f'COMMENT ON COLUMN {name}."{column}" IS {literal(text)}')


class Database(Statements):
    """One DuckDB file and the one connection that writes it, for the thread that opened it alone."""

    def __init__(
        self,
        path: Path,
        *,
        secret: bytes | None = None,
        memory_limit: str = MEMORY_LIMIT,
        oldest: int = VERSION,
    ) -> None:
        """Opens `path`, making it if it is not there. Raises StoreError.

        `secret` is for a new store only; a store of a version before `oldest` is refused.
        """
        self.path = path
        self._thread = threading.get_ident()
        is_new = _look(path)
        super().__init__(_connect(path, memory_limit))
        try:
            if is_new or self._is_blank():
                self._make(secret or secrets.token_bytes(32))
            _check(path, self.connection, oldest)
        except BaseException:
            self.connection.close()
            if is_new:
                path.unlink(missing_ok=True)
                path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
            raise

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection that writes. Raises RuntimeError in another thread: it would take our answers."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("only the thread that opened a store may use its connection; ask a Desk")
        return self._connection

    def recover(self) -> None:
        """Ends a transaction that was too short of memory even to be rolled back."""
        with contextlib.suppress(duckdb.TransactionException):  # there is none
            self.connection.rollback()

    def meta(self, key: str) -> str | None:
        """One of the store's facts about itself."""
        value: str | None = self.value("SELECT value FROM ops.meta WHERE key = ?", [key])
        return value

    def set_meta(self, key: str, value: str) -> None:
        """Replaces one of the store's facts about itself."""
        self.run("DELETE FROM ops.meta WHERE key = ?", [key])
        self.run("INSERT INTO ops.meta VALUES (?, ?)", [key, value])

    def close(self) -> None:
        """Checkpoints and lets go of the file."""
        self.connection.close()

    def _make(self, secret: bytes) -> None:
        with self.transaction():
            for schema in SCHEMAS:
                self.run(f"CREATE SCHEMA {schema}")
            for table in scripts("tables"):
                self.run(table.text)
                self.document(table.name, "TABLE", table.doc, table.columns)
            self.set_meta("version", str(VERSION))
            self.set_meta("store_id", uuid.uuid4().hex)
            self.set_meta("secret", secret.hex())
            self.set_meta("next_seq", "1")

    def _is_blank(self) -> bool:
        """Whether the file holds nothing at all: its maker was stopped before the first commit."""
        return not self.rows(ANYTHING)


class _NoPandas(MetaPathFinder):
    def find_spec(self, name: str, *_: Any) -> None:
        """Finds nothing, and lets nobody else look for pandas."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out of this process")


def leave_pandas_out() -> None:
    """For a process that takes no frame: DuckDB and pyarrow would import pandas, which takes 0.2 s."""
    sys.meta_path.insert(0, _NoPandas())


def open_read_only(
    path: Path, memory_limit: str = MEMORY_LIMIT, oldest: int = VERSION
) -> duckdb.DuckDBPyConnection:
    """A store, open for reading only, beside others who read. Raises StoreError, StoreBusy."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file with --store")
    if not path.exists():
        raise StoreMissing(MISSING.format(path))
    connection = _connect(path, memory_limit, read_only=True)
    try:
        if not connection.execute(ANYTHING).fetchall():  # its maker was stopped before the first commit
            raise StoreMissing(MISSING.format(path))
        _check(path, connection, oldest)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(path: Path, connection: duckdb.DuckDBPyConnection, oldest: int) -> None:
    """Refuses what is no store, or one of another version."""
    if not connection.execute(OURS).fetchall():
        raise StoreError(f"{path} is a DuckDB file of another program; name a new file with --store")
    rows = connection.execute("SELECT value FROM ops.meta WHERE key = 'version'").fetchall()
    version = int(rows[0][0]) if rows else 0
    if version < oldest:
        raise StoreOutdated(
            f"{path} was made by an older Rundum (store version {version}, now {VERSION}); "
            "run `rundum upgrade`, which backs it up first"
        )
    if version > VERSION:
        raise StoreError(
            f"{path} was made by a newer Rundum (store version {version}, this one knows {VERSION}); "
            "install that Rundum"
        )


def _look(path: Path) -> bool:
    """Whether the file is still to be made. Raises StoreError for a place that can hold no store."""
    try:
        is_new = not path.exists()
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
    except OSError as error:
        raise StoreError(
            f"{path} cannot be reached: {error.strerror}; mend the rights of its folder"
        ) from None
    if is_folder:
        raise StoreError(f"{path} is a folder; name a file with --store")
    if not has_folder:
        raise StoreError(f"there is no folder {path.parent}; make it first, or name another with --store")
    if path.stem in SCHEMAS:
        raise StoreError(
            f"{path.name} is named like a schema in it, which SQL finds ambiguous; use store.duckdb"
        )
    if not is_new and not os.access(path, os.R_OK | os.W_OK):
        raise StoreError(f"{path} may not be read and written by this user; mend its rights")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StoreError(f"{path.parent} may not be written by this user; mend its rights")
    return is_new


def _connect(path: Path, memory_limit: str, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "checkpoint_threshold": "256MB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        connection = duckdb.connect(str(path), read_only=read_only, config=settings)
    except duckdb.Error as error:
        raise _explain(path, error) from None
    connection.execute("SET arrow_lossless_conversion = true")
    connection.execute("SET enable_progress_bar = false")
    return connection


def _explain(path: Path, error: duckdb.Error) -> StoreError:
    text = str(error)
    if "lock" in text.lower():
        holder = HOLDER.search(text)
        owner = holder[1] if holder else "another process"
        return StoreBusy(f"{path} is open in {owner}; wait for it or stop it, nothing is lost meanwhile")
    if "replaying WAL" in text:
        return StoreError(
            f"{path}.wal is damaged; move it away and start again: what landed last lands again from the log"
        )
    if any(word in text.lower() for word in DAMAGED):
        return StoreError(
            f"{path} is not a DuckDB file, or is damaged; restore it or name another with --store"
        )
    return StoreError(f"{path} cannot be opened: {text.splitlines()[0]}")
