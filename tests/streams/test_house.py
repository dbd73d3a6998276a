"""One command beside others: what it appends lands, whoever lands it, and it says what became of that."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from sinks.duckdb.database import StoreBusy, StoreMissing
from sinks.duckdb.store import Landing
from streams.house import House
from streams.log.protocol import LogError, PositionError
from streams.settings import Project
from tests.feed import catalogue
from tests.living import append, check, command, new_project, outgoing, pages, running, typed

HOLDS = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('open'); time.sleep(600)"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new project."""
    return new_project(tmp_path / "shop")


@contextmanager
def house(project: Project, told: list[str] | None = None) -> Iterator[House]:
    def show(done: int, total: int, word: str) -> None:
        assert 0 <= done <= max(total, 1)
        if told is not None:
            told.append(word)

    with House(project, catalogue(), show) as opened:
        yield opened


def test_alone_it_lands_by_itself_and_lets_go_of_the_store(project: Project) -> None:
    told: list[str] = []
    with house(project, told) as one:
        append(project, [*pages(3), *pages(1)])
        assert one.land() == Landing(landed=3, duplicate=1)
        assert one.reader.value("SELECT count(*) FROM ops.event") == 3
        append(project, [*pages(1), *pages(1, first=3, url="https://other.example")])
        assert one.land() == Landing(landed=1, duplicate=1)
        assert one.land() == Landing()
        one.close()
        duckdb.connect(str(project.store)).close()
    assert set(told) == {"landing"}


def test_beside_an_owner_it_waits_and_counts_what_became_of_its_records(project: Project) -> None:
    told: list[str] = []
    with running(project) as run, house(project, told) as one:
        append(project, [*pages(3), *pages(1)])
        one.inlet.log.append([outgoing(one.inlet, said) for said in pages(1, url="https://other.example")])
        landing = one.land()
        assert (landing.landed, landing.rejected) == (3, 0)
        assert landing.duplicate + landing.conflicting == 2
        assert landing.conflicting == 1
        assert one.reader.value("SELECT count(*) FROM ops.event WHERE topic = 'web.tracking'") == 3
        assert one.land().landed <= 1  # a tick can have come between
    assert all(word in ("landing", f"landing in process {run.process.pid}") for word in told)


def test_when_the_owner_is_killed_amid_the_wait_it_lands_the_rest_itself(project: Project) -> None:
    told = pages(5000)
    append(project, told)
    with running(project) as run:
        threading.Timer(0.1, run.process.kill).start()
        with house(project) as one:
            one.land()
            assert one.reader.value("SELECT count(*) FROM ops.event WHERE topic = 'web.tracking'") == 5000
    check(project, told)


def test_many_at_once_land_all(project: Project) -> None:
    for at in range(3):
        append(project, pages(50, first=50 * at))
    started = [command(project.root, "land") for _ in range(3)]
    try:
        assert [one.end() for one in started] == [0, 0, 0], [one.said for one in started]
    finally:
        for one in started:
            one.__exit__()
    check(project, pages(150))


def test_it_does_not_wait_for_ever_for_a_program_that_lands_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.house.PATIENCE", 0.3)
    append(project, pages(1))
    told: list[str] = []
    with held(project), house(project, told) as one:
        with pytest.raises(StoreBusy, match="nothing is lost"):
            one.land()
        assert "waiting for another program to close the store" in told
    with house(project) as one:
        one.land()
    check(project, pages(1))


@contextmanager
def held(project: Project) -> Iterator[None]:
    """While another program, which has no door, has the store open."""
    command = [sys.executable, "-u", "-c", HOLDS, str(project.store)]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        yield
        holder.kill()


def test_there_is_no_store_to_read_yet(project: Project) -> None:
    project.store.unlink()
    with house(project) as one:
        with pytest.raises(StoreMissing):
            one.reader.rows("SELECT 1")
        append(project, pages(1))
        assert one.land().landed == 1


def test_nothing_is_appended_to_a_log_that_is_older_than_its_store(project: Project) -> None:
    """Else the store would take the new records for those that it has landed, and leave them out."""
    append(project, pages(2))
    with house(project) as one:
        one.land()
    before = project.log.read_bytes()
    append(project, pages(3, first=2))
    with house(project) as one:
        one.land()
    project.log.write_bytes(before)
    with pytest.raises(PositionError, match="restore the backup"), house(project):
        raise AssertionError("nothing may be appended")
    assert issubclass(PositionError, LogError)


def test_a_source_that_is_added_beside_an_owner_lands_without_a_restart(project: Project) -> None:
    rows = project.root / "points.csv"
    rows.write_text("event_id,occurred_at,customer_no\n1,2026-05-01T10:00:00Z,1001\n", "utf-8")
    ingest = ("ingest", rows, "--as", "loyalty/app/points_earned")
    with running(project):
        assert typed(project.root, "schemas", "new", "loyalty/app/points_earned")[0] == 0
        code, said = typed(project.root, *ingest)
        assert (code, said.said) == (0, "1 rows: 1 new, 0 seen before, 0 conflicting, 0 rejected\n")
        code, said = typed(project.root, "sql", "SELECT customer_no FROM loyalty_app.points_earned")
        assert "1001" in said.said


def test_rules_that_call_for_a_rebuild_are_said_and_the_owner_goes_on_under_the_old_ones(
    project: Project,
) -> None:
    with running(project) as run, house(project) as one:
        append(project, pages(2))
        one.land()
        kinds = project.root / "schemas" / "identifiers.toml"
        kinds.write_text('[loyalty_card]\nrank = 15\ndoc = "A card."\nperson = true\nlimit = 3\n', "utf-8")
        code, said = typed(project.root, "land")
        assert code == 1
        assert "run `rundum rebuild`" in said.error
        kinds.unlink()
        append(project, pages(1, first=2))
        assert one.land() == Landing(landed=1)
        assert run.process.poll() is None
