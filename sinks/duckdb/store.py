"""The store: lands batches, each in one transaction, and keeps what follows from them.

Decides the order of the steps of a commit. Must never acknowledge before COMMIT has returned.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from schemas.catalogue import Catalogue
from sinks.duckdb.contracts import adopt
from sinks.duckdb.database import MEMORY_LIMIT, Database, StoreError
from sinks.duckdb.fold import fold, hear_people, naming_of
from sinks.duckdb.land import account, land_events, pass_over, reject
from sinks.duckdb.outbox import tell
from sinks.duckdb.reader import Rows
from sinks.duckdb.sql import script
from sinks.duckdb.stage import Stage, arrive
from sinks.duckdb.weigh import assign, weigh
from streams.core.identify import Named, Naming
from streams.core.model import Batch, Place, Reading

DATA_ERRORS = (
    duckdb.ConversionException,
    duckdb.InvalidInputException,
    duckdb.OutOfRangeException,
    duckdb.ConstraintException,
)


@dataclass(frozen=True)
class Landing:
    """What became of the records of a batch: every one is counted once."""

    landed: int = 0
    duplicate: int = 0
    conflicting: int = 0
    rejected: int = 0

    def __add__(self, other: Landing) -> Landing:
        """The counts of two batches together."""
        return Landing(
            self.landed + other.landed,
            self.duplicate + other.duplicate,
            self.conflicting + other.conflicting,
            self.rejected + other.rejected,
        )


class DataError(Exception):
    """The store cannot hold some record of the batch; nothing of the batch was kept."""


class StoreCrowded(StoreError):
    """Queries and the landing together need more memory than the store may use; nothing was kept."""


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """What a full or broken disk does to the store, as a StoreError."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise StoreCrowded(
            f"{path} needs more memory than store.memory_limit gives it; raise it in rundum.toml and start "
            "again, nothing is lost"
        ) from None
    except (duckdb.OperationalError, duckdb.FatalException) as error:
        why = str(error).splitlines()[0]
        raise StoreError(
            f"{path} cannot be written: {why}; make room on the disk or mend it and start again, what has "
            "landed is safe"
        ) from error


@contextlib.contextmanager
def _storable() -> Iterator[None]:
    """What a record that the store cannot hold raises, as a DataError."""
    try:
        yield
    except DATA_ERRORS as error:
        raise DataError(str(error).splitlines()[0]) from error


def _check_name(path: Path, catalogue: Catalogue) -> None:
    if path.stem in {source.table_schema for source in catalogue.sources.values()}:
        raise StoreError(
            f"{path.name} is named like a schema in it, which SQL finds ambiguous; use store.duckdb"
        )


def positions_of(store: Rows, log_id: str) -> dict[Place, int]:
    """How far each partition of a log has landed in a store, whoever has it open."""
    rows = store.rows(script("queries", "positions").text, {"log": log_id})
    return {Place(topic, partition): offset for topic, partition, offset in rows}


def lives_of(store: Rows, log_id: str) -> dict[Place, str]:
    """Which life of each partition's topic a store has landed from, where the log tells lives apart."""
    rows = store.rows(script("queries", "lives").text, {"log": log_id})
    return {Place(topic, partition): life for topic, partition, life in rows}


def writers_of(store: Rows, log_id: str) -> dict[int, str]:
    """The schemas that the registry of a log told, by id, as JSON."""
    return dict(store.rows(script("queries", "writers").text, {"log": log_id}))


