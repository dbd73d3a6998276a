"""What a decision changed about who belongs together: the edges it can change kept before, compared after.

Decides what counts as a change: the customer of an identifier, the outcome of an edge. Must never cause one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sinks.duckdb.reader import Reader, Row


@dataclass(frozen=True)
class Changes:
    """What landed at one time, seen as differences.

    `nodes` are all identifiers of every customer that changed: kind, value, before, after (customers; None
    where it joins nobody). `edges`: kind_a, value_a, kind_b, value_b, before, after (outcomes or None).
    """

    nodes: list[Row]
    edges: list[Row]

    def customers(self, when: str) -> dict[str, list[Row]]:
        """The customers that changed, `before` or `after`, with their identifiers, strongest first."""
        found: dict[str, list[Row]] = {}
        for row in self.nodes:
            if row[when]:
                found.setdefault(row[when], []).append(row)
        return found


def edges_around(reader: Reader, nodes: Iterable[str | None]) -> list[Row]:
    """The edges that a decision about some identifiers can change; those without a node have none."""
    return reader.query("edges_around", nodes=[node for node in nodes if node])


def changes(reader: Reader, edges: list[Row], landed_at: datetime) -> Changes:
    """What landed at a time (UTC, no zone) changed, of some edges that were kept before."""
    nodes = {row[side] for row in edges for side in ("node_a", "node_b")}
    now = {(row["node_a"], row["node_b"]): row["outcome"] for row in edges_around(reader, nodes)}
    compared = (
        {**row, "before": row["outcome"], "after": now.get((row["node_a"], row["node_b"]))} for row in edges
    )
    return Changes(
        reader.query("changed_nodes", at=landed_at.isoformat()),
        [row for row in compared if row["before"] != row["after"]],
    )
