"""`rundum run` as a process: it lands, stands by, takes over, and ends when it is told to."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from sinks.gateway.access import Access, Caller
from sinks.gateway.door import place_of
from streams.settings import Project
from streams.state import BEHIND, LANDING, STANDBY, State
from tests.living import (
    Started,
    append,
    asked,
    check,
    command,
    health,
    landed,
    new_project,
    pages,
    port_of,
    running,
    typed,
    wait_for,
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new project."""
    return new_project(tmp_path / "shop")


def stopped(run: Started, how: signal.Signals = signal.SIGTERM) -> float:
    """Ends a process, which must say so and mean it; the seconds it took."""
    began = time.monotonic()
    assert run.end(how) == 0, run.said
    assert re.search(r"stopped; nothing is lost\n$", run.said), run.said
    return time.monotonic() - began


def test_what_is_appended_lands_by_itself_and_all_commands_go_on(project: Project) -> None:
    with running(project) as run:
        append(project, pages(3))
        wait_for(lambda: landed(project) == 3)
        code, told = typed(project.root, "sql", "SELECT count(*) AS n FROM ops.event", "--format", "csv")
        assert (code, told.said[:2]) == (0, "n\n"), told.said
        append(project, pages(2, first=3))
        assert typed(project.root, "land")[0] == 0
        assert landed(project) == 5
        assert typed(project.root, "digest")[0] == 0
        assert stopped(run) < 5
    assert not place_of(project.store).exists()
    check(project, pages(5))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to_at_any_moment(project: Project, how: signal.Signals) -> None:
    told = pages(6000, url="https://shop.example/" + "x" * 200)
    append(project, told)
    for wait in (0.0, 0.05, 0.3, 0.8):
        with running(project) as run:
            time.sleep(wait)
            assert stopped(run, how) < 5
    with running(project) as run:
        wait_for(lambda: landed(project) == len(told))
        assert stopped(run, how) < 5
    check(project, told)


def test_before_it_has_opened_anything_it_can_be_ended(project: Project) -> None:
    with command(project.root, "run", "--port", "0") as run:
        run.until("/health and /metrics")
        assert run.end(signal.SIGTERM) == 0
    check(project, [])


def test_a_second_one_stands_by_and_takes_over(project: Project) -> None:
    with running(project) as first, command(project.root, "run", "--port", "0") as second:
        second.until(rf"standby: .*store\.duckdb is open in .*PID {first.process.pid}")
        assert second.said.count("standby") == 1
        status, document = health(port_of(second))
        assert (status, document["status"], document["freshness_seconds"]) == (200, "standby", None)
        assert f"PID {first.process.pid}" in document["why"]
        assert "rundum_owner 0.0" in asked(port_of(second), "/metrics")[1]
        append(project, pages(2))
        wait_for(lambda: landed(project) == 2)
        first.process.kill()
        second.until("landing into")
        append(project, pages(2, first=2))
        wait_for(lambda: landed(project) == 4)
        assert health(port_of(second))[1]["status"] == "ready"
        assert Caller(project.store).owner["pid"] == second.process.pid
        assert stopped(second) < 5
    check(project, pages(4))


def test_one_on_standby_takes_over_under_the_contracts_of_then(project: Project) -> None:
    rows = project.root / "points.csv"
    rows.write_text("event_id,occurred_at,customer_no\n1,2026-05-01T10:00:00Z,1001\n", "utf-8")
    with running(project) as first, command(project.root, "run", "--port", "0") as second:
        second.until("standby")
        typed(project.root, "schemas", "new", "loyalty/app/points_earned")
        assert typed(project.root, "ingest", rows, "--as", "loyalty/app/points_earned")[0] == 0
        first.process.kill()
        second.until("landing into")
        rows.write_text("event_id,occurred_at,customer_no\n2,2026-05-01T10:00:00Z,1001\n", "utf-8")
        code, said = typed(project.root, "ingest", rows, "--as", "loyalty/app/points_earned")
        assert (code, said.said) == (0, "1 rows: 1 new, 0 seen before, 0 conflicting, 0 rejected\n")


def test_one_on_standby_ends_within_seconds(project: Project) -> None:
    with running(project) as first, command(project.root, "run", "--port", "0") as second:
        second.until("standby")
        assert stopped(second) < 5
        append(project, pages(1))
        wait_for(lambda: landed(project) == 1)
        assert stopped(first) < 5


def test_the_clock_ticks_once_a_minute_and_not_again_after_a_restart(project: Project) -> None:
    count = "SELECT count(*), count(DISTINCT event_id) FROM own_clock.ticked"
    conflicts = "SELECT count(*) FROM ops.conflict"
    with Access(project.store) as access:
        for _ in range(3):
            with running(project) as run:
                wait_for(lambda: access.reader.rows(count)[0][0] > 0)
                time.sleep(0.5)
                ticks, minutes = access.reader.rows(count)[0]
                assert ticks == minutes <= 3
                assert access.reader.value(conflicts) == 0
                access.close()
                assert stopped(run) < 5


def test_a_store_of_another_project_is_refused(tmp_path: Path, project: Project) -> None:
    with running(project) as run:
        assert stopped(run) < 5
    other = new_project(tmp_path / "other", store={"path": str(project.store)})
    append(other, pages(2))
    for words in (["run", "--port", "0"], ["land"]):
        code, refused = typed(other.root, *words)
        assert code == 1
        assert re.match(r".*store\.duckdb is fed from another log .*; give each project a", refused.error)
    check(project, [])


def test_a_port_that_is_taken_is_named(project: Project) -> None:
    with running(project) as run:
        port = port_of(run)
        code, refused = typed(project.root, "run", "--port", str(port))
        assert code == 1
        assert re.match(rf"port {port} .*; name another by --port", refused.error), refused.said
        assert stopped(run) < 5


def test_a_state_counts_as_well_or_not() -> None:
    state = State()
    assert state.verdict() == ("starting", "")
    state.role, state.note = STANDBY, "somebody has it"
    assert state.verdict() == ("standby", "somebody has it")
    state.role, state.note = LANDING, ""
    assert state.verdict() == ("ready", "")
    state.caught_up -= BEHIND + 1
    state.waiting = 7
    verdict, why = state.verdict()
    assert (verdict, "7 records wait" in why) == ("behind", True)
    state.beat -= BEHIND + 1
    assert state.verdict()[0] == "stuck"
