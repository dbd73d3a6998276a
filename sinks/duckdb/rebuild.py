"""Rebuild: everything derived anew from what is primary, into a fresh file, then swapped in.

Decides what is primary and copied, and what must be derived again through the same steps as live. Must never
touch the old file before the new one is whole and checked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from schemas.catalogue import Catalogue, EventType
from sinks.duckdb.contracts import adopt, landed_contracts
from sinks.duckdb.database import MEMORY_LIMIT, Database, StoreError
from sinks.duckdb.digest import Digests, digest
from sinks.duckdb.fold import BLOCK, CONSTRAINT, fold, hear_people, naming_of, stage_landed
from sinks.duckdb.migrate import elect_again
from sinks.duckdb.sql import literal
from sinks.duckdb.weigh import assign, weigh

CHUNK = 100_000
OLD = "the_old_store."
OWN = (BLOCK, CONSTRAINT)
PRIMARY = (
    "ops.position", "ops.ledger", "ops.rejected", "ops.conflict", "ops.writer", "ops.outbox", "ops.replay",
    "identity.assignment", "segment.touched", "segment.membership", "segment.change", "segment.refresh",
    "profile.computed", "activation.holding", "activation.delivery", "activation.item", "activation.standing",
)  # fmt: skip
DERIVED = (
    "identity.identifier", "identity.node", "identity.edge", "identity.constraint", "identity.block",
    "profile.trait", "profile.measure", "profile.consent", "segment.crossing", "segment.crossed",
)  # fmt: skip
KEPT = ("store_id", "secret", "log_id", "cluster_id", "next_seq", "next_told", "segments_told", "landed_at")

Progress = Callable[[int, int], None]


def rebuild(
    path: Path,
    catalogue: Catalogue,
    progress: Progress,
    *,
    memory_limit: str = MEMORY_LIMIT,
    distrust: bool = False,
) -> tuple[Digests, Digests]:
    """Derives the store at `path` again under `catalogue` and swaps it in; returns digests before and after.

    `progress` hears (events done, events in all). Raises StoreError, leaving the old store as it was, if the
    rules are the same and the digests are not: then either file is wrong. With `distrust` the old one is
    known to be, in what was derived; only its events must be the same.
    """
    before, contracts = _read_old(path, catalogue, memory_limit)
    fresh = path.with_name(path.name + ".rebuild")
    for stale in (fresh, fresh.with_name(fresh.name + ".wal")):
        stale.unlink(missing_ok=True)
    database = Database(fresh, memory_limit=memory_limit)
    try:
        database.run(f"ATTACH {literal(str(path))} AS the_old_store (READ_ONLY)")
        _copy_primary(database)
        adopt(database, catalogue)
        _keep_versions(database)
        _derive(database, catalogue, contracts, progress)
        _elect_again(database, catalogue, contracts)
        _keep_history(database)
        database.step("touch_all")
        after = digest(database, catalogue)
        is_same = before.events == after.events if distrust else before == after
        if before.rules == after.rules and not is_same:
            raise StoreError(
                f"the rebuilt store differs from {path} under the same rules; both are kept, the new one as"
                f" {fresh}; please report this with both digests"
            )
        database.run("CHECKPOINT")
        os.replace(fresh, path)  # while both files are still locked: nobody can land in between
    finally:
        database.close()
    return before, after


def _read_old(path: Path, catalogue: Catalogue, memory_limit: str) -> tuple[Digests, Mapping[str, EventType]]:
    """The digests and the contracts of the store as it stands; closing it leaves no write-ahead log."""
    if not path.exists():
        raise StoreError(f"there is no store at {path}; name one with --store")
    database = Database(path, memory_limit=memory_limit)
    try:
        contracts = landed_contracts(database, catalogue)
        found = digest(database, catalogue)
        database.run("CHECKPOINT")
        return found, contracts
    finally:
        database.close()


def _copy_primary(database: Database) -> None:
    with database.transaction():
        for table in PRIMARY:
            database.run(f"INSERT INTO {table} BY NAME SELECT * FROM {OLD}{table}")
        for key in KEPT:
            database.run("DELETE FROM ops.meta WHERE key = ?", [key])
            database.run(f"INSERT INTO ops.meta SELECT * FROM {OLD}ops.meta WHERE key = ?", [key])


def _keep_versions(database: Database) -> None:
    """A contract that has not changed is as old as it was; one that has is the next version."""
    database.run(
        f"UPDATE ops.contract AS now SET version = old.version + (now.schema <> old.schema)::INTEGER,"
        f" since = CASE WHEN now.schema = old.schema THEN old.since ELSE now.since END"
        f" FROM {OLD}ops.contract AS old WHERE now.event_type = old.event_type"
    )


def _derive(
    database: Database, catalogue: Catalogue, contracts: Mapping[str, EventType], progress: Progress
) -> None:
    """Lands the events again in chunks, those that people decided first: they judge all others."""
    total = database.value(f"SELECT count(*) FROM {OLD}ops.event") or 0
    done = 0
    database.run("CREATE OR REPLACE TEMP TABLE again (landed_seq BIGINT, event_type VARCHAR)")
    chunks = database.rows(
        f"SELECT min(landed_seq), max(landed_seq), count(*), own FROM (SELECT landed_seq, event_type IN {OWN}"
        f" AS own, (row_number() OVER (PARTITION BY event_type IN {OWN} ORDER BY landed_seq) - 1) // {CHUNK}"
        f" AS chunk FROM {OLD}ops.event) GROUP BY own, chunk ORDER BY own DESC, chunk"
    )
    for first, last, count, own in chunks:
        with database.transaction():
            database.step("stage_begin")
            database.run(
                f"CREATE OR REPLACE TEMP TABLE again AS SELECT landed_seq, event_type FROM {OLD}ops.event"
                f" WHERE landed_seq BETWEEN {first} AND {last} AND (event_type IN {OWN}) = {own}"
            )
            _land_again(database, catalogue, contracts)
        done += count
        progress(done, total)


def _land_again(database: Database, catalogue: Catalogue, contracts: Mapping[str, EventType]) -> None:
    """One chunk through the steps of a commit, with the numbers and times it had."""
    stage = stage_landed(database, naming_of(database, catalogue), contracts, OLD)
    database.step("rebuild_event")
    for event_type, staged in stage.events.items():
        database.run(
            f"INSERT INTO {catalogue.events[event_type].table} BY NAME SELECT staged.*, known.landed_at"
            f" FROM {staged} AS staged JOIN {OLD}ops.event AS known USING (landed_seq)"
        )
    database.step("land_identifier")
    fold(database, catalogue, stage.events)
    hear_people(database, catalogue, stage.events)
    weigh(database, catalogue.kinds)
    stage.clear()


def _elect_again(database: Database, catalogue: Catalogue, contracts: Mapping[str, EventType]) -> None:
    """Decides anew which content won where a contract changed its shape: another may be the smallest now."""
    for name, old in contracts.items():
        new = catalogue.events[name]
        if old.arrow != new.arrow:
            with database.transaction():
                elect_again(database, old, new, naming_of(database, catalogue))


def _keep_history(database: Database) -> None:
    """Whose each node was stays as it was known; where the rules now say otherwise, a new row begins."""
    landed_at = database.meta("landed_at")
    if landed_at is None:
        return
    later = datetime.fromisoformat(landed_at) + timedelta(microseconds=1)
    with database.transaction():
        database.step("stage_begin")
        database.run(
            "INSERT INTO moved SELECT node FROM identity.node"
            " UNION SELECT node FROM identity.assignment WHERE known_to IS NULL"
        )
        assign(database, later)
        if database.value("SELECT count(*) FROM reassigned"):
            database.set_meta("landed_at", later.isoformat())
