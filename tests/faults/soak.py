"""`make soak`: `rundum run` for minutes, with appenders, readers that are killed, and backups beside it.

Decides what must hold after living: bounds on memory, descriptors and freshness, and that nothing is lost.
Prints a table, writes build/soak.json, ends with 1 if a bound is broken. Memory is warm after some minutes:
shorter trials may break its bound.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from schemas.catalogue import load
from sinks.duckdb.digest import digest
from sinks.gateway import connect
from sinks.gateway.access import Access
from streams.log.sqlite import SqliteLog
from streams.settings import STORE, Project, init_project, read_project
from streams.state import BEHIND
from tests.beside import ROOT, RUNDUM, Beside, Running, program

REPORT = ROOT / "build" / "soak.json"
SAMPLE, KILL, BACKUP = 1.0, 7.0, 60.0  # seconds between two
MEMORY_LIMIT = "600MB"  # DuckDB's share reaches it soon: what grows later is never given back
TRACKED, SHOPPED = 3000, 200  # events a second
FLAT = 1.15  # what the last third may have of memory and descriptors, of the second
STOPPED = 5.0  # seconds that SIGTERM may take
Starter = Callable[[], Beside]


@dataclass
class Sample:
    """The owner at one moment."""

    at: float
    rss_mib: float
    descriptors: int
    threads: int
    store_mib: float
    wal_mib: float
    log_mib: float
    freshness: float
    waiting: int
    landed: int


@dataclass
class Soak:
    """What was seen."""

    samples: list[Sample] = field(default_factory=list)
    backups: list[float] = field(default_factory=list)  # seconds each took
    failures: list[str] = field(default_factory=list)
    killed: int = 0
    answers: int = 0

    def third(self, number: int, key: str) -> float:
        """The median of a figure in the first, second or last third (0, 1, 2) of the time."""
        size = len(self.samples) // 3
        part = self.samples[number * size :][:size]
        return float(statistics.median(getattr(one, key) for one in part))


class Backups:
    """One backup after the other, each in a folder of its own; only the newest is kept."""

    def __init__(self, project: Path, soak: Soak) -> None:
        """Makes none yet."""
        self.project, self.soak = project, soak
        self.newest: Path | None = None
        self._running: tuple[Path, subprocess.Popen[str], float] | None = None
        self._number = 0

    def begin(self) -> None:
        """Starts one, unless one is running."""
        if not self._running:
            self._number += 1
            folder = self.project.with_name(f"backup{self._number}")
            process = subprocess.Popen(
                [RUNDUM, "backup", folder, "--project", self.project],
                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            self._running = folder, process, time.monotonic()

    def look(self, *, wait: bool = False) -> None:
        """Takes note of one that has ended."""
        if not self._running or (not wait and self._running[1].poll() is None):
            return
        folder, process, began = self._running
        said, _ = process.communicate(timeout=300)
        self._running = None
        if process.returncode:
            self.soak.failures.append(f"a backup failed: {said.strip()}")
            return
        self.soak.backups.append(time.monotonic() - began)
        if self.newest:
            shutil.rmtree(self.newest)
        self.newest = folder


def sample(run: Running, project: Project, began: float) -> Sample:
    """The owner now."""
    health = run.health()

    def mebibytes(name: str) -> float:
        return sum(file.stat().st_size for file in project.root.glob(name)) / 2**20

    return Sample(
        at=time.monotonic() - began,
        rss_mib=run.mebibytes("VmRSS"),
        descriptors=_descriptors(Path(f"/proc/{run.process.pid}/fd")),
        threads=int(run.status()["Threads"]),
        store_mib=mebibytes("store.duckdb"),
        wal_mib=mebibytes("store.duckdb.wal"),
        log_mib=mebibytes("log.sqlite*"),
        freshness=health["freshness_seconds"] or 0.0,
        waiting=health["waiting"],
        landed=health["landed"],
    )


def _descriptors(folder: Path) -> int:
    """How many are open, without those of files into which DuckDB puts what memory does not hold."""
    found = 0
    for one in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found += "duckdb_temp_storage" not in str(one.readlink())
    return found


def live(run: Running, project: Project, seconds: float) -> tuple[Soak, Backups]:
    """Lets everything run for so long; then appenders and readers end, and what waits lands."""
    root, soak = project.root, Soak()
    starters: Sequence[Starter] = (
        lambda: program("scan", root, number=soak.killed),
        lambda: program("look", root, number=soak.killed),
        lambda: Beside(root / f"tail{soak.killed}.txt", RUNDUM, "tail", "--project", root),
    )
    appenders = [program("track", root, TRACKED), program("shop", root, SHOPPED)]
    readers = [start() for start in starters]
    backups, began, chance = Backups(root, soak), time.monotonic(), random.Random(1)
    due = {"kill": KILL, "backup": min(BACKUP, seconds / 3)}
    while (at := time.monotonic() - began) < seconds:
        soak.samples.append(sample(run, project, began))
        backups.look()
        if at > due["backup"]:
            due["backup"] += BACKUP
            backups.begin()
        if at > due["kill"]:
            due["kill"] += KILL
            chosen = chance.randrange(len(readers))
            _end(readers[chosen], soak)
            soak.killed += 1
            readers[chosen] = starters[chosen]()
        time.sleep(SAMPLE)
    backups.look(wait=True)
    for one in (*appenders, *readers):
        _end(one, soak)
    run.await_health(lambda health: not health["waiting"])
    return soak, backups


def _end(one: Beside, soak: Soak) -> None:
    """Kills a program; takes note if it was not alive any more, and of what it was refused."""
    if one.end() != -signal.SIGKILL:
        soak.failures.append(f"{one.said.stem} had ended by itself: {one.lines[-1:]}")
    soak.answers += len(one.lines)
    soak.failures += [f"{one.said.stem}: {line}" for line in one.lines if line.startswith("refused")]
    one.said.unlink()


def judge(soak: Soak, run: Running, project: Project, backups: Backups) -> dict[str, tuple[str, bool]]:
    """What must hold: the figure, and whether it does. Ends the owner."""
    reader = connect(project.root)
    odd = reader.sql("SELECT count(*) FROM ops.conservation WHERE NOT balanced").fetchall()[0][0]
    accepted = reader.sql("SELECT sum(accepted) FROM ops.ledger").fetchall()[0][0]
    began = time.monotonic()
    code = run.end(signal.SIGTERM)
    took = time.monotonic() - began
    with SqliteLog(project.log) as log:
        appended = sum(ends.head for ends in log.ends().values())
    found = {
        "stopped by SIGTERM": (f"{took:.1f} s, code {code}", code == 0 and took <= STOPPED),
        "unbalanced hours": (f"{odd}", odd == 0),
        "appended, accepted": (f"{appended:,}, {accepted:,}", appended == accepted),
        "backups": (f"{len(soak.backups)}", bool(soak.backups)),
        "failures": (f"{len(soak.failures)}", not soak.failures),
    }
    for key in ("rss_mib", "descriptors", "threads"):
        second, last = soak.third(1, key), soak.third(2, key)
        found[f"{key}, last third"] = (f"{last:,.0f} after {second:,.0f}", last <= FLAT * second)
    worst = max(one.freshness for one in soak.samples)
    found["freshness at worst"] = (f"{worst:.1f} s", worst < BEHIND)
    if backups.newest:
        found["newest backup"] = _compare(backups.newest)
    return found


def _compare(backup: Path) -> tuple[str, bool]:
    """Whether a backup says what its manifest says that it does."""
    said = json.loads((backup / "backup.json").read_text("utf-8"))["digests"]
    with Access(backup / STORE) as access:
        is_same = asdict(digest(access.reader, load())) == said
    return ("as its manifest" if is_same else "differs from its manifest"), is_same


def show(console: Console, soak: Soak, found: dict[str, tuple[str, bool]]) -> None:
    """Prints a row a tenth of the time, then what must hold."""
    table = Table(title="The owner", title_justify="left")
    keys = [*Sample.__dataclass_fields__]
    for key in keys:
        table.add_column(key, justify="right")
    for one in soak.samples[:: max(1, len(soak.samples) // 10)]:
        table.add_row(*(f"{getattr(one, key):,.1f}".removesuffix(".0") for key in keys))
    console.print(table)
    table = Table("", "reached", "holds", title="What must hold", title_justify="left")
    for name, (figure, holds) in found.items():
        table.add_row(name, figure, "yes" if holds else "NO")
    console.print(table)
    console.print(f"{soak.killed} readers killed, {soak.answers:,} lines of theirs and of the appenders")
    for failure in soak.failures[:10]:
        console.print(failure, markup=False)


def main() -> int:
    """Runs it, prints tables, writes the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "seconds", type=float, nargs="?", default=660.0
    )  # the log is trimmed after ten minutes
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "shop"
        init_project(root)
        settings = root / "rundum.toml"
        text = settings.read_text("utf-8").replace("1200MB", MEMORY_LIMIT)
        settings.write_text(text.replace("keep_hours = 24", "keep_hours = 0"), "utf-8")
        project = read_project(root)
        with Running(root) as run:
            soak, backups = live(run, project, seconds)
            found = judge(soak, run, project, backups)
    show(Console(width=130), soak, found)
    REPORT.parent.mkdir(exist_ok=True)
    report: dict[str, Any] = {"seconds": seconds, "found": found, **asdict(soak)}
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return 0 if all(holds for _, holds in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
