"""Customers by the million who look, fill carts and order: columns as they come out of `read`, without a log.

Decides the load. Must never be taken for people: everybody looks, orders and hesitates alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.catalogue import Catalogue, load
from streams.core.model import Batch, Record
from streams.core.read import reading_schema
from tests.bench.workload import START, STEP, Decoded

ORDER, VIEW, CART = "shop/standard/order_placed", "web/tracking/product_viewed", "web/tracking/product_added"
NOW = datetime(1970, 1, 1) + timedelta(microseconds=START)  # noqa: DTZ001
SHARES = {ORDER: 1.5, VIEW: 2.0, CART: 0.2}  # events for each customer
DAYS = 400  # before NOW in which they happened
HOUR, DAY = 3_600 * STEP, 86_400 * STEP
CATEGORIES = np.array(["Damen/Schuhe", "Damen/Kleider", "Herren/Jacken", "Kinder/Spiele", "Wohnen/Licht"])
Ints = npt.NDArray[np.int64]


def decoded_shop(customers: int, size: int) -> Iterator[Decoded]:
    """Batches of about `size` events, each of all that some of so many customers did before NOW."""
    chance = np.random.default_rng(1)
    at_once = max(1, round(size / sum(SHARES.values())))
    number = 0
    for first in range(0, customers, at_once):
        crowd = np.arange(first, min(first + at_once, customers))
        people = {event: _spread(crowd, share, chance) for event, share in SHARES.items()}
        ages = {event: chance.integers(0, DAYS * DAY, len(of)) for event, of in people.items()}
        yield _decoded(number, people, {event: START - age for event, age in ages.items()}, chance)
        number += sum(map(len, people.values()))


def decoded_now(number: int, customers: int, size: int, chance: np.random.Generator) -> Decoded:
    """One batch of what chance has some of the customers do at NOW: one order in ten events."""
    cut = np.array([0.1, 0.2]) * size
    parts = np.split(chance.integers(0, customers, size), np.ceil(cut).astype(int))
    people = dict(zip((ORDER, CART, VIEW), parts, strict=True))
    return _decoded(
        number, people, {event: np.repeat(START, len(of)) for event, of in people.items()}, chance
    )


@cache
def _catalogue() -> Catalogue:
    return load()


def _spread(crowd: Ints, share: float, chance: np.random.Generator) -> Ints:
    """Each of the crowd as often as the share says whole, the rest by chance."""
    some = crowd[chance.random(len(crowd)) < share % 1]
    return np.concatenate([np.repeat(crowd, int(share)), some])


def _decoded(
    number: int, people: Mapping[str, Ints], times: Mapping[str, Ints], chance: np.random.Generator
) -> Decoded:
    """The events of these people, numbered from `number` on. They stand at no position."""
    tables: dict[str, pa.Table] = {}
    records: list[Record] = []
    first = 0
    for event, of in people.items():
        contract = _catalogue().events[event]
        known = _common(number + first, first, of, times[event]) | _FILLED[event](number + first, of, chance)
        schema = reading_schema(contract)
        tables[event] = pa.Table.from_arrays(
            [known.get(field.name, pa.nulls(len(of), field.type)) for field in schema],
            schema=schema,
        )
        topic = contract.source.topic
        records += [Record(topic, 0, number + first + at, START, None, b"") for at in range(len(of))]
        first += len(of)
    return Decoded(Batch("bench", records, {}), tables)


def _common(number: int, first: int, people: Ints, times: Ints) -> dict[str, pa.Array]:
    size = len(people)
    return {
        "event_id": pa.array([f"{number + at:016x}" for at in range(size)]),
        "occurred_at": pa.array(times, pa.timestamp("us")),
        "user_id": pa.array([f"u{100_001 + one}" for one in people.tolist()]),
        "device_id": pa.array([f"d{one:015x}" for one in people.tolist()]),
        "currency": pa.repeat("EUR", size),
        "writer": pa.repeat(pa.scalar(1, pa.int32()), size),
        "record": pa.array(np.arange(first, first + size), pa.int32()),
    }


def _ordered(number: int, people: Ints, chance: np.random.Generator) -> dict[str, pa.Array]:
    size = len(people)
    price = chance.integers(500, 20_000, size)
    line: dict[str, Any] = {
        "line_id": pa.repeat("1", size),
        "product_id": pa.array([f"p{one}" for one in chance.integers(0, 5_000, size).tolist()]),
        "sku": pa.nulls(size, pa.string()),
        "name": pa.repeat("Sommerkleid", size),
        "brand": pa.nulls(size, pa.string()),
        "category": pa.array(CATEGORIES[chance.integers(0, len(CATEGORIES), size)]),
        "quantity": pa.repeat(1, size),
        "unit_price_minor": pa.array(price),
        "discount_minor": pa.repeat(0, size),
        "tax_minor": pa.repeat(0, size),
        "total_minor": pa.array(price),
    }
    kind = reading_schema(_catalogue().events[ORDER]).field("lines").type
    fields = list(kind.value_type)
    lines = pa.StructArray.from_arrays([line[field.name] for field in fields], fields=fields)
    ends = pa.array(np.arange(size + 1), pa.int32())
    zeros, amounts = pa.repeat(0, size), pa.array(price)
    return {
        "order_id": pa.array([f"o{number + at}" for at in range(size)]),
        "device_id": pa.nulls(size, pa.string()),
        "guest": pa.repeat(False, size),
        "gift": pa.repeat(False, size),
        "lines": pa.ListArray.from_arrays(ends, lines, type=kind),
        "subtotal_minor": amounts,
        "discount_minor": zeros,
        "shipping_minor": zeros,
        "tax_minor": zeros,
        "total_minor": amounts,
    }


def _looked(_: int, people: Ints, chance: np.random.Generator) -> dict[str, pa.Array]:
    size = len(people)
    return {
        "product_id": pa.array([f"p{one}" for one in chance.integers(0, 5_000, size).tolist()]),
        "name": pa.repeat("Sommerkleid", size),
        "category": pa.array(CATEGORIES[chance.integers(0, len(CATEGORIES), size)]),
        "price_minor": pa.array(chance.integers(500, 20_000, size)),
        "quantity": pa.repeat(1, size),
    }


_FILLED = {ORDER: _ordered, VIEW: _looked, CART: _looked}
