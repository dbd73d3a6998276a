"""The tables of `make bench` on a real Kafka: the worker against a bare pipe and against other frameworks.

Decides which candidates read the one topic: in turn, so that what disturbs the machine disturbs all alike.
Must never judge them.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.tables import Bench, Figures, table_of
from tests.cluster.broker import Broker
from tests.cluster.registry import Registry

JAVA = ("-Xms512m", "-Xmx512m")  # compiled as well as in production, other than in tests
RATES = ("wall_us", "cpu_us")


class Candidate(NamedTuple):
    """Who reads the topic: a measure and its arguments. `always`: in every repeat, not the first alone."""

    label: str
    measure: str
    arguments: dict[str, Any]
    always: bool = True


CANDIDATES = {
    "worker": Candidate("rundum worker", "worker", {}),
    "quiet": Candidate("rundum worker without outbox", "worker", {"outbox": False}),
    "bare": Candidate("bare pipe, our decoder", "piped", {"decoder": "ours"}),
    "bare_fastavro": Candidate("bare pipe, fastavro", "piped", {"decoder": "fastavro"}),
    "quix": Candidate("Quix Streams: decode, count by customer", "rival", {"framework": "quix_count"}),
    "faust": Candidate("Faust agent: decode only", "rival", {"framework": "faust_agent"}, always=False),
}


class Clustered:
    """What a bench asks of a broker and a registry of its own."""

    def __init__(self, bench: Bench, cluster: tuple[str, str]) -> None:
        """`cluster` is where the broker and the registry answer."""
        self.bench = bench
        self._common = {"folder": bench.folder, "cluster": cluster}

    def kafka(self) -> Figures:
        """All questions; the first one makes the topic."""
        sizes = self.bench.sizes
        made = self.bench.measure(
            "appended", "append to Kafka", events=sizes.topic, people=sizes.topic_people, **self._common
        )
        return {
            "appended": made,
            "landing": self.landing(made),
            "stages": self.stages(),
            "fresh": self.fresh(),
        }

    def landing(self, made: Figures) -> Figures:
        """From the topic to committed rows, or to an event that was handled, start-up left out for all."""
        sizes = self.bench.sizes
        runs: dict[str, list[Figures]] = {name: [] for name in CANDIDATES}
        for repeat in range(sizes.repeats):
            for name, one in CANDIDATES.items():
                if one.always or not repeat:
                    arguments = {"events": sizes.topic, **one.arguments, **self._common}
                    runs[name].append(self.bench.measure(one.measure, one.label, **arguments))
        found: Figures = {
            name: {key: statistics.median(run[key] for run in of) for key in of[0]}
            for name, of in runs.items()
        }
        table = table_of(
            f"Kafka: {sizes.topic:,} page views of {made['bytes']:.0f} bytes, 4 partitions, lz4",
            "", "events/s", "µs/event", "CPU µs/event", "ours takes, times", "CPU",
        )  # fmt: skip
        for name, one in CANDIDATES.items():
            wall, cpu = (found[name][key] for key in RATES)
            times = [found["worker"][key] / found[name][key] for key in RATES]
            table.add_row(one.label, f"{1e6 / wall:,.0f}", f"{wall:.1f}", f"{cpu:.1f}",
                          *(f"{one:.2f}" for one in times))  # fmt: skip
        table.add_row("append, acknowledged by all replicas", f"{made['events_per_second']:,.0f}")
        self.bench.console.print(table)
        ours = found["worker"]["wall_us"]
        return found | {
            "ratio": ours / found["bare"]["wall_us"],
            "ratio_fastavro": ours / found["bare_fastavro"]["wall_us"],
            "outbox": ours / found["quiet"]["wall_us"],
            "faster_than_quix": found["quix"]["wall_us"] / ours,
            "faster_than_faust": found["faust"]["wall_us"] / ours,
        }

    def stages(self) -> Figures:
        """Where the time goes between the topic and the commit."""
        figures = self.bench.measure("stages", "profile on Kafka", **self._common)
        table = table_of("Kafka: profile by step", "", "µs/event", "CPU µs/event")
        for name, (wall, cpu) in figures["steps"].items():
            table.add_row(name, f"{wall:.2f}", f"{cpu:.2f}")
        self.bench.console.print(table)
        return figures

    def fresh(self) -> Figures:
        """How soon what is produced can be read through the worker's door."""
        sizes = self.bench.sizes
        figures = self.bench.measure(
            "fresh", "worker beside many customers", customers=sizes.customers, rate=sizes.rate,
            seconds=sizes.seconds, **self._common,
        )  # fmt: skip
        table = table_of(
            f"Kafka: from produced to queryable, {sizes.customers:,} customers stored",
            "events/s", "visible, s, p50", "p99", "s to ask, p50",
        )  # fmt: skip
        keys = ("freshness_p50", "freshness_p99", "trip_p50")
        table.add_row(f"{figures['appended_per_second']:,.0f}", *(f"{figures[key]:.2f}" for key in keys))
        self.bench.console.print(table)
        return figures


@contextmanager
def clustered(bench: Bench) -> Iterator[Clustered]:
    """A broker and a registry for one run. Raises Unavailable if this machine cannot start them."""
    folder = Path(bench.folder)
    with Broker(folder / "kafka", java=JAVA) as broker, Registry(folder / "registry") as registry:
        yield Clustered(bench, (broker.address, registry.url))
