"""`make bench`: what the pipeline costs against a bare pipe, beside readers, as it grows, on Kafka; how well
it tells people apart.

Decides goals and floors. Every measure runs in a process of its own; ratios compare processes of one
run. Writes build/bench.json; ends with 1 if the identity quality is below its floor.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

from tests.bench.clustered import clustered
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
}


def verdicts(report: Figures) -> list[tuple[str, float, str, float, bool]]:
    """What was reached of each goal: name, figure, relation, goal, whether it is met."""
    ours, growth = report["quality"]["rules"], report["growth"]
    crowded, landing = report["living"]["crowded"], report["kafka"]["landing"]
    fresh = report["kafka"]["fresh"]
    reached = [
        ("ratio to the bare pipe", report["throughput"]["ratio"], "<=", GOAL["ratio"]),
        ("events/s", report["throughput"]["events_per_second"], ">=", GOAL["events_per_second"]),
        ("events/s beside readers, of alone", report["living"]["ratio"], ">=", GOAL["beside"]),
        ("visible beside readers, s, p99", crowded["freshness_p99"], "<=", GOAL["freshness_p99"]),
        ("Kafka: ratio to the bare pipe", landing["ratio"], "<=", GOAL["kafka_ratio"]),
        ("Kafka: as fast as Faust agents, times", landing["faster_than_faust"], ">=", GOAL["kafka_faster"]),
        ("Kafka: as fast as Quix Streams, times", landing["faster_than_quix"], ">=", GOAL["kafka_faster"]),
        ("Kafka: visible, s, p99", fresh["freshness_p99"], "<=", GOAL["kafka_freshness_p99"]),
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
    parser.add_argument("--quick", action="store_true", help="smaller sizes, about five minutes")
    sizes = QUICK if parser.parse_args().quick else Sizes()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(sizes, folder)
        report: Figures = {"sizes": asdict(sizes), "processors": os.cpu_count(), "load": os.getloadavg()}
        questions = (bench.throughput, bench.living, bench.stored, bench.growth, bench.quality)
        report |= {question.__name__: question() for question in questions}
        with clustered(bench) as grown:
            report["kafka"] = grown.kafka()
    report["peak_mib"] = bench.peaks
    table = table_of("Goals", "", "reached", "goal", "met")
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
