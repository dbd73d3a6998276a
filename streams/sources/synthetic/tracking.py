"""A flood of page and product views, encoded column by column: what measures of throughput run on.

Decides a plausible load, fast. Must never be taken for people: it has no orders, no mistakes and no truth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyruhvro

from schemas.catalogue import EventType, load
from streams.sources.synthetic.goods import stock
from streams.sources.synthetic.parameters import DAY, HOUR, Parameters

PAGE, PRODUCT = "web/tracking/page_viewed", "web/tracking/product_viewed"
CHUNK = 50_000
LOGGED_IN, LATE, PRODUCT_VIEWS = 0.3, 0.02, 0.4
Columns = Mapping[str, pa.Array]


class Encoded(NamedTuple):
    """An event as its Avro body, without the frame. `appended_at` is in microseconds since 1970, UTC."""

    type: str
    body: bytes
    appended_at: int


def tracking(events: int, people: int, seed: int = 1, skew: float = 3.0) -> Iterator[Encoded]:
    """That many views by that many people with two devices each, spread over the demo's calendar.

    In order of arrival; 2 % arrive hours to days after they occurred; 30 % name the account. `skew` 1 lets
    all people view equally often, greater values let few view most. The same arguments give the same bytes.
    """
    chance = np.random.default_rng(seed)
    contracts = load().events
    crowd = _crowd(people)
    products = _products(seed)
    calendar = Parameters()
    step = max(1, (calendar.closes_at - calendar.opens_at) // max(1, events))
    for first in range(0, events, CHUNK):
        numbers = np.arange(first, min(first + CHUNK, events))
        appended_at = calendar.opens_at + numbers * step
        columns = _visitors(numbers, appended_at, crowd, chance, skew)
        columns["event_id"] = pa.array([f"{seed:08x}-{number:012x}" for number in numbers.tolist()])
        is_product = chance.random(len(numbers)) < PRODUCT_VIEWS
        pages = _encode(contracts[PAGE], columns, ~is_product)
        columns |= {name: _take(pool, chance.random(len(numbers)) ** 2) for name, pool in products.items()}
        views = _encode(contracts[PRODUCT], columns, is_product)
        for product, at in zip(is_product.tolist(), appended_at.tolist(), strict=True):
            yield Encoded(PRODUCT, next(views), at) if product else Encoded(PAGE, next(pages), at)


def _crowd(people: int) -> dict[str, pa.Array]:
    """Accounts, and two devices for each: person n holds devices 2n and 2n + 1."""
    return {
        "user_id": pa.array([f"u{100_001 + person}" for person in range(people)]),
        "device_id": pa.array([f"d{device:015x}" for device in range(2 * people)]),
    }


def _products(seed: int) -> dict[str, pa.Array]:
    """The shop's range as columns, the best-liked products first."""
    rows = [{**product._asdict(), "currency": "EUR"} for product in stock(seed).products]
    return {name: pa.array([row[name] for row in rows]) for name in rows[0]}


def _visitors(
    numbers: np.ndarray, appended_at: np.ndarray, crowd: Columns, chance: np.random.Generator, skew: float
) -> dict[str, pa.Array]:
    """Who views when: the columns that both kinds of view share."""
    size = len(numbers)
    person = (chance.random(size) ** skew * len(crowd["user_id"])).astype(np.int64)
    device = 2 * person + (chance.random(size) < 0.3)
    late = np.where(chance.random(size) < LATE, HOUR + chance.integers(0, 3 * DAY, size), 0)
    anonymous = chance.random(size) >= LOGGED_IN
    occurred_at = appended_at - late
    sessions = [
        f"s{one:x}-{hour:x}"
        for one, hour in zip(device.tolist(), (occurred_at // HOUR).tolist(), strict=True)
    ]
    return {
        "occurred_at": pa.array(occurred_at, pa.timestamp("us")),
        "device_id": crowd["device_id"].take(pa.array(device)),
        "user_id": crowd["user_id"].take(pa.array(person, mask=anonymous)),
        "session_id": pa.array(sessions),
        "url": pa.repeat("https://shop.example/", size),
        "locale": pa.repeat("de-DE", size),
    }


def _take(pool: pa.Array, shares: np.ndarray) -> pa.Array:
    return pool.take(pa.array((shares * len(pool)).astype(np.int64)))


def _encode(event: EventType, columns: Columns, chosen: np.ndarray) -> Iterator[bytes]:
    """The chosen rows as Avro bodies; fields without a column are null."""
    size = len(chosen)
    arrays = [columns.get(field.name, pa.nulls(size, field.type)) for field in event.arrow]
    rows = pa.record_batch(arrays, schema=event.arrow).filter(pa.array(chosen))
    for part in pyruhvro.serialize_record_batch(rows, json.dumps(event.schema), 1):
        yield from part.to_pylist()
