"""Digests: three numbers that are equal whenever two stores say the same.

Decides which columns count: contents, identities and profiles, and nothing that depends on when or in which
order we learnt them. Must never differ by order of rows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from schemas.catalogue import Catalogue
from sinks.duckdb.contracts import fingerprint, landed_contracts
from sinks.duckdb.land import content_of
from sinks.duckdb.reader import Rows
from sinks.duckdb.sql import literal, script

PARTS = ("events", "identities", "profiles")


@dataclass(frozen=True)
class Digests:
    """SHA-256 in hex of each part; to be compared only where `rules` are equal."""

    rules: str
    events: str
    identities: str
    profiles: str


def digest(store: Rows, catalogue: Catalogue) -> Digests:
    """The digests of a store as it is."""
    return Digests(
        fingerprint(store),
        _digest(store, events_sql(store, catalogue)),
        _digest(store, script("digests", "identities").text),
        _digest(store, script("digests", "profiles").text),
    )


def events_sql(store: Rows, catalogue: Catalogue) -> str:
    """What counts of events: the columns of their contracts and what the writer sent beyond them."""
    selects = [
        f"SELECT {literal(name)} AS part, {content_of(event)} AS content FROM {event.table}"
        for name, event in sorted(landed_contracts(store, catalogue).items())
    ]
    return "\nUNION ALL\n".join(selects)


def _digest(store: Rows, sql: str) -> str:
    """SHA-256 of how many rows there are and of the sums of their hashes: the same in every order."""
    rows = store.rows(script("digests", "whole").text.format(rows=sql))
    return hashlib.sha256(repr([tuple(map(int, row)) for row in rows]).encode()).hexdigest()
