"""The tables of `make bench`: each measure runs in a process of its own, each question has a table.

Decides sizes, and which figures stand beside each other. Must never judge them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from streams.pipeline import BATCH

ROOT = Path(__file__).parents[2]
KEYS = ("precision", "recall", "largest_cluster_people")
Figures = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How much is measured. `people_share` of the events stored is how many people a growing shop has."""

    events: int = 500_000
    people: int = 50_000
    repeats: int = 3
    growth: tuple[int, ...] = (200_000, 1_000_000, 5_000_000)
    fixed_people: int = 20_000
    people_share: float = 0.1
    readers: int = 4
    rate: int = 5_000
    seconds: float = 20
    trips: int = 200
    stored: int = 500_000
    seeds: int = 5
    quality_people: int = 20_000
    quality_events: int = 200_000
    topic: int = 1_000_000
    topic_people: int = 100_000
    customers: int = 1_000_000
    shop: int = 500_000
    divided: tuple[int, ...] = (100_000, 1_000_000)


QUICK = Sizes(
    events=300_000,
    people=30_000,
    repeats=1,
    growth=(100_000, 300_000, 1_000_000),
    fixed_people=10_000,
    seconds=10,
    trips=50,
    stored=100_000,
    seeds=1,
    topic=100_000,
    topic_people=10_000,
    customers=100_000,
    shop=100_000,
    divided=(10_000, 100_000),
)


