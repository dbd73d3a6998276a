"""A process that keeps segments is killed, again and again: nobody is lost, doubled, or left behind."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from sinks.duckdb.store import Store
from streams.log.protocol import Outgoing
from streams.log.sqlite import SqliteLog
from tests.divided import applied, check_history, defined, members, segments_of, shipped, ticked
from tests.faults.mortal import Paths, drain_and_divide, look
from tests.feed import (
    DAY,
    Said,
    blank_store,
    catalogue,
    land_whole,
    new_store,
    registry_file,
    value_of,
)
from tests.shoppers import orders, returned, visitor

KILLS = 15
BATCH = 5
FRESH = multiprocessing.get_context("forkserver")
FRESH.set_forkserver_preload(["tests.faults.mortal"])
SHIPPED = [("segment", "first_order"), ("segment", "high_returners"), ("trait", "last_seen")]
COMPUTED = (
    "SELECT trait, text.value, computed.value FROM profile.computed AS computed"
    " JOIN identity.identifier AS text ON text.node = computed.customer_id ORDER BY ALL"
)
TOP = "SELECT customer_id FROM customers ORDER BY orders DESC, customer_id LIMIT 3"


def story() -> list[Said]:
    """People who buy and send back, day by day, and definitions that come, change and go between them."""
    chance = Random(5)
    told = [ticked(0), defined("top", TOP, "1 day"), *(
        applied(name, shipped()[kind, name], kind=kind) for kind, name in SHIPPED
    )]  # fmt: skip
    for day in range(1, 16):
        for who in chance.sample([f"x{number}" for number in range(9)], 3):
            (order,) = orders(who, day * DAY)
            told.append(Said(order.type, order.datum | {"order_id": f"{who}-{day}"}))
            told += [visitor(who, day * DAY)] if chance.random() < 0.3 else []
            told += [returned(who, day, day * DAY + 9)] if chance.random() < 0.5 else []
        told.append(ticked(day * 2 * DAY))
    top = defined("top", TOP.replace("3", "2"), "1 day", 99)
    return [*told[:30], top, *told[30:50], applied("last_seen", None, 98, "trait"), *told[50:]]


def held_at_last(store: Store) -> tuple[object, ...]:
    """Who is in after one more tick, at which all is looked at: topics land in an order of their own."""
    land_whole(store, [ticked(40 * DAY)])
    with segments_of(store) as segments:
        look(segments)
    check_history(store)
    assert store.database.rows("FROM segment.touched") == []
    assert store.database.rows("FROM segment.refresh WHERE error IS NOT NULL") == []
    return members(store), members(store, COMPUTED)


def log_of(path: Path, told: Sequence[Said]) -> Path:
    with SqliteLog(path) as log:
        log.append([Outgoing(catalogue().events[said.type].source.topic, value_of(said)) for said in told])
    return path


def test_killed_at_any_moment(tmp_path: Path) -> None:
    told, chance = story(), Random(20)
    with new_store() as store:
        land_whole(store, told)
        expected = held_at_last(store)
    assert len(members_of(expected)) >= 4
    paths = Paths(
        blank_store(tmp_path / "store.duckdb"), log_of(tmp_path / "log.sqlite", told), registry_file()
    )
    for _ in range(KILLS):
        hears, tells = FRESH.Pipe(duplex=False)
        process = FRESH.Process(target=drain_and_divide, args=(paths, BATCH, tells))
        process.start()
        tells.close()
        hears.recv()
        if chance.random() < 0.5:
            hears.recv()
        time.sleep(chance.random() * 0.4)
        process.kill()
        process.join(120)
        hears.close()
        assert process.exitcode in (-signal.SIGKILL, 0)
    finish(paths)
    store = Store(paths.store, catalogue())
    try:
        assert held_at_last(store) == expected
    finally:
        store.close()


def members_of(found: tuple[object, ...]) -> list[object]:
    memberships = found[0]
    assert isinstance(memberships, list)
    return memberships


def finish(paths: Paths) -> None:
    """Lands and looks at what is left, undisturbed."""
    hears, tells = FRESH.Pipe(duplex=False)
    process = FRESH.Process(target=drain_and_divide, args=(paths, 1000, tells))
    process.start()
    tells.close()
    process.join(120)
    hears.close()
    assert process.exitcode == 0
