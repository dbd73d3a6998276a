"""Digests: three numbers that are equal whenever two stores say the same.

Decides which columns count: contents, identities and profiles, and nothing that depends on when or in which
order we learnt them. Must never differ by order of rows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from schemas.catalogue import Catalogue
from sinks.duckdb.contracts import fingerprint, landed_contracts
from sinks.duckdb.database import Database
from sinks.duckdb.land import content_of
from sinks.duckdb.sql import literal, script

PARTS = ("events", "identities", "profiles")


@dataclass(frozen=True)
class Digests:
    """SHA-256 in hex of each part; to be compared only where `rules` are equal."""

    rules: str
    events: str
    identities: str
    profiles: str


def digest(database: Database, catalogue: Catalogue) -> Digests:
    """The digests of the store as it is."""
    return Digests(
        fingerprint(database),
        _digest(database, events_sql(database, catalogue)),
        _digest(database, script("digests", "identities").text),
        _digest(database, script("digests", "profiles").text),
    )


def events_sql(database: Database, catalogue: Catalogue) -> str:
    """What counts of events: the columns of their contracts and what the writer sent beyond them."""
    selects = [
        f"SELECT {literal(name)} AS part, {content_of(event)} AS content FROM {event.table}"
        for name, event in sorted(landed_contracts(database, catalogue).items())
    ]
    return "\nUNION ALL\n".join(selects)


def _digest(database: Database, sql: str) -> str:
    whole = hashlib.sha256()
    rows = database.connection.execute(
        f"SELECT sha256(part || chr(31) || content) AS line FROM ({sql}) ORDER BY line"
    ).to_arrow_reader(100_000)
    for batch in rows:
        for line in batch.column(0).to_pylist():
            whole.update(line.encode())
    return whole.hexdigest()
