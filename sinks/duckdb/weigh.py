"""Between the graph in the store and the pure rules of who belongs together.

Decides which components are loaded, and writes back what changed. Must never judge an edge itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.identifiers import Kind
from sinks.duckdb.database import Database
from streams.core.resolve import Graph, Resolution, resolve


def weigh(database: Database, kinds: Mapping[str, Kind]) -> None:
    """Decides again about every component that holds a node in the temporary table `touched`."""
    database.step("weigh_met")
    if not database.value("SELECT count(*) FROM touched"):
        return
    database.step("weigh_hubs")
    database.step("weigh_load")
    graph, edges, links = _load(database)
    save(database, graph, resolve(graph, kinds), edges, links)


def _load(database: Database) -> tuple[Graph, pa.Table, pa.Table]:
    fetch = database.connection.execute
    nodes = fetch("SELECT kind, epoch_us(first_seen) AS first_seen FROM loaded ORDER BY row").to_arrow_table()
    edges = fetch(
        "SELECT spot, a, b, strength::BIGINT AS strength, epoch_us(first_seen) AS first_seen, outcome"
        " FROM weighed WHERE NOT dropped"
    ).to_arrow_table()
    links = fetch(
        "SELECT one.row AS a, other.row AS b, link.verdict FROM identity.constraint AS link"
        " JOIN loaded AS one ON one.node = link.a JOIN loaded AS other ON other.node = link.b"
        " WHERE link.verdict <> 'none' ORDER BY ALL"
    ).to_arrow_table()
    graph = Graph(
        kinds=nodes.column("kind").to_pylist(),
        order=np.arange(len(nodes), dtype=np.int64),
        first_seen=nodes.column("first_seen").to_numpy(),
        edges={name: edges.column(name).to_numpy() for name in ("a", "b", "strength", "first_seen")},
        constraints=list(zip(*(links.column(c).to_pylist() for c in ("a", "b", "verdict")), strict=True)),
    )
    return graph, edges, links


def save(database: Database, graph: Graph, found: Resolution, edges: pa.Table, links: pa.Table) -> None:
    """Writes what differs from what the store holds."""
    outcomes = pa.table({"spot": edges.column("spot"), "outcome": pa.array(found.outcomes, pa.string())})
    changed = pc.not_equal(edges.column("outcome"), outcomes.column("outcome"))
    tables = {
        "arrow_solved": pa.table(
            {"row": graph.order, "component": found.component, "customer": found.customer}
        ),
        "arrow_outcome": outcomes.filter(changed),
        "arrow_link": links.drop_columns("verdict").append_column(
            "outcome", pa.array(found.constraint_outcomes, pa.string())
        ),
    }
    for name, table in tables.items():
        database.connection.register(name, table)
    database.step("weigh_save")
    for name in tables:
        database.connection.unregister(name)


def assign(database: Database, landed_at: datetime) -> None:
    """Keeps the history of whose each node was."""
    database.step("assign", landed_at=landed_at)
