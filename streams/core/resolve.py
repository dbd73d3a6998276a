"""Who belongs together: the customers of whole components, decided from facts alone.

Decides every union and every refusal, by Kruskal's algorithm with constraints over a total order of edges.
Must never see a clock, an arrival order, or a part of a component.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.identifiers import Kind

Ints = npt.NDArray[np.int64]
DAY = 86_400_000_000

JOINED, WITHIN, CANNOT, BROWSER, ABSENT = "joined", "within", "cannot", "browser", "absent"
MUST, CANNOT_LINK = "must", "cannot"


@dataclass(frozen=True)
class Graph:
    """Whole raw components. Nodes are rows, 0 to n-1; their order of rows carries no meaning.

    `kinds`: the kind's name of each node; `order`: its place by (rank of kind, value), unique.
    `first_seen`: microseconds, per node. `edges`: columns a, b (rows of nodes), strength, first_seen.
    `constraints`: (a, b, verdict) with verdict must or cannot. Edges at hubs are left out by the caller.
    """

    kinds: Sequence[str]
    order: Ints
    first_seen: Ints
    edges: Mapping[str, Ints]
    constraints: Sequence[tuple[int, int, str]] = ()


@dataclass(frozen=True)
class Resolution:
    """What was decided.

    `component`: for each node the row that names its raw component (the least by order); `customer`: the row
    of the canonical node of its customer. `outcomes`: for each edge `joined`, `within` (its ends were already
    one), or why not: `limit:<kind>`, `window:<kind>`, `cannot`, `browser`. `constraint_outcomes` likewise.
    """

    component: Ints
    customer: Ints
    outcomes: Sequence[str]
    constraint_outcomes: Sequence[str]


class _Groups:
    """Union-find whose groups are named by their least node in the order."""

    def __init__(self, order: Ints) -> None:
        self.parent = list(range(len(order)))
        self.order: list[int] = order.tolist()

    def find(self, node: int) -> int:
        parent = self.parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def union(self, a: int, b: int) -> tuple[int, int]:
        """Join two roots; returns (the root that stays, the root that goes)."""
        stays, goes = (a, b) if self.order[a] < self.order[b] else (b, a)
        self.parent[goes] = stays
        return stays, goes

    def roots(self) -> Ints:
        return np.array([self.find(node) for node in range(len(self.parent))], dtype=np.int64)


class _Customers(_Groups):
    """Groups that know what they hold, and so can refuse to grow."""

    def __init__(self, graph: Graph, kinds: Mapping[str, Kind]) -> None:
        super().__init__(graph.order)
        self.held: dict[int, dict[str, list[int]]] = {}
        self.person: list[bool] = [kinds[name].person for name in graph.kinds]
        self.enemies: dict[int, set[int]] = {}
        self.bounded = {
            name: kind
            for name, kind in kinds.items()
            if kind.limit is not None or kind.window_limit is not None
        }
        seen = graph.first_seen.tolist()
        for node, name in enumerate(graph.kinds):
            if name in self.bounded:
                self.held[node] = {name: [seen[node]]}
        for a, b, verdict in graph.constraints:
            if verdict == CANNOT_LINK:
                self.enemies.setdefault(a, set()).add(b)
                self.enemies.setdefault(b, set()).add(a)

    def hostile(self, a: int, b: int) -> bool:
        """Whether a cannot-link joins the groups of two roots."""
        few, other = (a, b) if len(self.enemies.get(a, ())) <= len(self.enemies.get(b, ())) else (b, a)
        return any(self.find(enemy) == other for enemy in self.enemies.get(few, ()))

    def refusal(self, a: int, b: int, strength: int) -> str | None:
        """Why an edge of this strength may not join two roots, or None."""
        if self.enemies and self.hostile(a, b):
            return CANNOT
        if strength == 0 and self.person[a] and self.person[b]:
            return BROWSER
        left, right = self.held.get(a), self.held.get(b)
        if left and right:
            full = [self._overfull(name, left[name], right[name]) for name in left if name in right]
            return min((why for why in full if why), default=None)
        return None

    def _overfull(self, name: str, left: list[int], right: list[int]) -> str | None:
        kind = self.bounded[name]
        if kind.limit is not None and len(left) + len(right) > kind.limit:
            return f"limit:{name}"
        if kind.window_limit is not None and kind.window_days is not None:
            times = sorted(left + right)
            span, most = kind.window_days * DAY, kind.window_limit
            if any(late - early <= span for early, late in zip(times, times[most:], strict=False)):
                return f"window:{name}"
        return None

    def join(self, a: int, b: int) -> None:
        """Union of two roots with all that they hold."""
        stays, goes = self.union(a, b)
        self.person[stays] = self.person[stays] or self.person[goes]
        if goes in self.enemies:
            self.enemies.setdefault(stays, set()).update(self.enemies.pop(goes))
        gone = self.held.pop(goes, None)
        if gone:
            held = self.held.setdefault(stays, {})
            for name, times in gone.items():
                held[name] = held[name] + times if name in held else times


def resolve(graph: Graph, kinds: Mapping[str, Kind]) -> Resolution:
    """The customers of whole raw components; the same for every order of rows in `graph`."""
    raw, customers = _Groups(graph.order), _Customers(graph, kinds)
    constraint_outcomes = _join_musts(graph, raw, customers)
    outcomes = [JOINED] * len(graph.edges["a"])
    left, right = graph.edges["a"].tolist(), graph.edges["b"].tolist()
    strengths = graph.edges["strength"].tolist()
    for at in order_edges(graph, kinds).tolist():
        a, b = left[at], right[at]
        raw_a, raw_b = raw.find(a), raw.find(b)
        if raw_a != raw_b:
            raw.union(raw_a, raw_b)
        root_a, root_b = customers.find(a), customers.find(b)
        if root_a == root_b:
            outcomes[at] = WITHIN
        elif why := customers.refusal(root_a, root_b, strengths[at]):
            outcomes[at] = why
        else:
            customers.join(root_a, root_b)
    return Resolution(raw.roots(), customers.roots(), outcomes, constraint_outcomes)


def order_edges(graph: Graph, kinds: Mapping[str, Kind]) -> Ints:
    """The rows of the edges, strongest first: a total order made of the facts alone."""
    a, b = graph.edges["a"], graph.edges["b"]
    ranks = np.array([kinds[name].rank for name in graph.kinds], dtype=np.int64)
    rank_a, rank_b = ranks[a], ranks[b]
    near, far = np.minimum(graph.order[a], graph.order[b]), np.maximum(graph.order[a], graph.order[b])
    return np.lexsort(
        (far, near, graph.edges["first_seen"], np.maximum(rank_a, rank_b), rank_a + rank_b,
         -graph.edges["strength"])
    )  # fmt: skip


def _join_musts(graph: Graph, raw: _Groups, customers: _Customers) -> list[str]:
    """Must-links come first, in their own order: exempt from limits, not from cannot-links."""
    outcomes = [verdict for _, _, verdict in graph.constraints]
    order = graph.order

    def place(at: int) -> tuple[int, int]:
        a, b, _ = graph.constraints[at]
        return tuple(sorted((int(order[a]), int(order[b]))))  # type: ignore[return-value]

    for at in sorted((at for at, verdict in enumerate(outcomes) if verdict == MUST), key=place):
        a, b, _ = graph.constraints[at]
        if raw.find(a) != raw.find(b):
            raw.union(raw.find(a), raw.find(b))
        root_a, root_b = customers.find(a), customers.find(b)
        if root_a == root_b:
            outcomes[at] = WITHIN
        elif customers.enemies and customers.hostile(root_a, root_b):
            outcomes[at] = CANNOT
        else:
            customers.join(root_a, root_b)
            outcomes[at] = JOINED
    return outcomes
