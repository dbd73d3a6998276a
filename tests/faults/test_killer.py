"""A record that ends the process is found on the third start and rejected; everything else lands."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest

from sinks.duckdb.store import Store
from streams.settings import Project
from tests.faults.killer import KILLS, RAISES
from tests.feed import Said, catalogue, says
from tests.living import ROOT, Started, append, check, landed, new_project, pages, wait_for

KILLER = str(ROOT / "tests" / "faults" / "killer.py")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new project."""
    return new_project(tmp_path / "shop")


def start(project: Project, *words: str) -> Started:
    return Started([sys.executable, KILLER, *words], project.root)


def order(event_id: str, **fields: str) -> Said:
    """An order of nothing."""
    told = {"order_id": event_id, "user_id": "u", "lines": [], "subtotal_minor": 0, "total_minor": 100}
    return says("shop/standard/order_placed", event_id, 0, **(told | {"currency": "EUR"} | fields))


def bad_page(mark: bytes, event_id: str) -> Said:
    url = f"https://shop.example/{mark.decode()}"
    return says("web/tracking/page_viewed", event_id, 0, device_id="d", url=url)


def check_rejected(project: Project, count: int) -> None:
    """Exactly so many records were rejected, as fatal, and can be seen as they came."""
    store = Store(project.store, catalogue())
    try:
        rows = store.database.rows("SELECT reason, detail, value FROM ops.rejected")
        assert [row[0] for row in rows] == ["fatal"] * count
        assert all("ended the process" in row[1] for row in rows)
        assert all(KILLS in row[2] or RAISES in row[2] for row in rows)
    finally:
        store.close()


def test_a_killer_is_rejected_on_the_third_start(project: Project) -> None:
    told = [*pages(5), order("o1")]
    append(project, [*told[:2], bad_page(KILLS, "x"), *told[2:]])
    for _ in range(2):
        with start(project, "run", "--port", "0") as run:
            run.until("landing into")
            assert run.end() == -signal.SIGKILL
        assert landed(project) == 0
    with start(project, "run", "--port", "0") as run:
        run.until("1 records ended the process again and again and were rejected")
        wait_for(lambda: landed(project) == len(told))
        append(project, [order("o2")])
        wait_for(lambda: landed(project) == len(told) + 1)
        assert run.end(signal.SIGTERM) == 0
    check(project, [*told, order("o2")])
    check_rejected(project, 1)
    assert not project.store.with_name("store.duckdb.attempt").exists()


def test_killers_in_two_topics_first_and_last(project: Project) -> None:
    told = [*pages(2), order("o1")]
    last = order("o3", order_id=KILLS.decode())
    append(project, [bad_page(KILLS, "x"), *told, last])
    ends = []
    for _ in range(3):
        with start(project, "land") as run:
            ends.append(run.end())
    assert ends == [-signal.SIGKILL, -signal.SIGKILL, 0]
    check(project, told)
    check_rejected(project, 2)


def test_a_record_that_fails_as_nobody_expected_is_found_like_one_that_kills(project: Project) -> None:
    append(project, [*pages(2), bad_page(RAISES, "x"), *pages(2, first=2)])
    for _ in range(2):
        with start(project, "land") as run:
            assert run.end() == 1
            assert re.search("ZeroDivisionError: as nobody expected", run.said)
    with start(project, "land") as run:
        assert run.end() == 0, run.said
    check(project, pages(4))
    check_rejected(project, 1)


def test_who_is_killed_twice_over_good_records_loses_none(project: Project) -> None:
    """By the machine, say: then the third start is slower, and that is all."""
    told = pages(3000)
    append(project, told)
    for _ in range(2):
        with start(project, "run", "--port", "0") as run:
            run.until("landing into")
            wait_for(lambda: project.store.with_name("store.duckdb.attempt").exists() or landed(project))
            run.process.kill()
            run.end()
    with start(project, "run", "--port", "0") as run:
        wait_for(lambda: landed(project) == len(told))
        assert run.end(signal.SIGTERM) == 0
    check(project, told)
    check_rejected(project, 0)
