"""One process lands, others append and read, and any of them is killed at any moment: nothing is lost."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from random import Random

import pytest

from sinks.gateway.access import Caller
from streams.settings import Project, read_project
from tests.feed import OPENING, Said
from tests.living import (
    LANDING,
    Started,
    append,
    check,
    command,
    landed,
    new_project,
    pages,
    running,
    wait_for,
)

KILLS = 20
FILES, ROWS = 4, 150
COUNT = "SELECT count(*) AS n FROM ops.event WHERE topic = 'web.tracking'"
LONG = "SELECT i FROM range(100000000000) r(i)"
ROLES = ("owner", "appender 1", "appender 2", "reader 1", "reader 2")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new project."""
    return new_project(tmp_path / "shop")


class Crowd:
    """Processes of several roles, each started again when it has ended."""

    def __init__(self, project: Project) -> None:
        """Starts them all."""
        self.project = project
        self.stop = threading.Event()
        self.done: dict[str, set[Path]] = {role: set() for role in ROLES}
        self.counts: dict[str, list[int]] = {role: [] for role in ROLES}
        self.complaints: list[str] = []
        self.now: dict[str, Started] = {}
        self._threads = [threading.Thread(target=self._live, args=(role,)) for role in ROLES]
        for thread in self._threads:
            thread.start()

    def kill(self, role: str) -> bool:
        """Kills whoever has a role, if somebody has."""
        one = self.now.get(role)
        if one is None or one.process.poll() is not None:
            return False
        one.process.kill()
        return True

    def leave(self) -> None:
        """Ends all politely."""
        self.stop.set()
        if owner := self.now.get("owner"):
            owner.until(LANDING)
            owner.process.send_signal(signal.SIGTERM)
        for thread in self._threads:
            thread.join(60)

    def _live(self, role: str) -> None:
        files = cycle(sorted(self.project.root.glob(f"{role}-*.jsonl")) or [self.project.root])
        file = next(files)
        while not self.stop.is_set():
            with command(self.project.root, *self._words(role, file)) as one:
                self.now[role] = one
                code = one.end()
            if code == 0 and role.startswith("reader"):
                self.counts[role].append(int(one.said.split()[-1]))
            elif code == 0:
                self.done[role].add(file)
                file = next(files)
            elif code != -signal.SIGKILL:
                self.complaints.append(f"{role}: {code}: {one.said}")

    def _words(self, role: str, file: Path) -> list[str | Path]:
        if role == "owner":
            return ["run", "--port", "0"]
        if role.startswith("reader"):
            return ["sql", COUNT, "--format", "csv"]
        return ["ingest", file, "--as", "web/tracking/page_viewed"]


def write_files(project: Project) -> list[Said]:
    """Files for both appenders, some rows in files of both; what they tell in all."""
    told: dict[str, Said] = {}
    for at, role in enumerate(("appender 1", "appender 2")):
        for number in range(FILES):
            events = pages(ROWS, first=(at * (FILES - 1) + number) * ROWS)
            lines = [json.dumps(said.datum | {"occurred_at": iso(said)}) for said in events]
            (project.root / f"{role}-{number}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
            told |= {said.datum["event_id"]: said for said in events}
    return [*told.values()]


def iso(said: Said) -> str:
    start = datetime.fromtimestamp(OPENING // 1_000_000, UTC)
    return (start + timedelta(microseconds=said.datum["occurred_at"] - OPENING)).isoformat()


def test_any_of_them_is_killed_twenty_times(project: Project) -> None:
    told, chance = write_files(project), Random(6)
    crowd, kills = Crowd(project), 0
    try:
        while kills < KILLS:
            time.sleep(chance.uniform(0.2, 2))
            kills += crowd.kill(chance.choice(ROLES))
        wait_for(lambda: all(len(crowd.done[role]) == FILES for role in ("appender 1", "appender 2")))
    finally:
        crowd.leave()
    assert crowd.complaints == []
    for counts in crowd.counts.values():
        assert counts == sorted(counts)
    assert sum(map(len, crowd.counts.values())) > 0
    check(project, told)


@pytest.fixture(scope="module")
def flood(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Said]]:
    """A project in whose log much waits, and what it is."""
    told = pages(40_000, url="https://shop.example/" + "x" * 100)
    project = new_project(tmp_path_factory.mktemp("flood") / "shop")
    append(project, told)
    return project.root, told


@pytest.fixture
def busy(flood: tuple[Path, list[Said]], tmp_path: Path) -> Iterator[tuple[Project, list[Said], Started]]:
    """A process that has just begun to land a large log."""
    folder, told = flood
    project = read_project(Path(shutil.copytree(folder, tmp_path / "shop")))
    with running(project) as run:
        yield project, told, run


@pytest.mark.parametrize("wait", [0.0, 0.7, 1.5])
def test_told_to_stop_amid_a_large_log_it_ends_in_time(
    busy: tuple[Project, list[Said], Started], wait: float
) -> None:
    project, told, run = busy
    time.sleep(wait)
    stop(run)
    with running(project) as again:
        wait_for(lambda: landed(project) == len(told))
        stop(again)
    check(project, told)


def test_told_to_stop_while_a_client_reads_no_more_it_ends_in_time(project: Project) -> None:
    append(project, pages(3))
    with running(project) as run:
        callers = [Caller(project.store) for _ in range(2)]
        answers = [caller.ask(LONG) for caller in callers]
        for answer in answers:
            next(answer.batches)
        stop(run)
        for caller in callers:
            caller.close()
    check(project, pages(3))


def test_told_to_stop_while_clients_wait_for_answers_it_ends_in_time(project: Project) -> None:
    with running(project) as run:
        started = [command(project.root, "sql", f"SELECT count(*) FROM ({LONG})") for _ in range(3)]
        caller = Caller(project.store)
        wait_for(lambda: run.process.poll() is None and caller.owner)
        time.sleep(2)
        stop(run)
        caller.close()
        for one in started:
            one.__exit__()


def test_told_to_stop_twice_it_ends_once(project: Project) -> None:
    with running(project) as run:
        run.process.send_signal(signal.SIGINT)
        stop(run)
        assert run.said.count(LANDING) == 1
    check(project, [])


def stop(run: Started) -> None:
    """Tells a process to stop, which it must do within 5 s."""
    began = time.monotonic()
    assert run.end(signal.SIGTERM) == 0, run.said
    assert time.monotonic() - began < 5
