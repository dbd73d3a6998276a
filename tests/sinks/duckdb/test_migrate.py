"""A contract may change before, amid or after its events: the store ends the same."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import Catalogue, load
from schemas.conform import conform
from sinks.duckdb.database import StoreError
from sinks.duckdb.digest import Digests, digest
from sinks.duckdb.rebuild import rebuild
from sinks.duckdb.store import Store
from streams.core.framing import frame
from streams.log.protocol import Outgoing
from streams.log.sqlite import SqliteLog
from streams.pipeline import Pipeline, drain
from streams.registry.sqlite import SqliteRegistry
from streams.sources.files import encode
from tests.feed import blank_store

EVENT = "app/loyalty/points_earned"
SOURCE = """
title = "Loyalty app"
owner = "App team"
contact = "app@shop.example.de"
purpose = "loyalty programme"
legal_basis = "contract"
retention = "36 months"
trust = 2
"""
TIME = {"type": "long", "logicalType": "timestamp-micros"}
V1: list[dict[str, Any]] = [
    {"name": "event_id", "type": "string", "means": "event_id", "doc": "Id."},
    {"name": "earned_at", "type": TIME, "means": "occurred_at", "doc": "When."},
    {"name": "email", "type": ["null", "string"], "default": None, "means": "id:email", "pii": "direct",
     "doc": "E-mail."},
    {"name": "points", "type": "int", "means": "measure:points", "unit": "points", "doc": "Points."},
    {"name": "place", "type": ["null", {"type": "record", "name": "Place", "fields": [
        {"name": "city", "type": "string", "doc": "City."}]}], "default": None, "doc": "Where."},
]  # fmt: skip
V2: list[dict[str, Any]] = [
    *V1[:3],
    {"name": "points", "type": "long", "means": "measure:points", "unit": "points", "doc": "Points."},
    {"name": "place", "type": ["null", {"type": "record", "name": "Place", "fields": [
        {"name": "city", "type": "string", "doc": "City."},
        {"name": "floor", "type": ["null", "int"], "default": None, "doc": "Floor."}]}], "default": None,
     "doc": "Where."},
    {"name": "user_id", "type": ["null", "string"], "default": None, "means": "id:user_id", "pii": "direct",
     "doc": "Login."},
    {"name": "nickname", "type": ["null", "string"], "default": None, "means": "trait:nickname",
     "pii": "indirect", "doc": "Nickname."},
    {"name": "channel", "type": "string", "default": "app", "doc": "Channel."},
]  # fmt: skip


def write_contract(root: Path, fields: Sequence[dict[str, Any]]) -> Catalogue:
    folder = root / "app" / "loyalty"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.toml").write_text(SOURCE)
    schema = {"type": "record", "name": "PointsEarned", "namespace": "app.loyalty", "doc": "Points.",
              "fields": list(fields)}  # fmt: skip
    (folder / "points_earned.avsc").write_text(json.dumps(schema))
    return load([root])


def events(seed: int) -> list[tuple[int, dict[str, Any]]]:
    """Events as producers of version 1 and 2 write them; some ids come with two contents."""
    rng = random.Random(seed)
    made = []
    for number in range(60):
        version = rng.choice((1, 2))
        at = datetime.fromisoformat("2026-01-01") + timedelta(minutes=rng.randrange(5000))
        datum = {"event_id": f"e{number % 45}", "earned_at": at.isoformat() + "Z", "points": rng.randrange(9)}
        datum["email"] = f"m{rng.randrange(6)}@x-y.de"  # without it version 1 would reject the event
        if rng.random() < 0.4:
            datum["place"] = {"city": rng.choice(["Köln", "Ulm"])}
        if version == 2:
            datum["user_id"] = rng.choice([None, f"user-{rng.randrange(4)}"])
            datum["nickname"] = rng.choice([None, f"Nick{rng.randrange(3)}"])
            datum["channel"] = rng.choice(["app", "web"])
            if "place" in datum:
                datum["place"] = {"city": "Bonn", "floor": rng.choice([None, 3])}
        made.append((version, datum))
    return made


class World:
    """One log with events of both versions, and stores that were opened under either contract or both."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.log = SqliteLog(folder / "log.sqlite")
        self.registry = SqliteRegistry(folder / "log.sqlite")
        told = {1: write_contract(folder / "v1", V1), 2: write_contract(folder / "v2", V2)}
        self.catalogues = told
        ids = {v: self.registry.register(EVENT, json.dumps(c.events[EVENT].schema)) for v, c in told.items()}
        bodies = []
        for version, datum in events(seed):
            event = told[version].events[EVENT]
            bodies.append(
                Outgoing("app.loyalty", frame(ids[version], encode(event, conform(event.schema, datum))))
            )
        self.log.append(bodies)
        self.run = cache(self._run)

    def copy(self, upgrade_after: int, folder: Path) -> Path:
        """A store of a run, to be opened once more."""
        self.run(upgrade_after)
        return Path(shutil.copy(self.folder / f"{upgrade_after}.duckdb", folder / "store.duckdb"))

    def _run(self, upgrade_after: int) -> Digests:
        """Lands everything, ten events a batch; the contract changes after so many batches."""
        path = blank_store(self.folder / f"{upgrade_after}.duckdb")
        clock = iter(datetime.fromisoformat("2026-06-01") + timedelta(seconds=n) for n in range(1000))
        store = Store(path, self.catalogues[1 if upgrade_after else 2])
        batches = drain(Pipeline(store, self.registry), self.log, lambda: next(clock), batch_size=10)
        for number, _ in enumerate(batches, start=1):
            if number == upgrade_after:
                store.close()
                store = Store(path, self.catalogues[2])
                batches = drain(Pipeline(store, self.registry), self.log, lambda: next(clock), batch_size=10)
                list(batches)
                break
        found = digest(store.database, self.catalogues[2])
        assert store.database.rows("SELECT topic FROM ops.conservation WHERE NOT balanced") == []
        store.close()
        return found


