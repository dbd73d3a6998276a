"""The measures, each run in a process of its own: `python -m tests.bench.measures NAME '{"argument": 1}'`.

Decides what is timed: never the making of the load, nor the opening of the store. Prints one line of JSON.
"""

from __future__ import annotations

import json
import math
import resource
import statistics
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.catalogue import Catalogue, load
from sinks.duckdb.digest import digest
from sinks.duckdb.rebuild import rebuild
from sinks.duckdb.stage import arrive
from sinks.duckdb.store import Store
from streams.core.identify import identify
from streams.core.model import Batch, Reading
from streams.core.normalise import normalise
from streams.core.read import unframe_all
from streams.core.writers import Writer, writer_of
from streams.log.sqlite import SqliteLog
from streams.pipeline import Pipeline, drain, uncollected, utc_now
from streams.registry.sqlite import SqliteRegistry
from streams.sources.synthetic import QUALITY, Truth, pairwise
from tests.bench.api import lookups
from tests.bench.dividing import DIVIDING
from tests.bench.kafka import KAFKA
from tests.bench.living import LIVING
from tests.bench.pipe import append, by_ours, keep
from tests.bench.timing import Watch, land_in_turn, profiled, rates
from tests.bench.workload import STORE, decoded_views, log_shop, log_views, opened

MIB = 1024
Figures = dict[str, Any]


def make_log(log: str, events: int, people: int) -> Figures:
    """The log that the measures of throughput read."""
    log_views(Path(log), events, people)
    return {"bytes": Path(log).stat().st_size}


def live(folder: str, log: str, batch: int) -> Figures:
    """The whole pipeline, from a log to the end of the last commit."""
    with opened(folder) as store, SqliteLog(log) as source, SqliteRegistry(log) as registry:
        pipeline = Pipeline(store, registry)
        with Watch() as watch:
            landed = sum(landing.landed for landing in drain(pipeline, source, utc_now, batch_size=batch))
        return rates(watch, landed) | {"digest": digest(store.database, store.catalogue).identities}


def bare(folder: str, log: str, batch: int) -> Figures:
    """The same log, polled, decoded and appended to the same tables with positions, and no rules at all."""
    with opened(folder) as store, SqliteLog(log) as source, SqliteRegistry(log) as registry:
        writers: dict[int, Writer] = {}
        landed = 0
        with Watch() as watch, uncollected():
            while (one := source.poll(store.positions(source.id), batch)).records:
                for schema_id in unframe_all(one)[0].keys() - writers.keys():
                    writers[schema_id] = writer_of(schema_id, registry.fetch(schema_id))
                with store.database.transaction():
                    landed += _append(store, one, writers, landed)
        return rates(watch, landed)


def _append(store: Store, batch: Batch, writers: dict[int, Writer], landed: int) -> int:
    arrival, count = arrive(batch.records, landed), 0
    for schema_id, framed in unframe_all(batch)[0].items():
        rows = pa.array(framed.records)
        count += append(
            store, writers[schema_id], by_ours(writers[schema_id], framed.bodies),
            arrival.received_at.take(rows), pa.array(arrival.seq).take(rows),
        )  # fmt: skip
    keep(store, batch.log_id, batch.positions)
    return count


def growth(folder: str, sizes: list[int], people_at: tuple[int, int], batch: int) -> Figures:
    """What a batch costs when so many events are stored: the median of the three batches beyond each size.

    From decoded columns on: what comes before does not know how much is stored.
    """
    costs: list[Watch] = []
    with opened(folder) as store:
        landed_at = utc_now()
        for one in decoded_views(math.ceil(sizes[-1] / batch) + 3, batch, people_at):
            landed_at += timedelta(seconds=1)
            with Watch() as watch, uncollected():
                named = identify(one.tables, batch, store.naming)
                store.commit(one.batch, Reading(one.tables), named, landed_at)
            costs.append(watch)
        nodes = store.database.value("SELECT count(*) FROM identity.node")
    points = []
    for size in sizes:
        last = costs[math.ceil(size / batch) :][:3]
        points.append(
            {
                "events": size,
                "wall_us": statistics.median(one.wall for one in last) / batch * 1e6,
                "cpu_us": statistics.median(one.cpu for one in last) / batch * 1e6,
            }
        )
    return {"points": points, "nodes": nodes}


