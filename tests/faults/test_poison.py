"""What the store cannot hold is rejected, record by record, and spoils nothing for the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from schemas.catalogue import Catalogue, load
from sinks.duckdb.digest import digest
from sinks.duckdb.store import Store
from streams.core.framing import frame
from streams.core.model import Batch, Place, Record
from streams.pipeline import Pipeline
from streams.registry.sqlite import SqliteRegistry
from streams.sources.files import encode
from tests.feed import (
    LANDED,
    LOG,
    OPENING,
    Said,
    batch_of,
    blank_store,
    catalogue,
    check_books,
    land,
    land_whole,
    new_store,
    says,
)

LEAST = -(2**63)
POINTS = "loyalty/app/points_spent"
TOPIC = "loyalty.app"
SOURCE = {
    "title": "Loyalty", "owner": "o", "contact": "c", "purpose": "p", "legal_basis": "l", "retention": "r",
}  # fmt: skip
MICROS = {"type": "long", "logicalType": "timestamp-micros"}
CONTRACT: dict[str, Any] = {
    "type": "record", "name": "PointsSpent", "namespace": "loyalty.app", "doc": "Points taken off a card.",
    "fields": [
        {"name": "event_id", "type": "string", "means": "event_id", "doc": "Id."},
        {"name": "occurred_at", "type": MICROS, "means": "occurred_at", "doc": "When."},
        {"name": "customer_no", "type": "string", "means": "id:customer_no", "doc": "Whose."},
        {"name": "points", "type": "long", "means": "measure:points", "unit": "points", "sign": -1,
         "doc": "So many."},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def loyalty(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The contracts that ship and one whose measure the store cannot negate at its least value."""
    folder = tmp_path_factory.mktemp("project")
    source = folder / "loyalty" / "app"
    source.mkdir(parents=True)
    told = "".join(f'{key} = "{value}"\n' for key, value in SOURCE.items())
    (source / "source.toml").write_text(told + "trust = 2\n")
    (source / "points_spent.avsc").write_text(json.dumps(CONTRACT))
    return load([folder])


@pytest.fixture
def store(tmp_path: Path, loyalty: Catalogue) -> Iterator[Store]:
    """A store under these contracts."""
    store = Store(blank_store(tmp_path / "store.duckdb"), loyalty)
    yield store
    store.close()


def spend(store: Store, points: list[int], registry: SqliteRegistry, first: int = 0) -> Batch:
    """One event for each number of points, of two customers in turn."""
    number = registry.register(POINTS, json.dumps(CONTRACT))
    values = [
        encode(
            store.catalogue.events[POINTS],
            {"event_id": f"p{at}", "occurred_at": OPENING + at, "customer_no": f"K{at % 2}", "points": spent},
        )
        for at, spent in enumerate(points, first)
    ]
    records = [
        Record(TOPIC, 0, at, OPENING, None, frame(number, value)) for at, value in enumerate(values, first)
    ]
    return Batch(LOG, records, {Place(TOPIC, 0): first + len(records)})


@pytest.mark.parametrize("poisoned", [{0}, {6}, {3, 4}, {0, 2, 6}, set(range(7))], ids=str)
def test_only_the_records_that_the_store_cannot_hold_are_rejected(
    store: Store, tmp_path: Path, poisoned: set[int]
) -> None:
    with SqliteRegistry(tmp_path / "registry.sqlite") as registry:
        pipeline = Pipeline(store, registry)
        batch = spend(store, [LEAST if at in poisoned else 5 for at in range(7)], registry)
        landing = pipeline.handle(batch, LANDED)
        later = store.last_landed_at()
        assert (landing.landed, landing.rejected) == (7 - len(poisoned), len(poisoned))
        assert later is not None
        rejected = store.database.rows(
            'SELECT "offset", reason, value FROM ops.rejected ORDER BY rejected_id'
        )
        assert rejected == [(at, "not_storable", batch.records[at].value) for at in sorted(poisoned)]
        assert store.positions(LOG) == {Place(TOPIC, 0): 7}
        spent = store.database.value("SELECT sum(total) FROM profile.measure") or 0
        assert spent == -5 * (7 - len(poisoned))
        times = store.database.rows("SELECT known_from FROM identity.assignment ORDER BY ALL")
        assert all(LANDED <= known_from <= later for (known_from,) in times)
        check_books(store, 7)
        assert pipeline.handle(spend(store, [1], registry, first=7), later.replace(year=2027)).landed == 1
        check_books(store, 8)


