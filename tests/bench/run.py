"""`make bench`: what the pipeline costs against a bare pipe, as it grows, and how well it tells people apart.

Decides sizes, goals and floors. Every measure runs in a process of its own; ratios compare processes of one
run. Writes build/bench.json; ends with 1 if the identity quality is below its floor.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from streams.pipeline import BATCH

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "build" / "bench.json"
FLOOR = {"precision": 0.95, "recall": 0.70, "largest_cluster_people": 5}
GOAL = {
    "ratio": 2.0,
    "events_per_second": 50_000,
    "growth_fixed": 1.2,
    "growth_growing": 1.5,
    "peak_mib": 2048,
    "precision": 0.97,
    "recall": 0.71,
}
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
    seeds: int = 5
    quality_people: int = 20_000
    quality_events: int = 200_000


QUICK = Sizes(
    events=300_000,
    people=30_000,
    repeats=1,
    growth=(100_000, 300_000, 1_000_000),
    fixed_people=10_000,
    seeds=1,
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
        table = _table(f"Throughput: {sizes.events:,} page views of {sizes.people:,} people",
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

    def profile(self, common: Figures) -> Figures:
        """Where the time goes."""
        figures = self.measure("profile", "profile", **common)
        for kind, least in (("steps", 0.0), ("files", 0.1)):
            table = _table(f"Profile by {kind}", "", "µs/event", "CPU µs/event")
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
        table = _table("Growth: µs/event from decoded columns on", "", *stored, "growth", "growth, CPU")
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
        table = _table(
            f"Identity quality: {sizes.quality_people:,} people, median of {sizes.seeds} seeds",
            "", "precision", "recall", "largest cluster",
        )  # fmt: skip
        found = {}
        for name, label in (
            ("rules", "rules"),
            ("edges", "connected components of the rules' edges"),
            ("named", "connected components of all identifiers"),
        ):
            middle = {key: statistics.median(run[name][key] for run in runs) for key in FLOOR}
            table.add_row(label, *(f"{middle[key]:.4g}" for key in FLOOR))
            found[name] = middle
        self.console.print(table)
        return found


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def verdicts(report: Figures) -> list[tuple[str, float, str, float, bool]]:
    """What was reached of each goal: name, figure, relation, goal, whether it is met."""
    ours, growth = report["quality"]["rules"], report["growth"]
    reached = [
        ("ratio to the bare pipe", report["throughput"]["ratio"], "<=", GOAL["ratio"]),
        ("events/s", report["throughput"]["events_per_second"], ">=", GOAL["events_per_second"]),
        ("growth, fixed customers", growth["fixed"]["growth_wall_us"], "<=", GOAL["growth_fixed"]),
        ("growth, growing customers", growth["growing"]["growth_wall_us"], "<=", GOAL["growth_growing"]),
        ("peak memory, MiB", max(report["peak_mib"].values()), "<=", GOAL["peak_mib"]),
        ("precision", ours["precision"], ">=", GOAL["precision"]),
        ("recall", ours["recall"], ">=", GOAL["recall"]),
        ("largest cluster", ours["largest_cluster_people"], "<=", FLOOR["largest_cluster_people"]),
    ]
    return [(*row, row[1] <= row[3] if row[2] == "<=" else row[1] >= row[3]) for row in reached]


def is_too_poor(ours: Figures) -> bool:
    """Whether identities are worse than we may ever ship."""
    shares = ("precision", "recall")
    most = FLOOR["largest_cluster_people"]
    return any(ours[key] < FLOOR[key] for key in shares) or bool(ours["largest_cluster_people"] > most)


def main() -> int:
    """Runs everything, prints tables, writes the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, about three minutes")
    sizes = QUICK if parser.parse_args().quick else Sizes()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(sizes, folder)
        report: Figures = {"sizes": asdict(sizes), "processors": os.cpu_count(), "load": os.getloadavg()}
        report |= {"throughput": bench.throughput(), "growth": bench.growth(), "quality": bench.quality()}
    report["peak_mib"] = bench.peaks
    table = _table("Goals", "", "reached", "goal", "met")
    for name, figure, relation, goal, is_met in verdicts(report):
        table.add_row(name, f"{figure:,.4g}", f"{relation} {goal:,}", "yes" if is_met else "no")
    bench.console.print(table)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    if is_too_poor(report["quality"]["rules"]):
        bench.console.print(f"Identity quality is below its floor: {FLOOR}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
