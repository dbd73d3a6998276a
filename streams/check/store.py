"""What must hold within a store, asked of whoever has it open.

Decides which faults only a backup mends, and which a rebuild. Must never change the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from schemas.catalogue import Catalogue
from sinks.duckdb.contracts import changed_rules, landed_contracts
from sinks.duckdb.database import StoreBusy, StoreError, StoreMissing
from sinks.duckdb.digest import digest
from sinks.duckdb.reader import QueryError, Reader
from sinks.duckdb.sql import literal, script
from sinks.duckdb.typed import table_of
from sinks.gateway.access import DoorClosed
from streams.check.finding import BACKUP, REBUILD, Finding, Repair, State

PRIMARY = ("contracts", "conservation", "events", "rows", "keys")  # files of checks/: what came
DERIVED = ("anchors", "identifiers", "customers", "edges", "profiles", "history")  # what follows from it
SHOWN = 3  # faults of a kind that are named
TABLES = """
    SELECT schema_name, table_name FROM duckdb_tables()
    WHERE NOT internal AND database_name = current_database() ORDER BY ALL"""
ROWS = """
    WITH bad AS MATERIALIZED (
        {bad}
    )
    SELECT what, (SELECT count(*) FROM bad) AS count FROM bad ORDER BY what LIMIT {shown}"""
TYPED = "SELECT {name} AS event_type, landed_seq, node, event_id, occurred_at FROM {table}"
DAMAGE = ("checksum", "corrupt", "could not read")

Judge = Callable[[Reader], Finding]


def store_checks(catalogue: Catalogue) -> Iterator[Judge]:
    """Every check of a store that can be opened, in the order in which they make sense."""
    yield partial(_rules, catalogue=catalogue)
    yield _blocks
    for name in PRIMARY:
        yield partial(_asked, name=name, mend=BACKUP, repair=Repair.NONE)
    for name in DERIVED:
        yield partial(_asked, name=name, mend=REBUILD, repair=Repair.REBUILD)
    yield partial(_digests, catalogue=catalogue)


def opens(reader: Reader) -> Finding:
    """Whether the store can be opened; if not, nothing else can be asked. Raises StoreMissing, StoreBusy."""
    must = "The store is of the version that this Rundum knows."
    try:
        version = reader.value("SELECT value FROM ops.meta WHERE key = 'version'")
    except (StoreMissing, StoreBusy, DoorClosed):
        raise
    except (StoreError, QueryError) as error:
        return Finding("version", must, State.WRONG, (_first(error),), 1, BACKUP if _is_damage(error) else "")
    return Finding("version", must, seen=(f"version {version}",))


def _rules(reader: Reader, catalogue: Catalogue) -> Finding:
    must = "The store was derived under the rules and contracts of now."
    try:
        changed = changed_rules(reader, catalogue, landed_contracts(reader, catalogue))
    except StoreError as error:
        return Finding("rules", must, State.WRONG, (str(error),), 1)
    if not changed:
        return Finding("rules", must)
    mend = "derive everything again: `rundum rebuild`"
    return Finding("rules", must, State.ADVICE, (f"{changed} changed",), 1, mend, Repair.REBUILD)


def _blocks(reader: Reader) -> Finding:
    """Reads every column of every table, so that DuckDB compares the checksum of every block."""
    must = "Every table can be read to its last row."
    values, faults = 0, []
    for schema, table in reader.rows(TABLES):
        try:
            row = _rows(reader, f'SELECT count(*), bit_xor(hash(COLUMNS(*))) FROM "{schema}"."{table}"')[0]
            values += row[0] * (len(row) - 1)
        except QueryError as error:
            faults.append(f"{schema}.{table}: {_first(error)}")
    if faults:
        return Finding("blocks", must, State.WRONG, tuple(faults[:SHOWN]), len(faults), BACKUP)
    return Finding("blocks", must, seen=(f"{values:,} values read",))


def _asked(reader: Reader, name: str, mend: str, repair: Repair) -> Finding:
    """What a file of checks/ finds: it gives a text for every fault."""
    asked = script("checks", name)
    bad = "\n".join(line for line in asked.text.splitlines() if not line.startswith("--"))
    try:
        if "{typed}" in bad:
            bad = bad.replace("{typed}", _typed(reader))
        rows = _rows(reader, ROWS.format(bad=bad, shown=SHOWN))
    except QueryError as error:
        return Finding(name, asked.doc, State.WRONG, (_first(error),), 1, BACKUP if _is_damage(error) else "")
    if rows:
        seen = tuple(what for what, _ in rows)
        return Finding(name, asked.doc, State.WRONG, seen, rows[0][1], mend, repair)
    return Finding(name, asked.doc)


def _digests(reader: Reader, catalogue: Catalogue) -> Finding:
    must = "What the store says, in digests:"
    try:
        found = asdict(digest(reader, catalogue))
    except (StoreError, QueryError) as error:
        return Finding("digests", must, State.WRONG, (_first(error),), 1, BACKUP if _is_damage(error) else "")
    return Finding("digests", must, seen=tuple(f"{part} {text}" for part, text in found.items()))


def _typed(reader: Reader) -> str:
    """What all typed tables have in common, in one; those that are missing are the fault of another check."""
    there = {f"{schema}.{table}" for schema, table in reader.rows(TABLES)}
    names = [name for (name,) in reader.rows("SELECT event_type FROM ops.contract ORDER BY event_type")]
    parts = {name: table_of(name) for name in names if table_of(name) in there}
    return "\nUNION ALL\n".join(
        TYPED.format(name=literal(name), table=table) for name, table in parts.items()
    )


def _rows(reader: Reader, sql: str) -> list[tuple[Any, ...]]:
    """The rows of an answer. Asks twice: an owner that ends takes its answers with it."""
    try:
        return reader.rows(sql)
    except QueryError:
        return reader.rows(sql)


def _is_damage(error: Exception) -> bool:
    return any(word in str(error).lower() for word in DAMAGE)


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