def rebuilt(folder: str, log: str, batch: int) -> Figures:
    """A rebuild of what the same process has just landed, its checks included, against that landing."""
    landing = live(folder, log, batch)
    with Watch() as watch, uncollected():
        rebuild(Path(folder) / STORE, load(), lambda _done, _all: None)
    figures = rates(watch, landing["events"])
    ratios = {f"ratio_{key}": figures[key] / landing[key] for key in ("wall_us", "cpu_us")}
    return figures | ratios


def profile(folder: str, log: str, batch: int) -> Figures:
    """Microseconds of the wall and of the processors by step and by SQL file, one step after the other."""
    with opened(folder) as store, SqliteLog(log) as source, SqliteRegistry(log) as registry:
        pipeline = Pipeline(store, registry)
        with profiled() as clock, Watch() as watch, uncollected():
            landed = land_in_turn(pipeline, source, batch)
    return rates(watch, landed) | clock.told(watch, landed)


def quality(folder: str, seed: int, people: int, events: int) -> Figures:
    """How well customers match people, and how well plain connected components would.

    `edges` are those of the edges that the rules weigh, `named` those of all that any event names together,
    values that identify nobody and other people's included.
    """
    log = Path(folder) / f"shop{seed}.log"
    truth = log_shop(log, replace(QUALITY, seed=seed, people=people, events=events))
    with opened(folder) as store, SqliteLog(log) as source, SqliteRegistry(log) as registry:
        for _ in drain(Pipeline(store, registry), source, utc_now):
            pass
        rows = store.database.rows(
            "SELECT kind, value, node, customer FROM identity.node"
            " JOIN identity.identifier USING (node, kind)"
        )
        edges = store.database.rows("SELECT a, b FROM identity.edge")
        named = store.database.rows(
            "SELECT DISTINCT nodes[1], other FROM ops.event, UNNEST(nodes[2:]) AS u(other)"
        )
        owners = _normalised(truth, store.catalogue)
    guesses = {"rules": {(kind, value): customer for kind, value, _, customer in rows}}
    for name, pairs in (("edges", edges), ("named", named)):
        component = _components(pairs)
        guesses[name] = {(kind, value): component.get(node, node) for kind, value, node, _ in rows}
    return {name: pairwise(owners, guess)._asdict() for name, guess in guesses.items()}


def _normalised(truth: Truth, catalogue: Catalogue) -> dict[tuple[str, str], int | None]:
    """The owners of identifiers as the store writes them, without those that may identify nobody."""
    owners = {}
    for (kind, raw), owner in truth.owners.items():
        value, blocked = normalise(catalogue.kinds[kind], raw)
        if not blocked:
            owners[kind, value] = owner
    return owners


def _components(edges: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """For each node a node that names everything that any edges connect it with."""
    parent: dict[Any, Any] = {}

    def find(node: Any) -> Any:
        while parent.setdefault(node, node) != node:
            parent[node] = node = parent[parent[node]]
        return node

    for a, b in edges:
        parent[find(a)] = find(b)
    return {node: find(node) for node in list(parent)}


OWN: tuple[Callable[..., Figures], ...] = (make_log, live, bare, rebuilt, growth, profile, quality)
MEASURES = {measure.__name__: measure for measure in (*OWN, *LIVING, *KAFKA, *DIVIDING, lookups)}


def main() -> None:
    """Runs one measure and prints its figures, with the most memory that it took."""
    name, arguments = sys.argv[1:]
    figures = MEASURES[name](**json.loads(arguments))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    print(json.dumps({"peak_mib": peak} | figures))


if __name__ == "__main__":
    main()
