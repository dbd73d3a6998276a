"""What the measures run on: logs full of page views, and columns of them without a log.

Decides the load. Must never be counted into a measure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyruhvro

from schemas.catalogue import load
from sinks.duckdb.store import Store
from streams.core.framing import frame
from streams.core.model import Batch, Place, Record
from streams.core.read import reading_schema
from streams.log.protocol import Outgoing
from streams.log.sqlite import SqliteLog
from streams.registry.protocol import Registry
from streams.registry.sqlite import SqliteRegistry
from streams.sources.files import encode
from streams.sources.synthetic import Parameters, Truth, generate
from streams.sources.synthetic.tracking import tracking

APPENDED = 20_000
SECRET = b"s" * 32
STORE = "bench.duckdb"
PAGE = "web/tracking/page_viewed"
SEEN = {  # beside what every view names
    "title": "Sommerkleider",
    "url": "https://shop.example/kleider/sommer",
    "referrer": "https://www.google.com/",
    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5) Safari/605.1",
    "locale": "de-DE",
}
START = 1_767_225_600_000_000  # 2026-01-01
STEP = 1_000_000


def log_views(file: Path, events: int, people: int) -> None:
    """A log of page and product views, with its registry in the same file."""
    with SqliteRegistry(file) as registry:
        _log(file, framed_views(registry, events, people))


def framed_views(
    registry: Registry, events: int, people: int, seed: int = 1
) -> Iterator[tuple[str, bytes, int]]:
    """Page and product views as they go to a log: topic, value, when appended."""
    told = tracking(events, people, seed)
    yield from _framed(registry, (("web.tracking", one.type, one.body, one.appended_at) for one in told))


def log_shop(file: Path, parameters: Parameters) -> Truth:
    """A log of the generated shop, and who is really who."""
    truth, types = Truth(), load().events
    told = generate(parameters, truth)
    bodies = ((one.topic, one.type, encode(types[one.type], one.datum), one.appended_at) for one in told)
    with SqliteRegistry(file) as registry:
        _log(file, _framed(registry, bodies))
    return truth


def _log(file: Path, framed: Iterator[tuple[str, bytes, int]]) -> None:
    with SqliteLog(file) as log:
        while chunk := [
            Outgoing(topic, value, timestamp=at) for topic, value, at in islice(framed, APPENDED)
        ]:
            log.append(chunk)


def _framed(
    registry: Registry, events: Iterable[tuple[str, str, bytes, int]]
) -> Iterator[tuple[str, bytes, int]]:
    types, ids = load().events, dict[str, int]()
    for topic, name, body, at in events:
        if name not in ids:
            ids[name] = registry.register(name, json.dumps(types[name].schema))
        yield topic, frame(ids[name], body), at


@contextmanager
def opened(folder: str) -> Iterator[Store]:
    """A new store in a folder."""
    file = Path(folder) / STORE
    for leftover in (file, Path(f"{file}.wal")):
        leftover.unlink(missing_ok=True)
    store = Store(file, load(), secret=SECRET)
    try:
        yield store
    finally:
        store.close()


class Decoded(NamedTuple):
    """Events as they come out of `read`: a batch of records without values, and the columns by event type."""

    batch: Batch
    tables: dict[str, pa.Table]


def decoded_views(batches: int, size: int, people_at: tuple[int, int]) -> Iterator[Decoded]:
    """Batches of page views, decoded. The crowd grows evenly from the first to the second of `people_at`.

    Everybody in the crowd views equally often, so that each batch meets customers old and new alike.
    """
    chance = np.random.default_rng(1)
    first, last = people_at
    for number in range(batches):
        crowd = first + (last - first) * (number + 1) // batches
        offsets = np.arange(number * size, (number + 1) * size)
        yield Decoded(_records(offsets), {PAGE: views(offsets, chance.integers(0, crowd, size), chance)})


def decoded_crowd(people: int, size: int) -> Iterator[Decoded]:
    """Batches of page views, decoded: one view of each of so many people. They stand at no position."""
    chance = np.random.default_rng(1)
    for first in range(0, people, size):
        offsets = np.arange(first, min(first + size, people))
        yield Decoded(replace(_records(offsets), positions={}), {PAGE: views(offsets, offsets, chance)})


def keyed_views(
    registry: Registry, topic: str, events: int, people: int, seed: int = 2
) -> Iterator[list[Outgoing]]:
    """Page views of about 205 bytes for a topic, keyed by their viewers' strongest identifiers."""
    contract, chance = load().events[PAGE], np.random.default_rng(seed)
    text = json.dumps(contract.schema)
    header = frame(registry.register(f"{topic}-{contract.full_name}", text), b"")
    for first in range(0, events, APPENDED):
        offsets = np.arange(first, min(first + APPENDED, events))
        table = views(offsets, chance.integers(0, people, len(offsets)), chance)
        for name, value in SEEN.items():
            table = table.set_column(
                table.column_names.index(name), name, pa.array([value] * len(offsets), pa.string())
            )
        (rows,) = table.select(contract.arrow.names).combine_chunks().to_batches()
        (bodies,) = pyruhvro.serialize_record_batch(rows, text, 1)
        keys = pc.coalesce(rows.column("user_id"), rows.column("device_id")).to_pylist()
        yield [
            Outgoing(topic, header + body, key=key.encode())
            for key, body in zip(keys, bodies.to_pylist(), strict=True)
        ]


def _records(offsets: np.ndarray) -> Batch:
    place = Place("web.tracking", 0)
    records = [Record(*place, offset, START + offset * STEP, None, b"") for offset in offsets.tolist()]
    return Batch("bench", records, {place: int(offsets[-1]) + 1})


def views(offsets: np.ndarray, person: np.ndarray, chance: np.random.Generator) -> pa.Table:
    """Columns of page views by these people with two devices each, as `read` gives them."""
    size = len(offsets)
    device = 2 * person + (chance.random(size) < 0.3)
    anonymous = chance.random(size) >= 0.3
    known = {
        "event_id": pa.array([f"{offset:016x}" for offset in offsets.tolist()]),
        "occurred_at": pa.array(START + offsets * STEP, pa.timestamp("us")),
        "device_id": pa.array([f"d{one:015x}" for one in device.tolist()]),
        "user_id": pa.array([f"u{100_001 + one}" for one in person.tolist()], mask=anonymous),
        "session_id": pa.array([f"s{one:x}" for one in device.tolist()]),
        "url": pa.repeat("https://shop.example/", size),
        "writer": pa.repeat(pa.scalar(1, pa.int32()), size),
        "record": pa.array(np.arange(size), pa.int32()),
    }
    schema = reading_schema(load().events[PAGE])
    return pa.Table.from_arrays(
        [known.get(field.name, pa.nulls(size, field.type)) for field in schema], schema=schema
    )
