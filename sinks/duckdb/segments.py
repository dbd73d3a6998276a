"""Segments and computed traits: who is in and who is out, after every change and whenever time calls for it.

Decides which definitions are asked about whom, and writes what they answer. Must never read a clock: the time
is that of the last tick that landed. Must never touch what landing writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from time import perf_counter
from typing import NamedTuple

import duckdb

from schemas.catalogue import Catalogue, ContractError
from sinks.duckdb.answers import SECONDS, AnswerError, answer, asked, asked_of_all
from sinks.duckdb.database import Statements
from sinks.duckdb.definitions import SEGMENT, SWEEP, TRAIT, Definition, read_definition
from sinks.duckdb.scope import CUSTOMERS, Scope
from sinks.duckdb.sql import script
from sinks.duckdb.views import views_of

AT_ONCE = 40_000  # components looked at together: what they hold is in memory
Feed = Callable[[Scope], None]


class Standing(NamedTuple):
    """How a definition stands: the version that holds, the one tried last, for which times (UTC, no zone)."""

    version: str | None
    tried: str
    swept_for: datetime | None
    failed_for: datetime | None


class Segments:
    """The segments of one store, on two connections beside the one that lands. For one thread."""

    def __init__(
        self,
        connections: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
        catalogue: Catalogue,
        seconds: float = SECONDS,
    ) -> None:
        """`connections` are two new ones to the store; `seconds` is how long one definition may take."""
        self.scope, self._whole = Scope(connections[0], catalogue), Statements(connections[1])
        self._customers = views_of(catalogue)[CUSTOMERS]
        self._seconds, self.at_once = seconds, AT_ONCE
        self._read: dict[tuple[str, str, str], Definition] = {}

    def now(self) -> datetime | None:
        """The time of the last tick that landed, UTC; None before the first."""
        told: datetime | None = self._whole.value("SELECT max(occurred_at) FROM own_clock.ticked")
        return told

    def definitions(self) -> list[Definition]:
        """What is defined now, traits first. What cannot be read any more is reported and left out."""
        found = []
        rows = self._whole.rows(
            "SELECT kind, name, version, text FROM segment.definition ORDER BY kind DESC, name"
        )
        for kind, name, version, text in rows:
            if (kind, name, version) not in self._read:
                try:
                    self._read[kind, name, version] = read_definition(kind, name, text)
                except ContractError as error:
                    self._report((kind, name), version, str(error), self.now())
                    continue
            found.append(self._read[kind, name, version])
        return found

    def catch_up(self, now: datetime, feed: Feed | None = None) -> None:
        """Looks at all who are touched and at all that is due, until nothing is left."""
        while self.refresh(now, feed):  # first: what an event has caused is not to count as time's doing
            pass
        self.sweep_due(now, most=None)
        while self.refresh(now, feed):
            pass

    def refresh(self, now: datetime, feed: Feed | None = None) -> bool:
        """Looks at some touched customers; False if there are none. `feed` is told of them."""
        if not self._whole.rows("FROM segment.touched LIMIT 1"):
            return False
        scope = self.scope
        definitions, standing = self.definitions(), self._standing()
        live = [one for one in definitions if one.is_live and _holds(one, standing)]
        if not definitions and not standing and feed is None:
            self._whole.run("DELETE FROM segment.touched")
            return False
        self._cross()
        with scope.transaction():
            if not scope.take(self.at_once):
                return False
            scope.step("segment_begin")
            self._load(live, with_all=feed is not None)
            landed_at = scope.value(f"SELECT value FROM {scope.store}.ops.meta WHERE key = 'landed_at'")
        self._answer_scope(live, now)
        with scope.transaction():
            scope.run_script(_filled("segment_carry", scope.store, "seen"))
            self._apply(scope, "seen", now, landed_at)
        if feed is not None:
            feed(scope)
        with scope.transaction():
            scope.run_script(_filled("segment_seen", scope.store, "seen"))
        return True

    def sweep_due(self, now: datetime, most: int | None = 1) -> int:
        """Looks at all customers for definitions that are new or due; how many. `most` of them at once."""
        definitions = self.definitions()
        self._drop_ended(definitions)
        standing = self._standing()
        due = [one for one in definitions if _is_due(one, standing.get(one.key), now)]
        for definition in due[:most]:
            self.sweep(definition, now)
        return len(due[:most])

    def sweep(self, definition: Definition, now: datetime) -> None:
        """Looks at all customers for one definition. An error is kept beside it; what held before stands."""
        whole, began = self._whole, perf_counter()
        whole.step("segment_begin")
        standing = self._standing().get(definition.key)
        is_new = standing is None or standing.version != definition.version
        try:
            answer(whole, definition, asked_of_all(definition, now, self._customers), self._seconds)
        except AnswerError as error:
            self._report(definition.key, definition.version, str(error), now)
            return
        _note(whole, definition, "definition" if is_new else "time")
        with whole.transaction():
            landed_at = whole.value("SELECT value FROM ops.meta WHERE key = 'landed_at'")
            self._apply(whole, "", now, landed_at)
            self._touch(definition.key, now, landed_at)
            members = whole.value(f"SELECT count(*) FROM {'valued' if definition.kind == TRAIT else 'found'}")
            whole.run("DELETE FROM segment.refresh WHERE kind = ? AND name = ?", [*definition.key])
            seconds = perf_counter() - began
            row = [*definition.key, definition.version, definition.version, now, seconds, members]
            whole.run("INSERT INTO segment.refresh VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)", row)

    def newest_change(self) -> int:
        """The number of the last change of a membership; 0 before the first."""
        return int(self._whole.value("SELECT max(change_id) FROM segment.change") or 0)

    def touch_all(self) -> int:
        """Has everybody looked at again; how many components that are."""
        self._whole.step("touch_all")
        return int(self._whole.value("SELECT count(DISTINCT component) FROM identity.node"))

    def close(self) -> None:
        """Lets go of both connections."""
        self.scope.close()
        self._whole.connection.close()

    def _cross(self) -> None:
        """Looks through the events that are new for blocked numbers, by which models join."""
        newest = self._whole.value("SELECT max(landed_seq) FROM ops.event")
        last = self._whole.value("SELECT landed_seq FROM segment.crossed")
        if newest is not None and newest != last:
            with self._whole.transaction():
                self._whole.step("segment_cross", last=last or 0)

    def _load(self, live: Sequence[Definition], *, with_all: bool) -> None:
        """Makes what live definitions read of the customers at hand; everything if a feed wants it."""
        wanted = {table: _columns(live, table) for one in live for table in one.statement.tables}
        if with_all:
            wanted[CUSTOMERS] = None
        self.scope.load(wanted)

    def _answer_scope(self, live: Sequence[Definition], now: datetime) -> None:
        """Asks every live definition about the customers at hand, traits first: segments see them."""
        scope = self.scope
        for kind in (TRAIT, SEGMENT):
            for definition in (one for one in live if one.kind == kind):
                try:
                    answer(scope, definition, asked(definition, now, _hiding(definition)), self._seconds)
                except AnswerError as error:
                    self._report(definition.key, definition.version, str(error), now)
                else:
                    _note(scope, definition, "event")
            if kind == TRAIT:
                scope.step("scope_traits", now=now)
                scope.renew()

    def _apply(self, at: Statements, seen: str, now: datetime, landed_at: str) -> None:
        """Writes what was found, of the customers in the table `seen`; of all if that is empty."""
        store, nodes = self.scope.store, "identity.node"
        times = {"now": now, "landed_at": landed_at}
        at.run_script(_filled("segment_apply", store, seen, nodes), times)
        at.run_script(_filled("trait_apply", store, seen, nodes), times)

    def _touch(self, key: tuple[str, str], now: datetime, landed_at: str) -> None:
        """Has those looked at again of whom a trait has changed, if live segments read traits."""
        if key[0] == TRAIT and any(_reads_traits(one) for one in self._read.values()):
            self._whole.step("trait_touch", trait=key[1], now=now, landed_at=landed_at)

    def _standing(self) -> Mapping[tuple[str, str], Standing]:
        rows = self._whole.rows(
            "SELECT kind, name, version, tried, swept_for, failed_for FROM segment.refresh"
        )
        return {(kind, name): Standing(*rest) for kind, name, *rest in rows}

    def _report(self, key: tuple[str, str], version: str, why: str, now: datetime | None) -> None:
        """Keeps why a definition gave no answer; what held before goes on."""
        whole, known = self._whole, self._standing().get(key)
        if known is None:
            row = [*key, version, why, now]
            whole.run("INSERT INTO segment.refresh VALUES (?, ?, NULL, ?, NULL, NULL, NULL, ?, ?)", row)
        else:
            row = [version, why, now, *key]
            whole.run(
                "UPDATE segment.refresh SET tried = ?, error = ?, failed_for = ? WHERE kind = ? AND name = ?",
                row,
            )

    def _drop_ended(self, definitions: Iterable[Definition]) -> None:
        """Ends what is no segment or trait any more."""
        whole, kept = self._whole, {(one.kind, one.name) for one in definitions}
        defined = set(whole.rows("SELECT kind, name FROM segment.definition"))
        for kind, name in sorted(self._standing().keys() - kept - defined):
            whole.step("segment_begin")
            table, columns = ("computed", "?, ''") if kind == TRAIT else ("evaluated", "?, '', 'definition'")
            whole.run(f"INSERT INTO {table} VALUES ({columns})", [name])
            with whole.transaction():
                now = self.now() or whole.value("SELECT max(failed_for) FROM segment.refresh")
                landed_at = whole.value("SELECT value FROM ops.meta WHERE key = 'landed_at'")
                self._apply(whole, "", now, landed_at)
                self._touch((kind, name), now, landed_at)
                whole.run("DELETE FROM segment.refresh WHERE kind = ? AND name = ?", [kind, name])


def _is_due(definition: Definition, standing: Standing | None, now: datetime) -> bool:
    if standing is None or standing.tried != definition.version:
        return True
    if standing.failed_for is not None:
        return now >= standing.failed_for + (definition.every or SWEEP)
    return definition.every is not None and now >= (standing.swept_for or now) + definition.every


def _reads_traits(definition: Definition) -> bool:
    tables, columns = definition.statement.tables, definition.statement.columns
    by_column = CUSTOMERS in tables and (columns is None or "traits" in columns)
    return definition.is_live and (by_column or "traits" in tables)


def _hiding(definition: Definition) -> str:
    """Customers without traits, for a computed trait that takes whole rows: it may not see itself."""
    if definition.kind == TRAIT and definition.statement.columns is None:
        return "WITH customers AS (SELECT * EXCLUDE (traits) FROM customers) "
    return ""


def _holds(definition: Definition, standing: Mapping[tuple[str, str], Standing]) -> bool:
    """Whether all customers were looked at under this version; else the sweep to come decides."""
    known = standing.get(definition.key)
    return known is not None and known.version == definition.version


def _columns(live: Iterable[Definition], table: str) -> frozenset[str] | None:
    """Columns that those who read a relation name; None if one takes them all."""
    named = [one.statement.columns for one in live if table in one.statement.tables]
    return None if None in named else frozenset().union(*(one for one in named if one is not None))


def _note(at: Statements, definition: Definition, cause: str) -> None:
    """Says that a definition was asked."""
    if definition.kind == TRAIT:
        at.run("INSERT INTO computed VALUES (?, ?)", [definition.name, definition.version])
    else:
        at.run("INSERT INTO evaluated VALUES (?, ?, ?)", [definition.name, definition.version, cause])


def _filled(step: str, store: str, seen: str, nodes: str = "identity.node") -> str:
    covers = f"member.customer_id IN (SELECT node FROM {seen})" if seen else "true"
    return script("steps", step).text.format(store=store, covers=covers, nodes=nodes, seen=seen)