@pytest.fixture(scope="module", params=[1, 2, 3])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"), request.param)
    yield made
    made.log.close()
    made.registry.close()


def test_upgrade_before_amid_or_after_gives_equal_digests(world: World) -> None:
    before = world.run(0)
    assert world.run(3) == before
    assert world.run(6) == before


def test_a_value_sent_before_the_contract_knew_it_is_not_lost(world: World, tmp_path: Path) -> None:
    store = Store(world.copy(6, tmp_path), world.catalogues[2])
    rows = store.database.rows(
        "SELECT count(nickname), count(place.floor), count(extra) FROM app_loyalty.points_earned"
    )
    named = store.database.value("SELECT count(*) FROM profile.trait WHERE trait = 'nickname'")
    store.close()
    assert rows[0][0] > 0
    assert rows[0][1] > 0
    assert rows[0][2] == 0
    assert named > 0


def test_other_marks_on_landed_fields_call_for_a_rebuild(world: World, tmp_path: Path) -> None:
    changed = [{**field, "means": "id:customer_no"} if field["name"] == "user_id" else field for field in V2]
    catalogue = write_contract(tmp_path / "v3", changed)
    with pytest.raises(StoreError, match=r"points_earned.*rundum rebuild"):
        Store(world.copy(6, tmp_path), catalogue)


def test_a_rebuild_under_other_fields_and_marks_ends_as_if_they_had_been_there(
    world: World, tmp_path: Path
) -> None:
    path = blank_store(tmp_path / "old.duckdb")
    marked = [{**field, "means": "id:customer_no"} if field["name"] == "email" else field for field in V1]
    old = Store(path, write_contract(tmp_path / "v0", marked))
    clock = iter(datetime.fromisoformat("2026-06-01") + timedelta(seconds=n) for n in range(1000))
    list(drain(Pipeline(old, world.registry), world.log, lambda: next(clock), batch_size=10))
    assert old.database.value("SELECT count(*) FROM ops.conflict") > 0
    old.close()
    assert rebuild(path, world.catalogues[2], lambda *_: None)[1] == world.run(0)
    found = Store(path, world.catalogues[2])
    assert found.database.rows("SELECT topic FROM ops.conservation WHERE NOT balanced") == []
    found.close()
