"""`make faults`: every fault of the Kafka worker at full size, by as many seeds as are wanted.

Decides the sizes, and what is shown. Prints a table, writes build/faults.json, ends with 1 if one failed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[3]))  # run as a script

from tests.cluster.broker import Broker
from tests.cluster.registry import Registry
from tests.cluster.shared import Cluster
from tests.faults.kafka import kills, losses, outages, strange
from tests.faults.kafka.scene import Outcome, shop
from tests.living import ROOT

REPORT = ROOT / "build" / "faults.json"
AWAY, PAUSED = 30.0, 60.0  # seconds
SHORTER, LONGER = 3, 5_000  # records of a topic that is made anew
JAVA = ("-Xmx512m", "-XX:+UseSerialGC")
Trial = Callable[[Path, Cluster, int], Outcome]


def trials(broker: Broker, registry: Registry) -> dict[str, Trial]:
    """Every fault by its name, at full size."""
    return {
        "kill -9, 20 times": lambda folder, served, seed: kills.killed_again_and_again(
            folder, served, seed, 300_000, 20
        ),
        "killed amid a commit": lambda folder, served, seed: kills.killed_amid_statements(
            folder, served, seed, 10_000, 20
        ),
        "killed amid a checkpoint": lambda folder, served, seed: kills.killed_in_checkpoints(
            folder, served, seed, 10_000, 20
        ),
        "paused beside a standby": lambda folder, served, seed: kills.paused_beside_a_standby(
            folder, served, seed, 10_000, PAUSED
        ),
        "broker restarted": partial(_outage, outages.broker_restarted, broker, AWAY),
        "broker killed": partial(_outage, outages.broker_killed, broker, AWAY),
        "broker paused": partial(_outage, outages.broker_paused, broker, PAUSED),
        "ended in an outage": lambda folder, served, seed: outages.ended_in_an_outage(
            folder, served, seed, broker
        ),
        "registry down at the start": lambda folder, served, seed: outages.registry_down_at_the_start(
            folder, served, seed, registry
        ),
        "registry down in mid-run": lambda folder, served, seed: outages.registry_down_in_mid_run(
            folder, served, seed, registry
        ),
        "poison": strange.poison,
        "schema known later": strange.known_later,
        "truncated": losses.truncated,
        "made anew, shorter": partial(losses.made_anew, count=SHORTER, running=False),
        "made anew, longer": partial(losses.made_anew, count=LONGER, running=False),
        "made anew, shorter, in mid-run": partial(losses.made_anew, count=SHORTER, running=True),
        "made anew, longer, in mid-run": partial(losses.made_anew, count=LONGER, running=True),
        "store lost": losses.store_lost,
    }


def _outage(
    fault: Callable[[Path, Cluster, int, Broker, float], Outcome],
    broker: Broker,
    seconds: float,
    *where: object,
) -> Outcome:
    folder, served, seed = where
    assert isinstance(folder, Path)
    assert isinstance(served, Cluster)
    assert isinstance(seed, int)
    return fault(folder, served, seed, broker, seconds)


def run(trial: Trial, folder: Path, served: Cluster, seed: int) -> tuple[Outcome | None, float]:
    """The outcome, None if it failed on the way; and how many seconds it took."""
    began = time.monotonic()
    try:
        return trial(folder, served, seed), time.monotonic() - began
    except Exception:
        traceback.print_exc()
        return None, time.monotonic() - began
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shop.cache_clear()


def row(name: str, seed: int, outcome: Outcome | None, seconds: float) -> list[str]:
    """A trial as it is shown."""
    if outcome is None:
        return [name, str(seed), *["-"] * 3, "FAILED", "FAILED", f"{seconds:.0f}"]
    yes = {True: "yes", False: "NO"}
    return [
        name, str(seed), f"{outcome.events:,}", str(outcome.restarts), f"{outcome.recovery:.1f}",
        yes[outcome.equal], yes[outcome.balanced], f"{seconds:.0f}",
    ]  # fmt: skip


def main() -> int:
    """Runs them, prints a table, writes the report."""
    parser = argparse.ArgumentParser("make faults", description=__doc__)
    parser.add_argument("seeds", type=int, nargs="?", default=20, help="how many times each fault is tried")
    parser.add_argument("--only", default="", metavar="WORD", help="faults whose name holds this word")
    said, console = parser.parse_args(), Console(width=130)
    keys = ["fault", "seed", "events", "workers", "recovery s", "digests equal", "books balanced", "took s"]
    table, report = Table(*keys, title="Faults of the Kafka worker", title_justify="left"), []
    with tempfile.TemporaryDirectory() as root, ExitStack() as stack:
        broker = stack.enter_context(Broker(Path(root) / "broker", java=JAVA))
        registry = stack.enter_context(Registry(Path(root) / "registry"))
        served = Cluster(broker.address, registry.url)
        chosen = {name: one for name, one in trials(broker, registry).items() if said.only in name}
        for seed in range(1, said.seeds + 1):
            for at, (name, trial) in enumerate(chosen.items()):
                outcome, seconds = run(trial, Path(root) / f"shop{seed}-{at}", served, seed)
                cells = row(name, seed, outcome, seconds)
                console.print(" · ".join(cells))
                table.add_row(*cells)
                told = asdict(outcome) if outcome else {}
                report.append({"fault": name, "seed": seed, "seconds": seconds, **told})
    console.print(table)
    failed = [one for one in report if not (one.get("equal") and one.get("balanced"))]
    console.print(f"{len(report) - len(failed)} of {len(report)} trials sound")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return 1 if failed or not report else 0


if __name__ == "__main__":
    sys.exit(main())
