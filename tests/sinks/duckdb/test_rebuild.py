"""Rebuild derives everything again and gives the same store; under other rules it gives theirs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import Catalogue, load
from sinks.duckdb import rebuild as module
from sinks.duckdb.database import StoreError
from sinks.duckdb.digest import digest
from sinks.duckdb.rebuild import DERIVED, PRIMARY, rebuild
from sinks.duckdb.store import Store
from streams.core.framing import frame
from streams.log.protocol import Outgoing
from streams.log.sqlite import SqliteLog
from streams.pipeline import Pipeline, drain, utc_now
from streams.registry.sqlite import SqliteRegistry
from streams.sources.files import encode
from streams.sources.synthetic import DEMO, generate

HISTORY = "SELECT * FROM identity.assignment ORDER BY ALL"


def decided(number: int, verdict: str) -> tuple[str, dict[str, object]]:
    """Two people kept apart, or joined."""
    return "own/rundum/identity_constrained", {
        "event_id": f"c{number}", "occurred_at": 1_790_000_000_000_000 + number, "left_kind": "email",
        "left_value": "a@x-y.de", "right_kind": "user_id", "right_value": "user-9", "verdict": verdict,
        "reason": "r", "actor": "a",
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of generated events, a constraint and a block, landed in several batches."""
    folder = tmp_path_factory.mktemp("made")
    catalogue = load()
    registry, log = SqliteRegistry(folder / "log"), SqliteLog(folder / "log")
    told = [(event.type, event.datum) for event in generate(replace(DEMO, people=60, events=2000))]
    first = next(datum["email"] for name, datum in told if name == "shop/standard/account_created")
    blocked = {"event_id": "b1", "occurred_at": 1_790_000_000_000_000, "kind": "email", "value": first,
               "blocked": True, "reason": "r", "actor": "a"}  # fmt: skip
    told[500:500] = [("own/rundum/identifier_blocked", blocked), decided(1, "must"), decided(2, "cannot")]
    log.append([sent(registry, catalogue, name, datum) for name, datum in told])
    store = Store(folder / "shop.duckdb", catalogue)
    list(drain(Pipeline(store, registry), log, utc_now, batch_size=400))
    for opened in (store, log, registry):
        opened.close()
    return folder


def sent(registry: SqliteRegistry, catalogue: Catalogue, name: str, datum: Any) -> Outgoing:
    """An event on its way into the log."""
    event = catalogue.events[name]
    schema_id = registry.register(name, json.dumps(event.schema))
    return Outgoing(event.source.topic, frame(schema_id, encode(event, datum)))


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    """A store of its own for each test, with its log beside it."""
    shutil.copytree(made, tmp_path / "shop")
    return tmp_path / "shop" / "shop.duckdb"


def unheard(done: int, total: int) -> None:
    """Nobody listens to the progress; it must still be sound."""
    assert 0 < done <= total


def rows(path: Path, catalogue: Catalogue, sql: str) -> list[tuple[object, ...]]:
    store = Store(path, catalogue)
    found = store.database.rows(sql)
    store.close()
    return found


def test_the_same_rules_give_the_same_store(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 300)
    catalogue = load()
    customers = "SELECT * FROM customers ORDER BY customer_id"
    known, history = rows(shop, catalogue, customers), rows(shop, catalogue, HISTORY)
    heard: list[tuple[int, int]] = []
    before, after = rebuild(shop, catalogue, lambda done, total: heard.append((done, total)))
    assert before == after
    assert heard[-1][0] == heard[-1][1] > 1500
    assert len(heard) > 5
    assert rows(shop, catalogue, customers) == known
    assert rows(shop, catalogue, HISTORY) == history
    assert rows(shop, catalogue, "FROM ops.conservation WHERE NOT balanced") == []
    assert not list(shop.parent.glob("*.rebuild*"))


def test_a_rebuilt_store_goes_on_landing(shop: Path) -> None:
    catalogue = load()
    rebuild(shop, catalogue, unheard)
    store = Store(shop, catalogue)
    log, registry = SqliteLog(shop.parent / "log"), SqliteRegistry(shop.parent / "log")
    log.append([sent(registry, catalogue, *decided(3, "none"))])
    landings = list(drain(Pipeline(store, registry), log, utc_now))
    assert [landing.landed for landing in landings] == [1]
    assert store.database.value('SELECT verdict FROM identity."constraint"') == "none"
    store.close()
    log.close()
    registry.close()


def test_other_rules_are_refused_until_rebuilt_and_close_old_assignments(shop: Path) -> None:
    catalogue = load()
    strict = replace(
        catalogue, kinds={**catalogue.kinds, "email": replace(catalogue.kinds["email"], limit=1)}
    )
    with pytest.raises(StoreError, match="rundum rebuild"):
        Store(shop, strict)
    history = len(rows(shop, catalogue, HISTORY))
    before, after = rebuild(shop, strict, unheard)
    assert before.rules != after.rules
    assert before.events == after.events
    most = (
        "SELECT max(n) FROM (SELECT count(*) AS n FROM identifiers WHERE kind = 'email' GROUP BY customer_id)"
    )
    assert rows(shop, strict, most) == [(1,)]
    closed = rows(shop, strict, "SELECT count(*) FROM identity.assignment WHERE known_to IS NOT NULL")
    assert len(rows(shop, strict, HISTORY)) >= history
    assert closed != [(0,)]
    rebuild(shop, catalogue, unheard)
    store = Store(shop, catalogue)
    assert digest(store.database, catalogue) == before
    store.close()


def test_every_table_is_primary_or_derived(shop: Path) -> None:
    catalogue = load()
    reference = {"ops.meta", "ops.contract", "ops.source", "ops.field", "identity.kind", "profile.rule"}
    typed = {event.table for event in catalogue.events.values()} | {"ops.event"}
    sql = "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT temporary"
    found = {str(row[0]) for row in rows(shop, catalogue, sql)}
    assert found == {*PRIMARY, *DERIVED, *reference, *typed}
