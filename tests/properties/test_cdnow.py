"""CDNOW to the cent: real purchases, shuffled, one in twenty sent twice, with a restart in the middle."""

from __future__ import annotations

import importlib.util
from decimal import Decimal
from pathlib import Path
from random import Random

from sinks.duckdb.store import Store
from streams.core.framing import frame
from streams.log.protocol import Outgoing
from streams.log.sqlite import SqliteLog
from streams.pipeline import drain, utc_now
from streams.sources.files import encode, rows
from streams.sources.maps import read_map
from tests.feed import blank_store, catalogue, pipeline, schema_id

EVENT = "shop/cdnow/purchase"


def purchases() -> list[bytes]:
    """Every row of the master file as it travels."""
    found = importlib.util.find_spec("lifetimes")
    assert found is not None
    assert found.submodule_search_locations is not None
    file = Path(found.submodule_search_locations[0]) / "datasets" / "CDNOW_master.txt"
    event = catalogue().events[EVENT]
    told = read_map(event.file.with_name("purchase.map.toml"), event)
    return [frame(schema_id(EVENT), encode(event, row.datum)) for row in rows(file, told, event)]


def test_cdnow_to_the_cent(tmp_path: Path) -> None:
    chance = Random(1997)
    values = purchases()
    values += chance.sample(values, len(values) // 20)
    chance.shuffle(values)
    path = blank_store(tmp_path / "cdnow.duckdb")
    with SqliteLog(tmp_path / "log.sqlite") as log:
        log.append([Outgoing("shop.cdnow", value) for value in values])
        store = Store(path, catalogue())
        landings = drain(pipeline(store), log, utc_now, batch_size=20_000)
        first = [next(landings), next(landings)]
        del landings
        store.close()
        store = Store(path, catalogue())
        rest = list(drain(pipeline(store), log, utc_now, batch_size=20_000))
    assert sum(one.landed for one in (*first, *rest)) == 69_659
    assert sum(one.duplicate for one in (*first, *rest)) == 69_659 // 20
    query = store.database.rows
    bought = "SELECT count(DISTINCT customer_id), count(*), sum(total), sum(items) FROM orders"
    assert query(bought) == [(23_570, 69_659, Decimal("2500315.630"), 167_881)]
    assert query("SELECT count(*), sum(revenue_net), min(currency), max(currency) FROM customers") == [
        (23_570, Decimal("2500315.630"), "USD", "USD")
    ]
    assert query("FROM ops.conservation WHERE NOT balanced") == []
    store.close()
