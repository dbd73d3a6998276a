"""Measures of living: `rundum run` as a process, with readers at its door and an appender at its log.

Decides what is waited for before a clock starts. Must never read the store but as people do.
"""

from __future__ import annotations

import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sinks.gateway import Connection, connect
from streams.settings import init_project
from streams.sources.synthetic import QUALITY
from tests.bench.workload import log_shop, log_views
from tests.beside import READY, RUNDUM, Beside, Running, program

PROJECT = "living"
TOPIC = "web.tracking"
POSITIONS = f"SELECT partition, next_offset FROM ops.position WHERE topic = '{TOPIC}'"
SMALL = "SELECT customer FROM identity.node JOIN identity.identifier USING (node, kind) WHERE value = $value"
LOOK = 0.01  # seconds between two looks
SETTLE = 2.0  # seconds of appending that do not count
MIB = 2**20
Figures = dict[str, Any]


def beside(folder: str, log: str, readers: int, rate: int, seconds: float) -> Figures:
    """How fast a full log lands beside scanning readers; then how soon what is appended can be read.

    The project stays for the measure `answers`.
    """
    project = _project(folder, log)
    with ExitStack() as stack:
        scans = [stack.enter_context(program("scan", project, number=one)) for one in range(readers)]
        for reader in scans:
            reader.await_line(READY)
        run = stack.enter_context(Running(project))
        first = run.await_health(lambda health: health["landed"] > 0)
        began = time.monotonic()
        last = run.await_health(lambda health: not health["waiting"])
        ended = time.monotonic()
        took = _scans(scans, began, ended)
        figures: Figures = {
            "events_per_second": (last["landed"] - first["landed"]) / (ended - began),
            "scans": len(took),
            "scan_seconds": statistics.median(took) if took else 0.0,
        }
        with program("track", project, rate) as appender:
            figures |= freshness(connect(project), appender, seconds)
        return figures | {"peak_mib": run.mebibytes("VmHWM")}


def _project(folder: str, log: str) -> Path:
    project = Path(folder) / PROJECT
    shutil.rmtree(project, ignore_errors=True)
    shutil.copyfile(log, init_project(project).log)
    return project


def _scans(readers: Iterable[Beside], began: float, ended: float) -> list[float]:
    """Seconds of each answer that came in a span of time."""
    took = []
    for line in (line for reader in readers for line in reader.lines if line[0].isdigit()):
        at, seconds = map(float, line.split())
        if began <= at + seconds <= ended:
            took.append(seconds)
    return took


def freshness(connection: Connection, appender: Beside, seconds: float) -> Figures:
    """Seconds from when an append began to when an answer over the door had it."""
    appender.await_line(" ")
    until = time.monotonic() + SETTLE + seconds
    seen: list[tuple[float, dict[int, int]]] = []
    trips = []
    while (asked := time.monotonic()) < until:
        positions = dict(connection.sql(POSITIONS).fetchall())
        seen.append((time.monotonic(), positions))
        trips.append(seen[-1][0] - asked)
        time.sleep(LOOK)
    appended = np.array([line.split() for line in appender.lines], float)
    appended = appended[appended[:, 2] > until - seconds]
    waited, events = [], 0.0
    for partition in np.unique(appended[:, 0]):
        of = appended[appended[:, 0] == partition]
        reached = np.array([known.get(int(partition), 0) for _, known in seen])
        has_landed = of[:, 1] < reached[-1]
        assert has_landed[of[:, 2] < until - 10].all(), "what was appended ten seconds ago has not landed"
        at = np.searchsorted(reached, of[has_landed, 1], "right")
        waited.append(np.array([one for one, _ in seen])[at] - of[has_landed, 2])
        events += np.ptp(of[:, 1])
    return {
        "freshness_p50": float(np.quantile(np.concatenate(waited), 0.5)),
        "freshness_p99": float(np.quantile(np.concatenate(waited), 0.99)),
        "trip_p50": statistics.median(trips),
        "appended_per_second": float(events / np.ptp(appended[:, 2])),
    }


def answers(folder: str, repeats: int) -> Figures:
    """What a small question takes through the door, by opening the store, and from the shell."""
    project = Path(folder) / PROJECT
    connection = connect(project)

    def ask() -> object:
        return connection.sql(SMALL, {"value": "u100001"}).fetchall()

    def shell() -> object:
        return subprocess.run(
            [RUNDUM, "sql", "SELECT 1", "--project", project], check=True, capture_output=True
        )

    bare = [sys.executable, "-c", ""]
    figures = {"python": _seconds(lambda: subprocess.run(bare, check=True), 5)}
    with Running(project) as run:
        run.await_health(lambda health: health["status"] == "ready" and not health["waiting"])
        door, figures["shell_door"] = _seconds(ask, repeats), _seconds(shell, 5)
        assert run.end(signal.SIGTERM) == 0
    opened, figures["shell_opened"] = _seconds(ask, repeats), _seconds(shell, 5)
    return {f"{key}_p50": value[0] for key, value in figures.items()} | {
        "door_p50": door[0], "door_p99": door[1], "opened_p50": opened[0], "opened_p99": opened[1],
    }  # fmt: skip


def _seconds(act: Callable[[], object], repeats: int) -> tuple[float, float]:
    """The median, and what 99 of 100 take at most."""
    took: list[float] = []
    for _ in range(repeats):
        began = time.monotonic()
        act()
        took.append(time.monotonic() - began)
    return statistics.median(took), float(np.quantile(took, 0.99))


def sizes(folder: str, events: int) -> Figures:
    """Bytes an event in log and store, for page views and for the whole shop, and how soon it starts."""
    return {
        "views": _sizes(folder, lambda log: log_views(log, events, events // 10)),
        "shop": _sizes(
            folder, lambda log: log_shop(log, replace(QUALITY, people=events // 10, events=events))
        ),
    }


def _sizes(folder: str, fill: Callable[[Path], object]) -> Figures:
    source = Path(folder) / "sizes.sqlite"
    fill(source)
    project = _project(folder, str(source))
    figures: Figures = {"log": _bytes(project, "log.sqlite")}
    source.unlink()
    with Running(project) as run:
        events = run.await_health(lambda health: health["landed"] and not health["waiting"])["landed"]
        figures["peak_mib"] = run.mebibytes("VmHWM")
        assert run.end(signal.SIGTERM) == 0
    figures["store"] = _bytes(project, "store.duckdb")
    began = time.monotonic()
    with Running(project) as run:
        run.await_health(lambda health: health["status"] == "ready")
        figures["start_seconds"] = time.monotonic() - began
    return figures | {"log": figures["log"] / events, "store": figures["store"] / events, "events": events}


def _bytes(project: Path, name: str) -> int:
    return sum(file.stat().st_size for file in project.glob(f"{name}*") if file.is_file())


LIVING: Sequence[Callable[..., Figures]] = (beside, answers, sizes)