class Bench:
    """One run: measures in child processes, and a table for each question."""

    def __init__(self, sizes: Sizes, folder: str) -> None:
        """Measures in a folder that must be empty."""
        self.sizes = sizes
        self.folder = folder
        self.console = Console()
        self.peaks: dict[str, float] = {}

    def measure(self, name: str, label: str, **arguments: Any) -> Figures:
        """The figures of one measure. Raises CalledProcessError if it fails."""
        with self.console.status(label):
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.measures", name, json.dumps(arguments)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                check=True,
            )
        figures: Figures = json.loads(done.stdout.splitlines()[-1])
        self.peaks[label] = max(figures.pop("peak_mib"), self.peaks.get(label, 0.0))
        return figures

    def throughput(self) -> Figures:
        """The whole pipeline against a bare pipe, and where its time goes."""
        sizes, log = self.sizes, f"{self.folder}/views.log"
        self.measure("make_log", "make the log", log=log, events=sizes.events, people=sizes.people)
        self.peaks.clear()
        common = {"folder": self.folder, "log": log, "batch": BATCH}
        runs: dict[str, list[Figures]] = {"live": [], "bare": []}
        for _ in range(sizes.repeats):
            for name, label in (("live", "pipeline"), ("bare", "bare pipe")):
                runs[name].append(self.measure(name, label, **common))
        middle = {
            name: {key: statistics.median(run[key] for run in of) for key in ("wall_us", "cpu_us")}
            for name, of in runs.items()
        }
        table = table_of(f"Throughput: {sizes.events:,} page views of {sizes.people:,} people",
                       "", "events/s", "µs/event", "CPU µs/event")  # fmt: skip
        for name, label in (("live", "pipeline"), ("bare", "bare pipe")):
            wall, cpu = middle[name]["wall_us"], middle[name]["cpu_us"]
            table.add_row(label, f"{1e6 / wall:,.0f}", f"{wall:.1f}", f"{cpu:.1f}")
        ratio = {key: middle["live"][key] / middle["bare"][key] for key in ("wall_us", "cpu_us")}
        table.add_row("ratio", "", f"{ratio['wall_us']:.2f}", f"{ratio['cpu_us']:.2f}")
        rebuilt = self.measure("rebuilt", "rebuild", **common)
        table.add_row("rebuild", f"{rebuilt['events_per_second']:,.0f}", f"{rebuilt['wall_us']:.1f}",
                      f"{rebuilt['cpu_us']:.1f}")  # fmt: skip
        table.add_row(
            "ratio to live", "", *(f"{rebuilt[f'ratio_{key}']:.2f}" for key in ("wall_us", "cpu_us"))
        )
        self.console.print(table)
        return {
            **middle,
            "ratio": ratio["wall_us"],
            "ratio_cpu": ratio["cpu_us"],
            "events_per_second": 1e6 / middle["live"]["wall_us"],
            "rebuild": rebuilt,
            "profile": self.profile(common),
        }

    def living(self) -> Figures:
        """Landing beside readers, and how soon they see it. Reads the log that `throughput` made."""
        sizes = self.sizes
        common = {"folder": self.folder, "rate": sizes.rate, "seconds": sizes.seconds}
        common["log"] = f"{self.folder}/views.log"
        runs: dict[int, list[Figures]] = {0: [], sizes.readers: []}
        for _ in range(sizes.repeats):
            for readers, of in runs.items():
                label = f"rundum run beside {readers} readers"
                of.append(self.measure("beside", label, readers=readers, **common))
        table = table_of(
            f"Living: {sizes.events:,} page views beside scanning readers, then {sizes.rate:,} a second",
            "readers", "events/s", "scans", "s/scan", "visible, s, p50", "p99", "s to ask, p50",
        )  # fmt: skip
        found = {}
        for readers, of in runs.items():
            row = found[readers] = {key: statistics.median(run[key] for run in of) for key in of[0]}
            keys = ("scan_seconds", "freshness_p50", "freshness_p99", "trip_p50")
            counts = (f"{row[key]:,.0f}" for key in ("events_per_second", "scans"))
            table.add_row(f"{readers}", *counts, *(f"{row[key]:.2f}" for key in keys))
        alone, crowded = found.values()
        ratio = crowded["events_per_second"] / alone["events_per_second"]
        table.add_row("ratio", f"{ratio:.2f}")
        self.console.print(table)
        return {"alone": alone, "crowded": crowded, "ratio": ratio, "answers": self.answers()}

    def answers(self) -> Figures:
        """What a small question takes. Asks in the project that `living` leaves."""
        figures = self.measure("answers", "small questions", folder=self.folder, repeats=self.sizes.trips)
        table = table_of("A small question: ms", "", "p50", "p99")
        for key, label in (
            ("door", "through the door"),
            ("opened", "by opening the store"),
            ("shell_door", "rundum sql, through the door"),
            ("shell_opened", "rundum sql, by opening the store"),
        ):
            shares = (figures.get(f"{key}_{share}") for share in ("p50", "p99"))
            table.add_row(label, *(f"{one * 1e3:,.0f}" for one in shares if one))
        self.console.print(table)
        return figures

    def stored(self) -> Figures:
        """What a million events take on disk and in memory."""
        found = self.measure("sizes", "sizes", folder=self.folder, events=self.sizes.stored)
        table = table_of(
            f"Sizes: {self.sizes.stored:,} events", "", "log, bytes/event", "store, bytes/event",
            "peak MiB", "start, s",
        )  # fmt: skip
        for name, row in found.items():
            counts = (f"{row[key]:,.0f}" for key in ("log", "store", "peak_mib"))
            table.add_row(name, *counts, f"{row['start_seconds']:.1f}")
            self.peaks[f"landing {name}"] = row["peak_mib"]
        self.console.print(table)
        return found

    def profile(self, common: Figures) -> Figures:
        """Where the time goes."""
        figures = self.measure("profile", "profile", **common)
        for kind, least in (("steps", 0.0), ("files", 0.1)):
            table = table_of(f"Profile by {kind}", "", "µs/event", "CPU µs/event")
            rows = figures[kind].items()
            for name, (wall, cpu) in rows if kind == "steps" else sorted(rows, key=lambda row: -row[1][1]):
                if cpu >= least:
                    table.add_row(name, f"{wall:.2f}", f"{cpu:.2f}")
            self.console.print(table)
        return figures

    def growth(self) -> Figures:
        """What a batch costs as more is stored."""
        sizes = self.sizes
        last = sizes.growth[-1]
        stored = [f"{size:,}" for size in sizes.growth]
        table = table_of("Growth: µs/event from decoded columns on", "", *stored, "growth", "growth, CPU")
        found = {}
        grown = max(1, round(last * sizes.people_share))
        for name, people_at in (("fixed", [sizes.fixed_people] * 2), ("growing", [0, grown])):
            label = f"growth, {name} customers"
            figures = self.measure(
                "growth", label, folder=self.folder, sizes=sizes.growth, people_at=people_at, batch=BATCH
            )
            points = figures["points"]
            for key in ("wall_us", "cpu_us"):
                figures[f"growth_{key}"] = points[-1][key] / points[0][key]
            table.add_row(
                f"{name} customers, {figures['nodes']:,} nodes",
                *(f"{point['wall_us']:.1f}" for point in points),
                f"{figures['growth_wall_us']:.2f}",
                f"{figures['growth_cpu_us']:.2f}",
            )
            found[name] = figures
        self.console.print(table)
        return found

    def quality(self) -> Figures:
        """How well people are told apart."""
        sizes = self.sizes
        runs = [
            self.measure(
                "quality", "identity quality", folder=self.folder, seed=seed,
                people=sizes.quality_people, events=sizes.quality_events,
            )
            for seed in range(1, sizes.seeds + 1)
        ]  # fmt: skip
        table = table_of(
            f"Identity quality: {sizes.quality_people:,} people, median of {sizes.seeds} seeds",
            "", "precision", "recall", "largest cluster",
        )  # fmt: skip
        found = {}
        for name, label in (
            ("rules", "rules"),
            ("edges", "connected components of the rules' edges"),
            ("named", "connected components of all identifiers"),
        ):
            middle = {key: statistics.median(run[name][key] for run in runs) for key in KEYS}
            table.add_row(label, *(f"{middle[key]:.4g}" for key in KEYS))
            found[name] = middle
        self.console.print(table)
        return found


def table_of(title: str, first: str, *columns: str) -> Table:
    """A table with a title; all columns but the first are figures."""
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    return table
