"""`make bench`: what the pipeline costs against a bare pipe, beside readers, as it grows, on Kafka; how well
it tells people apart; what segments cost.

Decides goals and floors. Every measure runs in a process of its own; ratios compare processes of one
run. Writes build/bench.json, or bench-PART.json with --only PART; ends with 1 if the identity quality is
below its floor.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.bench.clustered import clustered
from tests.bench.segmented import Segmented
from tests.bench.tables import QUICK, Bench, Figures, Sizes, table_of

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "build" / "bench.json"
FLOOR = {"precision": 0.95, "recall": 0.70, "largest_cluster_people": 5}
GOAL = {
    "ratio": 2.0,
    "events_per_second": 50_000,
    "beside": 0.70,
    "freshness_p99": 3.0,
    "growth_fixed": 1.2,
    "growth_growing": 1.5,
    "peak_mib": 2048,
    "precision": 0.97,
    "recall": 0.71,
    "kafka_ratio": 2.0,
    "kafka_faster": 3.0,
    "kafka_freshness_p99": 2.0,
    "segments_ratio": 1.15,
    "segments_sweep": 5.0,
    "segments_p99": 2.0,
    "api_p99": 50.0,
}
PARTS = ("throughput", "living", "stored", "growth", "quality", "segments", "kafka")
ALONE = tuple(part for part in PARTS if part != "living")  # which reads the log that throughput makes
Reached = tuple[str, float, str, float]


def verdicts(report: Figures) -> list[tuple[str, float, str, float, bool]]:
    """What was reached of each goal of what was measured: name, figure, relation, goal, whether it is met."""
    reached = [row for part, told in REACHED.items() if part in report for row in told(report[part])]
    return [(*row, row[1] <= row[3] if row[2] == "<=" else row[1] >= row[3]) for row in reached]


def _throughput(of: Figures) -> list[Reached]:
    return [
        ("ratio to the bare pipe", of["ratio"], "<=", GOAL["ratio"]),
        ("events/s", of["events_per_second"], ">=", GOAL["events_per_second"]),
    ]


def _living(of: Figures) -> list[Reached]:
    return [
        ("events/s beside readers, of alone", of["ratio"], ">=", GOAL["beside"]),
        ("visible beside readers, s, p99", of["crowded"]["freshness_p99"], "<=", GOAL["freshness_p99"]),
    ]


def _kafka(of: Figures) -> list[Reached]:
    landing = of["landing"]
    return [
        ("Kafka: ratio to the bare pipe", landing["ratio"], "<=", GOAL["kafka_ratio"]),
        ("Kafka: as fast as Faust agents, times", landing["faster_than_faust"], ">=", GOAL["kafka_faster"]),
        ("Kafka: as fast as Quix Streams, times", landing["faster_than_quix"], ">=", GOAL["kafka_faster"]),
        ("Kafka: visible, s, p99", of["fresh"]["freshness_p99"], "<=", GOAL["kafka_freshness_p99"]),
    ]


def _growth(of: Figures) -> list[Reached]:
    return [
        ("growth, fixed customers", of["fixed"]["growth_wall_us"], "<=", GOAL["growth_fixed"]),
        ("growth, growing customers", of["growing"]["growth_wall_us"], "<=", GOAL["growth_growing"]),
    ]


def _quality(of: Figures) -> list[Reached]:
    ours = of["rules"]
    return [
        ("precision", ours["precision"], ">=", GOAL["precision"]),
        ("recall", ours["recall"], ">=", GOAL["recall"]),
        ("largest cluster", ours["largest_cluster_people"], "<=", FLOOR["largest_cluster_people"]),
    ]


def _segments(of: Figures) -> list[Reached]:
    slowest = max(sizes["slowest"] for sizes in of["sweeps"].values())
    return [
        ("landing with twelve segments, of without", of["landing"]["segments"]["ratio_wall"], "<=",
         GOAL["segments_ratio"]),
        ("look at all for one segment, s", slowest, "<=", GOAL["segments_sweep"]),
        ("membership after commit, s, p99", of["prompt"]["freshness_p99"], "<=", GOAL["segments_p99"]),
        ("API, ms, p99", of["served"]["p99_ms"], "<=", GOAL["api_p99"]),
    ]  # fmt: skip


def _peaks(of: Figures) -> list[Reached]:
    return [("peak memory, MiB", max(of.values()), "<=", GOAL["peak_mib"])]


REACHED: dict[str, Callable[[Figures], list[Reached]]] = {
    "throughput": _throughput,
    "living": _living,
    "kafka": _kafka,
    "growth": _growth,
    "segments": _segments,
    "peak_mib": _peaks,
    "quality": _quality,
}


def is_too_poor(ours: Figures) -> bool:
    """Whether identities are worse than we may ever ship."""
    shares = ("precision", "recall")
    most = FLOOR["largest_cluster_people"]
    return any(ours[key] < FLOOR[key] for key in shares) or bool(ours["largest_cluster_people"] > most)


def measured(bench: Bench, parts: Sequence[str]) -> Figures:
    """The figures of some parts, in their order."""
    report: Figures = {}
    for part in parts:
        if part == "kafka":
            with clustered(bench) as grown:
                report[part] = grown.kafka()
        else:
            question = Segmented(bench).segments if part == "segments" else getattr(bench, part)
            report[part] = question()
    return report


def main() -> int:
    """Runs everything or one part, prints tables, writes the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, about five minutes")
    parser.add_argument("--only", choices=ALONE, help="this part alone")
    asked = parser.parse_args()
    sizes = QUICK if asked.quick else Sizes()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(sizes, folder)
        report: Figures = {"sizes": asdict(sizes), "processors": os.cpu_count(), "load": os.getloadavg()}
        report |= measured(bench, [asked.only] if asked.only else PARTS)
    report["peak_mib"] = bench.peaks
    table = table_of("Goals", "", "reached", "goal", "met")
    for name, figure, relation, goal, is_met in verdicts(report):
        table.add_row(name, f"{figure:,.4g}", f"{relation} {goal:,}", "yes" if is_met else "no")
    bench.console.print(table)
    file = REPORT.with_stem(f"bench-{asked.only}") if asked.only else REPORT
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    if "quality" in report and is_too_poor(report["quality"]["rules"]):
        bench.console.print(f"Identity quality is below its floor: {FLOOR}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
