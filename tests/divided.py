"""Segments for tests: definitions applied and time told as events, evaluated on a real store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache

from sinks.duckdb.definitions import SEGMENT, TRAIT, find_files
from sinks.duckdb.segments import Segments
from sinks.duckdb.store import Store
from tests.feed import OPENING, Said, says

HEAD = "-- owner: Tests\n-- description: For a test.\n-- refresh: {refresh}\n"
MEMBERS = (
    "SELECT segment, text.value, reason FROM segment.membership AS member"
    " JOIN identity.identifier AS text ON text.node = member.customer_id WHERE until IS NULL ORDER BY ALL"
)


@cache
def shipped() -> Mapping[tuple[str, str], str]:
    """The texts of all definitions that ship, by kind and name."""
    return {
        (kind, name): file.read_text("utf-8")
        for kind in (TRAIT, SEGMENT)
        for name, file in find_files(kind, None).items()
    }


def defined(name: str, select: str, refresh: str = "live", at: int = 0, kind: str = SEGMENT) -> Said:
    """The event that applies a definition of a head and a SELECT."""
    return applied(name, HEAD.format(refresh=refresh) + select, at, kind)


def applied(name: str, text: str | None, at: int = 0, kind: str = SEGMENT) -> Said:
    """The event that applies a whole file; None ends it."""
    return says(
        "own/rundum/definition_applied", f"{kind} {name} {at}", at,
        kind=kind, name=name, text=text, reason="-", actor="tests",
    )  # fmt: skip


def all_shipped(at: int = 0) -> list[Said]:
    """The events that apply everything that ships."""
    return [applied(name, text, at, kind) for (kind, name), text in shipped().items()]


def ticked(at: int) -> Said:
    """A tick of the clock, `at` microseconds after the opening."""
    return says("own/clock/ticked", f"tick {at}", at)


def time_of(at: int) -> datetime:
    """The time (UTC, no zone) `at` microseconds after the opening."""
    return datetime(1970, 1, 1) + timedelta(microseconds=OPENING + at)  # noqa: DTZ001


@contextmanager
def segments_of(store: Store) -> Iterator[Segments]:
    """The segments of a store, beside its own connection."""
    connection = store.database.connection
    segments = Segments((connection.cursor(), connection.cursor()), store.catalogue)
    try:
        yield segments
    finally:
        segments.close()


def members(store: Store, sql: str = MEMBERS) -> list[tuple[object, ...]]:
    """Who is in which segment now, by the text of their customer's strongest identifier, and why."""
    return store.database.rows(sql)


def check_history(store: Store) -> None:
    """Intervals never overlap, and the change log replayed gives the memberships."""
    rows = store.database.rows
    assert rows("FROM segment.membership WHERE until < since") == []
    assert (
        rows(
            "SELECT a.segment, a.customer_id FROM segment.membership AS a JOIN segment.membership AS b ON"
            " a.segment = b.segment AND a.customer_id = b.customer_id AND a.rowid < b.rowid"
            " AND a.since < coalesce(b.until, 'infinity') AND b.since < coalesce(a.until, 'infinity')"
        )
        == []
    )
    held: dict[tuple[object, object], object] = {}
    for segment, customer, entered, reason in rows(
        "SELECT segment, customer_id, entered, reason FROM segment.change ORDER BY change_id"
    ):
        if entered:
            held[segment, customer] = reason
        else:
            assert held.pop((segment, customer), None) is not None, (
                f"{customer} left {segment}, and was not in"
            )
    now = rows("SELECT segment, customer_id, reason FROM segment.membership WHERE until IS NULL")
    assert {(segment, customer): reason for segment, customer, reason in now} == held
    assert len(now) == len(held)
