"""Write-ahead logs that a failing machine has torn: what is gone from the store lands again from the log."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from sinks.duckdb.database import StoreError
from sinks.gateway.access import Access
from streams.inlet import embedded_inlet
from streams.log.protocol import PositionError
from streams.owner import Owner
from streams.settings import Project, read_project
from tests.feed import catalogue
from tests.living import append, check, land, landed, new_project, pages, typed

FRESH = multiprocessing.get_context("forkserver")
CHANCE = Random(9)
EVENTS, BATCH = 120, 10
TOLD = pages(EVENTS, url="https://shop.example/" + "x" * 300)


def land_and_die(project: Project, trimmed_after: int) -> None:
    """Lands in small batches, has the log forget once on the way, and dies with everything open."""
    with embedded_inlet(project.log, catalogue()) as inlet:
        inlet.log.append([])
        owner = Owner(replace(project, keep_hours=0), catalogue(), [inlet])
        for batch, _ in enumerate(owner.land(BATCH), 1):
            if batch == trimmed_after:
                owner.trim()
        os.kill(os.getpid(), signal.SIGKILL)


def append_and_die(project: Project) -> None:
    """Appends in small transactions, and dies with the log open."""
    inlet = embedded_inlet(project.log, catalogue())
    for at in range(0, EVENTS, BATCH):
        append(project, TOLD[at : at + BATCH])
    assert inlet
    os.kill(os.getpid(), signal.SIGKILL)


def killed(target: Callable[..., None], *words: object) -> None:
    process = FRESH.Process(target=target, args=words)
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL


@pytest.fixture(scope="module")
def died(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose owner died when all had landed, the log trimmed half-way."""
    project = new_project(tmp_path_factory.mktemp("died") / "shop")
    append(project, TOLD)
    killed(land_and_die, project, EVENTS // BATCH // 2)
    with_wal = wal_of(project)
    assert with_wal.stat().st_size > 10_000
    return project


def wal_of(project: Project) -> Path:
    return project.store.with_name("store.duckdb.wal")


def copied(project: Project, folder: Path) -> Project:
    """What a machine has on its disk after a power failure."""
    left = shutil.ignore_patterns("*.door", "*-shm")
    return read_project(Path(shutil.copytree(project.root, folder / "copy", ignore=left)))


@pytest.mark.parametrize("kept", [0.0, 1.0, *(CHANCE.random() for _ in range(6))])
def test_what_a_truncated_wal_has_lost_lands_again(died: Project, tmp_path: Path, kept: float) -> None:
    project = copied(died, tmp_path)
    os.truncate(wal_of(project), int(wal_of(project).stat().st_size * kept))
    before = landed(project)
    assert before % BATCH == 0
    assert EVENTS // 2 <= before <= EVENTS
    assert (before == EVENTS) == (kept == 1)
    assert land(project).landed == EVENTS - before
    check(project, TOLD)


def garbled(wal: bytes, how: str) -> bytes:
    at = CHANCE.randrange(100, len(wal) - 400)
    return {
        "garbage after its end": wal + CHANCE.randbytes(1000),
        "zeros after its end": wal + bytes(4096),
        "zeros at its end": wal[:-300] + bytes(300),
        "garbage at its end": wal[:-300] + CHANCE.randbytes(300),
        "a changed byte": wal[:at] + bytes([wal[at] ^ 255]) + wal[at + 1 :],
        "zeros amid it": wal[:at] + bytes(300) + wal[at + 300 :],
        "nothing but garbage": CHANCE.randbytes(5000),
    }[how]


@pytest.mark.parametrize(
    "how",
    [
        "garbage after its end",
        "zeros after its end",
        "zeros at its end",
        "garbage at its end",
        "a changed byte",
        "zeros amid it",
        "nothing but garbage",
    ],
)
def test_a_damaged_wal_is_named_and_can_be_moved_away(died: Project, tmp_path: Path, how: str) -> None:
    project = copied(died, tmp_path)
    wal_of(project).write_bytes(garbled(wal_of(project).read_bytes(), how))
    before = wal_of(project).read_bytes()
    if complaint := complaint_of(project):
        assert re.fullmatch(r"\S+store\.duckdb\.wal is damaged; move it away and start again: .*", complaint)
        with Access(project.store) as access, pytest.raises(StoreError, match=r"\.wal is damaged"):
            access.reader.rows("SELECT 1")
        code, run = typed(project.root, "run", "--port", "0")
        assert (code, run.error) == (1, complaint)
        assert wal_of(project).read_bytes() == before
        wal_of(project).rename(tmp_path / "away")
        assert landed(project) == EVENTS // 2
        assert land(project).landed == EVENTS // 2
    check(project, TOLD)


def complaint_of(project: Project) -> str:
    """What is said against landing; empty if nothing."""
    try:
        land(project)
    except StoreError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def appended(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project to whose log a process had appended when it died."""
    project = new_project(tmp_path_factory.mktemp("appended") / "shop")
    killed(append_and_die, project)
    assert log_wal_of(project).stat().st_size > 10_000
    return project


def log_wal_of(project: Project) -> Path:
    return project.log.with_name("log.sqlite-wal")


@pytest.mark.parametrize("kept", [*(CHANCE.uniform(0.2, 1) for _ in range(3)), 1.0])
@pytest.mark.parametrize("garbage", [False, True])
def test_a_torn_wal_of_the_log_ends_with_the_last_whole_append(
    appended: Project, tmp_path: Path, kept: float, garbage: bool
) -> None:
    project = copied(appended, tmp_path)
    whole = log_wal_of(project).read_bytes()
    cut = whole[: int(len(whole) * kept)]
    log_wal_of(project).write_bytes(cut + CHANCE.randbytes(5000) if garbage else cut)
    count = land(project).landed
    assert count % BATCH == 0
    assert (count == EVENTS) == (kept == 1)
    check(project, TOLD[:count])
    append(project, TOLD[count:])
    land(project)
    check(project, TOLD)


def test_a_log_that_has_lost_what_landed_takes_nothing_and_says_so(appended: Project, tmp_path: Path) -> None:
    project = copied(appended, tmp_path)
    (tmp_path / "whole").mkdir()
    whole = copied(appended, tmp_path / "whole")
    land(whole)
    shutil.copy(whole.store, project.store)
    os.truncate(log_wal_of(project), log_wal_of(project).stat().st_size // 2)
    with pytest.raises(PositionError, match="restore the backup"):
        land(project)
    (project.root / "rows.jsonl").write_text('{"event_id": "new"}\n', "utf-8")
    for words in (["run", "--port", "0"], ["ingest", "rows.jsonl", "--as", "web/tracking/page_viewed"]):
        code, run = typed(project.root, *words)
        assert code == 1
        assert re.search(r"beyond the head: .*restore the backup", run.error), run.said
    with embedded_inlet(project.log, catalogue()) as inlet:
        assert all(ends.head < EVENTS for ends in inlet.log.ends().values())
