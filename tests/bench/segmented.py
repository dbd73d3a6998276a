"""The tables of `make bench` on segments: beside landing, over all customers, and how soon a change is seen.

Decides what stands beside each other. Must never judge it.
"""

from __future__ import annotations

import statistics
from typing import Any, NamedTuple

from tests.bench.tables import Bench, Figures, table_of

SEGMENT, TRAIT = "segment", "trait"
WIDE = ("segment big_baskets", "segment rfm")  # those that look at all customers together
TIMES = ("wall", "cpu", "landed_seconds")


class Burden(NamedTuple):
    """What is defined while the shop's log lands."""

    label: str
    kinds: tuple[str, ...]


BURDENS = {
    "none": Burden("nothing defined", ()),
    "segments": Burden("twelve segments", (SEGMENT,)),
    "all": Burden("twelve segments, four traits", (TRAIT, SEGMENT)),
}


class Segmented:
    """What a bench asks of segments."""

    def __init__(self, bench: Bench) -> None:
        """Measures in the bench's folder."""
        self.bench = bench

    def segments(self) -> Figures:
        """All questions."""
        sizes = self.bench.sizes
        found: Figures = {"landing": self.landing(), "sweeps": {}}
        for customers in sizes.divided:
            found["sweeps"][str(customers)] = self.sweeps(customers)
            if customers == sizes.divided[0]:
                found["prompt"] = self.prompt(customers)
        found["served"] = self.served()
        return found

    def landing(self) -> Figures:
        """The shop's log until all has landed and segments have settled, by what is defined."""
        sizes, log = self.bench.sizes, f"{self.bench.folder}/divided.log"
        self.bench.measure("make_shop", "make the shop's log", log=log, events=sizes.shop)
        runs: dict[str, list[Figures]] = {name: [] for name in BURDENS}
        for _ in range(sizes.repeats):
            for name, one in BURDENS.items():
                arguments = {"folder": self.bench.folder, "log": log, "kinds": one.kinds}
                runs[name].append(self.bench.measure("beside_landing", f"landing, {one.label}", **arguments))
        table = table_of(
            f"Segments: {sizes.shop:,} events of the generated shop, until all is settled",
            "", "seconds", "CPU seconds", "all landed after", "ratio", "CPU",
        )  # fmt: skip
        found: Figures = {}
        for name, of in runs.items():
            row = found[name] = {key: statistics.median(run[key] for run in of) for key in TIMES}
            for key in ("wall", "cpu"):  # of neighbours, so that what disturbs the machine disturbs both
                pairs = zip(of, runs["none"], strict=True)
                row[f"ratio_{key}"] = statistics.median(one[key] / bare[key] for one, bare in pairs)
            row["changes"] = of[0]["changes"]
            cells = (
                *(f"{row[key]:.1f}" for key in TIMES),
                *(f"{row[f'ratio_{key}']:.2f}" for key in TIMES[:2]),
            )
            table.add_row(BURDENS[name].label, *cells)
        self.bench.console.print(table)
        return found

    def sweeps(self, customers: int) -> Figures:
        """A look at all of so many customers, by definition."""
        folder = self.bench.folder
        made = self.bench.measure(
            "filled", f"make {customers:,} customers", folder=folder, customers=customers
        )
        label = f"looks at {customers:,} customers"
        took: dict[str, Any] = self.bench.measure("swept", label, folder=folder)["definitions"]
        peak = self.bench.peaks[label]
        table = table_of(
            f"Segments: all of {customers:,} customers with {made['events']:,} events, {peak:,.0f} MiB",
            "", "seconds", "the first time", "CPU seconds", "members",
        )  # fmt: skip
        for name, row in took.items():
            seconds = (f"{row[key]:.2f}" for key in ("again", "first", "cpu"))
            table.add_row(name, *seconds, f"{row['members']:,}")
        whole = {key: sum(row[key] for row in took.values()) for key in ("again", "first", "cpu")}
        table.add_row("all", *(f"{seconds:.2f}" for seconds in whole.values()))
        self.bench.console.print(table)
        ordinary = [row for name, row in took.items() if name.startswith(SEGMENT) and name not in WIDE]
        return {
            "definitions": took,
            "all": whole,
            "slowest": max(row["again"] for row in ordinary),
            "peak_mib": peak,
            "made": made,
        }

    def prompt(self, customers: int) -> Figures:
        """How soon memberships follow what lands."""
        sizes = self.bench.sizes
        figures = self.bench.measure(
            "prompt", "memberships after what lands", folder=self.bench.folder, customers=customers,
            rate=sizes.rate, seconds=sizes.seconds,
        )  # fmt: skip
        table = table_of(
            f"Segments: from committed to looked at, {customers:,} customers stored",
            "events/s", "changes/s", "seconds, p50", "p99", "worst",
        )  # fmt: skip
        rates = (f"{figures[key]:,.0f}" for key in ("events_per_second", "changes_per_second"))
        shares = (f"{figures[f'freshness_{share}']:.2f}" for share in ("p50", "p99", "worst"))
        table.add_row(*rates, *shares)
        self.bench.console.print(table)
        return figures

    def served(self) -> Figures:
        """How long the API takes for one customer while the serving copy is written."""
        sizes = self.bench.sizes
        figures = self.bench.measure(
            "lookups", "the API beside its writer", folder=self.bench.folder, profiles=sizes.customers,
            rate=100, changed=1_000, seconds=sizes.seconds,
        )  # fmt: skip
        table = table_of(
            f"API: 100 requests a second, {sizes.customers:,} profiles, 1,000 of them written a second",
            "errors", "ms, p50", "p99", "worst",
        )  # fmt: skip
        times = (f"{figures[key]:.1f}" for key in ("p50_ms", "p99_ms", "worst_ms"))
        table.add_row(f"{figures['errors']:,}", *times)
        self.bench.console.print(table)
        return figures
