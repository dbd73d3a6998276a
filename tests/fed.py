"""Stores fed through a real log: for tests of what people read in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from schemas.catalogue import Catalogue
from schemas.conform import conform
from sinks.duckdb.reader import Limits, Reader
from sinks.duckdb.store import Landing, Store
from sinks.gateway.desk import Desk
from streams.core.framing import frame
from streams.log.protocol import Outgoing
from streams.log.sqlite import SqliteLog
from streams.pipeline import BATCH, Pipeline, drain
from streams.registry.sqlite import SqliteRegistry
from streams.sources.files import encode
from tests.feed import LANDED, OPENING, SECOND, blank_store, catalogue

Event = tuple[str, Mapping[str, Any]]


@dataclass
class Fed:
    """A store, the log before it, and every event told, in the order of telling."""

    store: Store
    log: SqliteLog
    registry: SqliteRegistry
    told: list[Event] = field(default_factory=list)

    @cached_property
    def reader(self) -> Reader:
        """Asks the store as everybody else does."""
        return Desk(self.store.database.connection, Limits()).reader()

    def tell(self, events: Iterable[Event], batch_size: int = BATCH) -> Landing:
        """Appends events to the log, a second apart, and lands them in batches of that many."""
        news = list(events)
        first = len(self.told)
        self.told += news
        self.log.append([self._outgoing(event, first + at) for at, event in enumerate(news)])
        pipeline = Pipeline(self.store, self.registry)
        hours = count(first)
        landings = drain(
            pipeline, self.log, lambda: LANDED + timedelta(hours=next(hours)), batch_size=batch_size
        )
        return sum(landings, Landing())

    def rows(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.store.database.rows(sql, parameters)

    def records(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query by the names of their columns."""
        answer = self.store.database.connection.execute(sql)
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def close(self) -> None:
        """Lets go of all files."""
        self.store.close()
        self.registry.close()
        self.log.close()

    def _outgoing(self, event: Event, at: int) -> Outgoing:
        contract = self.store.catalogue.events[event[0]]
        schema_id = self.registry.register(contract.name, json.dumps(contract.schema))
        value = frame(schema_id, encode(contract, event[1]))
        return Outgoing(contract.source.topic, value, timestamp=OPENING + at * SECOND)


def fed(folder: Path, contracts: Catalogue | None = None) -> Fed:
    """A store without an event in an empty folder, under the contracts that ship or those given."""
    store = Store(blank_store(folder / "fed.duckdb"), contracts or catalogue())
    return Fed(store, SqliteLog(folder / "log.sqlite"), SqliteRegistry(folder / "log.sqlite"))


def event_of(event_type: str, contracts: Catalogue | None = None, **fields: Any) -> Event:
    """An event written as JSON has it: times as ISO 8601 text, defaults left out."""
    return event_type, conform((contracts or catalogue()).events[event_type].schema, fields)