class Store:
    """One DuckDB file under one catalogue."""

    def __init__(
        self,
        path: Path,
        catalogue: Catalogue,
        *,
        secret: bytes | None = None,
        memory_limit: str = MEMORY_LIMIT,
    ) -> None:
        """Opens or makes the store and takes over the catalogue's contracts. Raises StoreError."""
        self.catalogue = catalogue
        self.tells = False  # whether changes are noted in the outbox
        _check_name(path, catalogue)
        with _explained(path):
            self.database = Database(path, secret=secret, memory_limit=memory_limit)
            try:
                adopt(self.database, catalogue)
            except BaseException:
                self.database.close()
                raise

    def adopt(self, catalogue: Catalogue) -> None:
        """Goes on under another catalogue, or stays as it was. Raises StoreError."""
        path = self.database.path
        _check_name(path, catalogue)
        with _explained(path):
            adopt(self.database, catalogue)
        self.catalogue = catalogue

    def belong_to(self, log_id: str, key: str = "log_id") -> None:
        """Ties a new store to a log that it is fed from. Raises StoreError if it has another.

        `key` is the fact under which the store knows it: `log_id` the embedded one, `cluster_id` Kafka.
        """
        known = self.database.meta(key)
        if known is None:
            self.database.set_meta(key, log_id)
        elif known != log_id:
            raise StoreError(
                f"{self.database.path} is fed from another log ({known}) than this project's ({log_id}): it "
                "belongs to another project; give each project a store of its own, or put the log back that "
                "belongs to this one"
            )

    @property
    def naming(self) -> Naming:
        """What identifying needs: the secret, and who is blocked as of now."""
        with _explained(self.database.path):
            return naming_of(self.database, self.catalogue)

    def positions(self, log_id: str) -> dict[Place, int]:
        """Where to go on reading a log."""
        with _explained(self.database.path):
            return positions_of(self.database, log_id)

    def lives(self, log_id: str) -> dict[Place, str]:
        """Which life of each topic the positions were taken from."""
        with _explained(self.database.path):
            return lives_of(self.database, log_id)

    def writers(self, log_id: str) -> dict[int, str]:
        """The schemas that the registry of a log has told so far."""
        with _explained(self.database.path):
            return writers_of(self.database, log_id)

    def keep_writers(self, log_id: str, writers: Mapping[int, str]) -> None:
        """Keeps schemas that a registry told: what they wrote can be read without it from now on."""
        with _explained(self.database.path), self.database.transaction():
            for schema_id, text in writers.items():
                self.database.run("INSERT INTO ops.writer VALUES (?, ?, ?)", [log_id, schema_id, text])

    def replays(self) -> list[tuple[str, str, datetime]]:
        """What people want to land again and has not: request, topic, since when (UTC, no zone)."""
        with _explained(self.database.path):
            return [(a, b, c) for a, b, c in self.database.rows(script("queries", "replays").text)]

    def last_landed_at(self) -> datetime | None:
        """The landing time of the last batch; the next must be later."""
        with _explained(self.database.path):
            told = self.database.meta("landed_at")
        return datetime.fromisoformat(told) if told else None

    def commit(self, batch: Batch, reading: Reading, named: Named, landed_at: datetime) -> Landing:
        """Lands one batch and all that follows from it, or nothing. Raises DataError and StoreError."""
        database = self.database
        with _explained(database.path), _storable(), database.transaction():
            first = int(database.meta("next_seq") or 1)
            stage = Stage(database, arrive(batch.records, first))
            stage.fill(reading.events, named, self.catalogue.events)
            pass_over(database, stage, reading.repeated)
            landed, duplicate, conflicting, displaced = land_events(
                database, stage, self.catalogue.events, landed_at
            )
            database.step("land_identifier")
            database.run("INSERT INTO mentioned SELECT node FROM named_node")  # deriving anew names others
            fold(database, self.catalogue, stage.events)
            if displaced:  # what they had said is taken back
                database.run("INSERT INTO suspect SELECT unnest(nodes) FROM displaced")
            hear_people(database, self.catalogue, stage.events)
            weigh(database, self.catalogue.kinds)
            assign(database, landed_at)
            database.step("affected", landed_at=landed_at)
            reject(database, batch, reading.rejected, landed_at)
            account(database, batch, self.positions(batch.log_id), landed_at)
            if self.tells:
                tell(database, landed_at)
            database.set_meta("next_seq", str(first + len(batch.records)))
            database.set_meta("landed_at", landed_at.isoformat())
            stage.clear()
            return Landing(landed, duplicate, conflicting, len(reading.rejected))

    def is_segmented(self) -> bool:
        """Whether segments or traits are defined, or were until now."""
        with _explained(self.database.path):
            return bool(self.database.rows(script("queries", "segmented").text))

    def checkpoint(self) -> bool:
        """Takes what has landed from the write-ahead log into the file, if no reader needs what was there."""
        with _explained(self.database.path):
            try:
                self.database.run("CHECKPOINT")
            except duckdb.TransactionException:
                return False
        return True

    def close(self) -> None:
        """Lets go of the file."""
        self.database.close()
