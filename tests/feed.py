"""Events for tests: said in a line, framed as on the wire, landed by the real pipeline in a real store.

A store costs a copy of a blank one, made once a process.
"""

from __future__ import annotations

import atexit
import io
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import fastavro

from schemas.catalogue import Catalogue, load
from sinks.duckdb.store import Landing, Store
from streams.core.framing import frame
from streams.core.model import Batch, Place, Record
from streams.pipeline import Pipeline
from streams.registry.sqlite import SqliteRegistry

SECRET = b"s" * 32
LOG = "a log"
SECOND = 1_000_000
DAY = 86_400 * SECOND
OPENING = 1_760_000_000 * SECOND  # 2025-10-09T08:53:20Z
LANDED = datetime.fromisoformat("2026-01-01T00:00:00")
_numbers = itertools.count()


class Said(NamedTuple):
    """One event: its type and its datum, times in microseconds since 1970."""

    type: str
    datum: dict[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """What makes it one and the same event."""
        return self.type, str(self.datum["event_id"])


def says(event_type: str, event_id: str, at: int = 0, **fields: Any) -> Said:
    """An event `at` microseconds after the opening; fields that its contract does not have are left out."""
    names = {entry["name"] for entry in catalogue().events[event_type].schema["fields"]}
    told = {"event_id": event_id, "occurred_at": OPENING + at, **fields}
    return Said(event_type, {name: value for name, value in told.items() if name in names})


@cache
def workshop() -> Path:
    """A folder that goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="rundum"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def catalogue() -> Catalogue:
    """The contracts that ship."""
    return load()


def registry_file() -> Path:
    """Where the registry keeps its schemas."""
    return workshop() / "registry.sqlite"


@cache
def registry() -> SqliteRegistry:
    """A registry that knows every contract of which an event was made."""
    made = SqliteRegistry(registry_file())
    atexit.register(made.close)
    return made


@cache
def schema_id(event_type: str) -> int:
    """The number under which the registry knows a contract."""
    return registry().register(event_type, json.dumps(catalogue().events[event_type].schema))


def value_of(said: Said) -> bytes:
    """The event as the wire has it."""
    body = io.BytesIO()
    fastavro.schemaless_writer(body, catalogue().events[said.type].parsed, said.datum)
    return frame(schema_id(said.type), body.getvalue())


@cache
def _blank() -> Path:
    path = workshop() / "blank.duckdb"
    Store(path, catalogue(), secret=SECRET).close()
    return path


def blank_store(path: Path) -> Path:
    """A store without an event at `path`, with the secret that all stores of the tests share."""
    shutil.copyfile(_blank(), path)
    return path


@contextmanager
def new_store() -> Iterator[Store]:
    """A store without an event, for as long as the block lasts."""
    path = blank_store(workshop() / f"store{next(_numbers)}.duckdb")
    store = Store(path, catalogue())
    store.database.run("PRAGMA disable_checkpoint_on_shutdown")  # nobody will open it again
    try:
        yield store
    finally:
        store.close()
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()


_writers: dict[int, Any] = {}


def pipeline(store: Store) -> Pipeline:
    """The pipeline into a store; writers' schemas are parsed once for all of them."""
    made = Pipeline(store, registry())
    made.writers = _writers
    return made


def batch_of(events: Iterable[Said], first: int = 0) -> Batch:
    """All events as one batch, each topic in one partition, offsets from `first`."""
    records: list[Record] = []
    heads: dict[Place, int] = {}
    for said in events:
        place = Place(catalogue().events[said.type].source.topic, 0)
        offset = heads.get(place, first)
        heads[place] = offset + 1
        records.append(Record(*place, offset, OPENING + len(records) * SECOND, None, value_of(said)))
    return Batch(LOG, records, heads)


def batches_of(events: Sequence[Said], chance: Random, partitions: int = 3) -> list[Batch]:
    """The events in the order given, spread over partitions and cut into batches by chance, with gaps."""
    heads: dict[Place, int] = {}
    batches: list[Batch] = []
    rest = list(events)
    while rest:
        size = min(chance.choice((1, 2, 3, 8, 30, len(rest))), len(rest))
        records = []
        for said in rest[:size]:
            place = Place(catalogue().events[said.type].source.topic, chance.randrange(partitions))
            offset = heads.get(place, 0) + (chance.randrange(3) if chance.random() < 0.1 else 0)
            heads[place] = offset + 1
            appended = OPENING + chance.randrange(5 * 3600) * SECOND
            records.append(Record(*place, offset, appended, None, value_of(said)))
        batches.append(Batch(LOG, records, {Place(r.topic, r.partition): r.offset + 1 for r in records}))
        rest = rest[size:]
    return batches


def land(store: Store, batches: Iterable[Batch]) -> list[Landing]:
    """Lands batches, a second apart."""
    pipe = pipeline(store)
    last = store.last_landed_at() or LANDED
    return [pipe.handle(batch, last + timedelta(seconds=at)) for at, batch in enumerate(batches, 1)]


def land_whole(store: Store, events: Iterable[Said]) -> Landing:
    """Lands all events as one batch."""
    return land(store, [batch_of(events)])[0]


def check_books(store: Store, records: int) -> None:
    """Every record is accounted for: the conservation view balances and the positions add up."""
    rows = store.database.rows
    assert rows("FROM ops.conservation WHERE NOT balanced") == []
    accepted, gaps = rows("SELECT coalesce(sum(accepted), 0), coalesce(sum(gaps), 0) FROM ops.ledger")[0]
    assert accepted == records
    reached = store.database.value("SELECT coalesce(sum(next_offset), 0) FROM ops.position")
    assert reached == accepted + gaps
    assert rows("SELECT event_type, event_id FROM ops.event GROUP BY ALL HAVING count(*) > 1") == []
    typed = " UNION ALL ".join(
        f"SELECT landed_seq FROM {event.table}" for event in store.catalogue.events.values()
    )
    assert rows(f"SELECT landed_seq FROM ({typed}) GROUP BY ALL HAVING count(*) > 1") == []
    assert rows(f"SELECT landed_seq FROM ops.event ANTI JOIN ({typed}) USING (landed_seq)") == []
    assert rows(f"SELECT landed_seq FROM ({typed}) ANTI JOIN ops.event USING (landed_seq)") == []
