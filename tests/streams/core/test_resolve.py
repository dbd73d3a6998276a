"""Who belongs together: against a slow reference, and every reason for which a union is refused."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.identifiers import Kind
from streams.core.resolve import DAY, Graph, Resolution, order_edges, resolve
from tests.reference import Facts, Name, Pair, Solution, pair, solve

KINDS = {
    kind.name: kind
    for kind in (
        Kind("login", 10, "", person=True, limit=1),
        Kind("mail", 20, "", person=True, limit=2),
        Kind("contact", 30, "", limit=4),
        Kind("device", 40, "", limit=5, window_limit=2, window_days=7),
        Kind("order", 50, ""),
    )
}
NAMES = [(kind, f"{number}") for kind in KINDS for number in range(4)]
names = st.sampled_from(NAMES)
pairs = st.tuples(names, names).filter(lambda ends: ends[0] != ends[1]).map(lambda ends: pair(*ends))
days = st.integers(0, 12).map(lambda half: half * DAY // 2)


@st.composite
def worlds(draw: st.DrawFn) -> Facts:
    """Nodes, edges and verdicts: small, crowded, with many ties of strength and time."""
    edges = draw(st.dictionaries(pairs, st.tuples(days, st.integers(0, 3)), max_size=30))
    verdicts = draw(st.dictionaries(pairs, st.sampled_from(["must", "cannot"]), max_size=5))
    ends = {name for both in (*edges, *verdicts) for name in both} | draw(st.sets(names, max_size=3))
    nodes = {name: (draw(days), 0, 0) for name in sorted(ends)}
    return Facts(nodes, edges, verdicts)


def graph_of(facts: Facts, rows: list[Name], copies: int = 1, chance: Random | None = None) -> Graph:
    """Facts as columns, nodes in the order of `rows`, edges and verdicts in any order and direction."""
    chance = chance or Random(0)
    row = {name: at for at, name in enumerate(rows)}
    ranked = sorted(rows, key=lambda name: (KINDS[name[0]].rank, name[1]))
    edges = [(*chance.sample([row[a], row[b]], 2), strength, first)
             for (a, b), (first, strength) in list(facts.edges.items()) * copies]  # fmt: skip
    links = [(row[a], row[b], verdict) for (a, b), verdict in facts.verdicts.items()]
    chance.shuffle(edges)
    chance.shuffle(links)
    columns = np.array(edges, dtype=np.int64).reshape(-1, 4).T
    return Graph(
        kinds=[kind for kind, _ in rows],
        order=np.array([ranked.index(name) for name in rows], dtype=np.int64),
        first_seen=np.array([facts.nodes[name][0] for name in rows], dtype=np.int64),
        edges=dict(zip(("a", "b", "strength", "first_seen"), columns, strict=True)),
        constraints=links,
    )


def solution(facts: Facts, rows: list[Name], graph: Graph, found: Resolution) -> Solution:
    """What was decided, in names."""
    ends = zip(graph.edges["a"].tolist(), graph.edges["b"].tolist(), strict=True)
    return Solution(
        {name: rows[found.customer[at]] for at, name in enumerate(rows)},
        {pair(rows[a], rows[b]): why for (a, b), why in zip(ends, found.outcomes, strict=True)},
        {pair(rows[a], rows[b]): why
         for (a, b, _), why in zip(graph.constraints, found.constraint_outcomes, strict=True)},
        dict.fromkeys(facts.nodes, -1),
    )  # fmt: skip


def decide(facts: Facts, kinds: Mapping[str, Kind] = KINDS) -> Solution:
    """The answer of `resolve` in names."""
    rows = list(facts.nodes)
    graph = graph_of(facts, rows)
    return solution(facts, rows, graph, resolve(graph, kinds))


def world(*edges: tuple[Name, Name, int], verdicts: Mapping[Pair, str] | None = None) -> Facts:
    """A world of edges (one, other, strength), first seen in the order given."""
    facts = Facts(verdicts={pair(*ends): verdict for ends, verdict in (verdicts or {}).items()})
    for at, (one, other, strength) in enumerate(edges):
        facts.edges[pair(one, other)] = at, strength
    for both in (*facts.edges, *facts.verdicts):
        for name in both:
            facts.nodes[name] = 0, 0, 0
    return facts


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_it_decides_as_the_slow_reference_does(facts: Facts) -> None:
    assert decide(facts) == solve(facts, KINDS)


@settings(max_examples=150, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_direction_of_edges_are_nothing(facts: Facts, chance: Random) -> None:
    rows = chance.sample(list(facts.nodes), len(facts.nodes))
    graph = graph_of(facts, rows, chance=chance)
    assert solution(facts, rows, graph, resolve(graph, KINDS)) == decide(facts)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_an_edge_twice_joins_nothing_else(facts: Facts, chance: Random) -> None:
    rows = list(facts.nodes)
    twice = graph_of(facts, rows, copies=2, chance=chance)
    assert resolve(twice, KINDS).customer.tolist() == resolve(graph_of(facts, rows), KINDS).customer.tolist()


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_components_are_decided_alone_as_they_are_together(facts: Facts) -> None:
    rows = list(facts.nodes)
    graph = graph_of(facts, rows)
    found = resolve(graph, KINDS)
    whole = solution(facts, rows, graph, found)
    parts: dict[int, list[Name]] = {}
    for name, component in zip(rows, found.component.tolist(), strict=True):
        parts.setdefault(component, []).append(name)
    for component, members in parts.items():
        inside = set(members)
        part = decide(
            Facts(
                {name: facts.nodes[name] for name in members},
                {both: said for both, said in facts.edges.items() if set(both) <= inside},
                {both: said for both, said in facts.verdicts.items() if set(both) <= inside},
            )
        )
        assert rows[component] == min(members, key=lambda name: (KINDS[name[0]].rank, name[1]))
        assert part.customer == {name: whole.customer[name] for name in members}
        assert part.edges == {both: why for both, why in whole.edges.items() if set(both) <= inside}
        assert all(whole.verdicts[both] == why for both, why in part.verdicts.items())


@settings(max_examples=100, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_edges_have_one_order(facts: Facts, chance: Random) -> None:
    def sequence(graph: Graph, rows: list[Name]) -> list[Pair]:
        at = order_edges(graph, KINDS)
        ends = zip(graph.edges["a"][at].tolist(), graph.edges["b"][at].tolist(), strict=True)
        return [pair(rows[a], rows[b]) for a, b in ends]

    rows = list(facts.nodes)
    shuffled = chance.sample(rows, len(rows))
    assert sequence(graph_of(facts, rows), rows) == sequence(
        graph_of(facts, shuffled, chance=chance), shuffled
    )


LOGIN, OTHER = ("login", "0"), ("login", "1")
MAIL, DEVICE, ORDER = ("mail", "0"), ("device", "0"), ("order", "0")


def test_nothing_decides_nothing() -> None:
    assert decide(Facts()) == Solution({}, {}, {}, {})


def test_the_weaker_of_two_edges_that_break_a_limit_is_refused() -> None:
    found = decide(world((LOGIN, MAIL, 1), (OTHER, MAIL, 2)))
    assert found.edges == {pair(LOGIN, MAIL): "limit:login", pair(OTHER, MAIL): "joined"}
    assert found.customer == {LOGIN: LOGIN, OTHER: OTHER, MAIL: OTHER}


def test_of_equals_the_one_seen_first_holds() -> None:
    found = decide(world((OTHER, MAIL, 2), (LOGIN, MAIL, 2)))
    assert found.edges == {pair(OTHER, MAIL): "joined", pair(LOGIN, MAIL): "limit:login"}


def test_a_limit_counts_only_what_both_sides_hold() -> None:
    """Must-links have made a customer of two logins; a mail without one may still join it."""
    facts = world((LOGIN, MAIL, 2), verdicts={pair(LOGIN, OTHER): "must"})
    assert decide(facts).edges == {pair(LOGIN, MAIL): "joined"}


def test_must_is_exempt_from_limits_and_from_the_browser_rule() -> None:
    found = decide(world((LOGIN, OTHER, 0), verdicts={pair(LOGIN, OTHER): "must"}))
    assert found.verdicts == {pair(LOGIN, OTHER): "joined"}
    assert found.edges == {pair(LOGIN, OTHER): "within"}


def test_must_yields_to_cannot_in_whatever_way_they_meet() -> None:
    facts = world(
        verdicts={pair(LOGIN, MAIL): "must", pair(OTHER, MAIL): "must", pair(LOGIN, OTHER): "cannot"}
    )
    found = decide(facts)
    assert found.verdicts == {
        pair(LOGIN, MAIL): "joined", pair(OTHER, MAIL): "cannot", pair(LOGIN, OTHER): "cannot"
    }  # fmt: skip


def test_cannot_holds_through_others() -> None:
    facts = world((LOGIN, ORDER, 3), (MAIL, ORDER, 2), verdicts={pair(LOGIN, MAIL): "cannot"})
    assert decide(facts).edges == {pair(LOGIN, ORDER): "joined", pair(MAIL, ORDER): "cannot"}


@pytest.mark.parametrize(("strength", "outcome"), [(0, "browser"), (1, "joined")])
def test_a_browser_alone_joins_no_two_people(strength: int, outcome: str) -> None:
    assert decide(world((LOGIN, MAIL, strength))).edges == {pair(LOGIN, MAIL): outcome}


def test_a_browser_adopts_what_is_nobodys() -> None:
    found = decide(world((DEVICE, MAIL, 0), (DEVICE, LOGIN, 0)))
    assert found.edges == {pair(DEVICE, LOGIN): "joined", pair(DEVICE, MAIL): "browser"}


@pytest.mark.parametrize(
    ("apart", "outcome"), [(7 * DAY, "window:device"), (7 * DAY + 1, "joined")], ids=["within", "beyond"]
)
def test_a_windowed_limit_slides_and_includes_its_end(apart: int, outcome: str) -> None:
    """Two may first appear in seven days: of three the last is refused, unless it came an instant later."""
    devices = [("device", f"{at}") for at in range(3)]
    facts = world(*((LOGIN, device, 2) for device in devices))
    for device, seen in zip(devices, (0, 3 * DAY, apart), strict=True):
        facts.nodes[device] = seen, 0, 0
    assert decide(facts).edges[pair(LOGIN, devices[2])] == outcome


def test_a_windowed_limit_bounds_a_span_not_the_whole() -> None:
    devices = [("device", f"{at}") for at in range(4)]
    facts = world(*((LOGIN, device, 2) for device in devices))
    for at, device in enumerate(devices):
        facts.nodes[device] = at * 4 * DAY, 0, 0
    assert set(decide(facts).edges.values()) == {"joined"}


def test_several_reasons_give_the_first_by_name() -> None:
    kinds = {name: KINDS[name] for name in ("login", "mail")} | {"mail": Kind("mail", 20, "", limit=1)}
    facts = world(
        (LOGIN, ("mail", "1"), 3), (OTHER, ("mail", "2"), 3), (("mail", "1"), ("mail", "2"), 2)
    )  # fmt: skip
    assert decide(facts, kinds).edges[pair(("mail", "1"), ("mail", "2"))] == "limit:login"