def test_a_batch_in_which_nothing_is_an_event_is_rejected_whole() -> None:
    with new_store() as store:
        records = [Record("web.tracking", 0, at, OPENING, None, b"junk") for at in range(3)]
        (landing,) = land(store, [Batch(LOG, records, {Place("web.tracking", 0): 3})])
        assert (landing.landed, landing.rejected) == (0, 3)
        check_books(store, 3)


def order(event_id: str, **fields: Any) -> Said:
    """An order of nothing."""
    told = {"order_id": event_id, "user_id": "u", "lines": [], "subtotal_minor": 0, "total_minor": 100}
    return says("shop/standard/order_placed", event_id, 0, **(told | {"currency": "EUR"} | fields))


def read_views(store: Store) -> None:
    """Reads every view, to the last row."""
    for (view,) in store.database.rows("SELECT view_name FROM duckdb_views() WHERE schema_name = 'main'"):
        store.database.rows(f"FROM {view}")


def test_money_beyond_all_sense_is_rejected_and_spoils_no_view() -> None:
    """What counts as a measure is refused; elsewhere it is kept as it came, and null in major units."""
    line: dict[str, Any] = {
        "line_id": "1",
        "product_id": "p",
        "name": "n",
        "quantity": 2**63 - 1,
        "unit_price_minor": 1,
    }
    line["total_minor"] = 2**63 - 1
    orders = [
        order("1", total_minor=10**15),
        order("2"),
        order("3", shipping_minor=2**63 - 1, tax_minor=LEAST),
        order("4", lines=[line, line]),
    ]
    with new_store() as store:
        landing = land_whole(store, orders)
        assert (landing.landed, landing.rejected) == (3, 1)
        reasons = store.database.rows("SELECT reason, field FROM ops.rejected")
        assert reasons == [("field_invalid", "total_minor")]
        read_views(store)
        check_books(store, 4)


def test_extremes_of_every_field_of_every_contract_spoil_no_view() -> None:
    """Whatever `read` lets through can be landed, retold, refolded and read."""
    chance = Random(3)
    with new_store() as store:
        told = [Said(event.name, extreme(event.schema, chance, f"{event.name}{at}"))
                for event in catalogue().events.values() for at in range(4)]  # fmt: skip
        told = [said for said in told if not said.type.startswith("own/")]
        first = land_whole(store, told)
        assert first.landed > len(told) // 2
        shut = says(
            "own/rundum/identifier_blocked", "b", kind="user_id", value="u", blocked=True, reason="", actor=""
        )
        retold = [Said(said.type, said.datum | {"occurred_at": OPENING + 5}) for said in told]
        land(store, [batch_of([shut]), batch_of(retold, first=len(told))])
        check_books(store, 2 * len(told) + 1)
        assert store.database.rows("FROM ops.rejected WHERE reason = 'not_storable'") == []
        read_views(store)
        digest(store.database, catalogue())


def extreme(avro: Any, chance: Random, event_id: str) -> Any:
    """A datum of a schema, each value at an end of its range."""
    if isinstance(avro, list):
        return extreme(chance.choice(avro), chance, event_id)
    kind = avro["type"] if isinstance(avro, dict) else avro
    if kind == "record":
        return {entry["name"]: field_extreme(entry, chance, event_id) for entry in avro["fields"]}
    if kind == "array":
        return [extreme(avro["items"], chance, event_id) for _ in range(chance.randrange(3))]
    if kind == "enum":
        return chance.choice(avro["symbols"])
    if isinstance(avro, dict) and avro.get("logicalType") == "timestamp-micros":
        return chance.choice([-62_135_596_800_000_000, 253_402_300_799_999_999])
    if isinstance(avro, dict) and avro.get("logicalType") == "date":
        return chance.choice([-719_162, 2_932_896])
    ends: dict[str, list[Any]] = {
        "null": [None], "boolean": [True, False], "int": [-(2**31), 2**31 - 1], "long": [LEAST, 2**63 - 1],
        "string": ["", "u", "\u2028\U0010ffff\ufeff", "'; DROP TABLE ops.event; --", "x" * 3000],
    }  # fmt: skip
    return chance.choice(ends[kind])


def field_extreme(entry: Any, chance: Random, event_id: str) -> Any:
    """A field of it: the id, the time and the currency as they must be, measures not beyond sense."""
    name, means = entry["name"], str(entry.get("means", ""))
    if means == "event_id":
        return event_id
    if means == "occurred_at":
        return OPENING
    if name == "currency":
        return chance.choice(["EUR", "JPY", "XXX"])
    if "measure:" in means:
        return chance.choice([-(10**15) + 1, 10**15 - 1])
    if "id:" in means and chance.random() < 0.5 and "array" not in str(entry["type"]):
        return "u"
    return extreme(entry["type"], chance, event_id)
