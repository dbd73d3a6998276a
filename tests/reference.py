"""Who is who, slowly: DESIGN section 6 word for word, without SQL, arrays or cleverness.

Identifiers are pairs (kind, normalised value). What the pipeline derives must equal what comes out here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from schemas.catalogue import Catalogue, EventType
from schemas.identifiers import Kind
from schemas.meanings import ITEMS, Path
from streams.core.normalise import normalise

Name = tuple[str, str]
Pair = tuple[Name, Name]
Group = frozenset[Name]
DAY = 86_400_000_000


@dataclass
class Facts:
    """Commutative facts. Pairs are sorted; times are microseconds.

    `nodes`: (first, last, events anchored); `edges`: (first, strength); `verdicts`: must, cannot or none.
    """

    nodes: dict[Name, tuple[int, int, int]] = field(default_factory=dict)
    edges: dict[Pair, tuple[int, int]] = field(default_factory=dict)
    verdicts: dict[Pair, str] = field(default_factory=dict)


@dataclass
class Solution:
    """For each identifier its canonical one; for each edge and verdict what came of it; hubs by level."""

    customer: dict[Name, Name]
    edges: dict[Pair, str]
    verdicts: dict[Pair, str]
    hubs: dict[Name, int]


def pair(one: Name, other: Name) -> Pair:
    """A pair without direction."""
    return (one, other) if one < other else (other, one)


class Groups:
    """Who is together so far, and who must not be."""

    def __init__(self, names: Iterable[Name], enemies: Iterable[Pair]) -> None:
        self.of = {name: frozenset([name]) for name in names}
        self.enemies = list(enemies)

    def try_union(self, both: Pair, why_not: Callable[[Group, Group], str | None]) -> str:
        """`joined`, `within`, `cannot`, or what speaks against it."""
        one, other = self.of[both[0]], self.of[both[1]]
        if one == other:
            return "within"
        if any((a in one and b in other) or (a in other and b in one) for a, b in self.enemies):
            return "cannot"
        if why := why_not(one, other):
            return why
        for name in one | other:
            self.of[name] = one | other
        return "joined"


def solve(facts: Facts, kinds: Mapping[str, Kind]) -> Solution:
    """Hubs, then Kruskal with constraints over a total order of facts."""

    def order(name: Name) -> tuple[int, str]:
        return kinds[name[0]].rank, name[1]

    def sorted_ends(both: Pair) -> list[tuple[int, str]]:
        return sorted(map(order, both))

    def strongest_first(both: Pair) -> Any:
        first, strength = facts.edges[both]
        ranks = [kinds[kind].rank for kind, _ in both]
        return -strength, sum(ranks), max(ranks), first, sorted_ends(both)

    hubs = {name: hub_level(name, facts, kinds) for name in facts.nodes}
    verdicts = {
        both: verdict if verdict != "none" and all(name in facts.nodes for name in both) else "absent"
        for both, verdict in facts.verdicts.items()
    }
    groups = Groups(facts.nodes, [both for both, verdict in verdicts.items() if verdict == "cannot"])
    for both in sorted((both for both, verdict in verdicts.items() if verdict == "must"), key=sorted_ends):
        verdicts[both] = groups.try_union(both, lambda *_: None)
    outcomes: dict[Pair, str] = {}
    for both in sorted(facts.edges, key=strongest_first):
        strength = facts.edges[both][1]
        if strength <= max(hubs[name] for name in both):
            outcomes[both] = "hub"
        else:
            outcomes[both] = groups.try_union(both, partial(refusal, strength, facts, kinds))
    customer = {name: min(group, key=order) for name, group in groups.of.items()}
    return Solution(customer, outcomes, verdicts, hubs)


def hub_level(name: Name, facts: Facts, kinds: Mapping[str, Kind]) -> int:
    """The greatest strength s at which too many neighbours of one stronger person kind hang on a node."""
    mine = kinds[name[0]]
    if mine.hub is None:
        return -1
    for strength in (3, 2, 1, 0):
        near = [
            (set(both) - {name}).pop()
            for both, (_, known) in facts.edges.items()
            if name in both and known >= strength
        ]
        for kind in kinds.values():
            if kind.person and kind.rank < mine.rank and sum(k == kind.name for k, _ in near) > mine.hub:
                return strength
    return -1


def refusal(strength: int, facts: Facts, kinds: Mapping[str, Kind], one: Group, other: Group) -> str | None:
    """Why two groups may not be joined, cannot-links aside."""
    if strength == 0 and all(any(kinds[kind].person for kind, _ in group) for group in (one, other)):
        return "browser"
    reasons = []
    for kind in kinds.values():
        held = [[name for name in group if name[0] == kind.name] for group in (one, other)]
        if not all(held):
            continue
        together = held[0] + held[1]
        if kind.limit is not None and len(together) > kind.limit:
            reasons.append(f"limit:{kind.name}")
        if kind.window_limit is not None and kind.window_days is not None:
            times = [facts.nodes[name][0] for name in together]
            for start in times:
                inside = [time for time in times if start <= time <= start + kind.window_days * DAY]
                if len(inside) > kind.window_limit:
                    reasons.append(f"window:{kind.name}")
    return min(reasons, default=None)


def values_at(datum: Any, path: Path) -> Iterator[Any]:
    """Every value of a field, lists laid flat; nothing where it is null."""
    if datum is None:
        return
    if not path:
        yield datum
    elif path[0] == ITEMS:
        for item in datum:
            yield from values_at(item, path[1:])
    else:
        yield from values_at(datum[path[0]], path[1:])


@dataclass(frozen=True)
class Happened:
    """One event that counts: its contract, id, time and datum."""

    contract: EventType
    event_id: str
    at: int
    datum: Mapping[str, Any]

    def names(self, meaning: str, catalogue: Catalogue) -> Iterator[tuple[Name, int, str | None]]:
        """(identifier, strength, why blocked) of every field of a meaning."""
        for mark in self.contract.marks:
            if mark.meaning != meaning:
                continue
            kind_name = mark.name if mark.name != "*" else self.datum[mark.options["kind"][0]]
            strength = min(self.contract.source.trust, mark.options.get("strength", 3))
            for raw in values_at(self.datum, mark.path):
                value, blocked = normalise(catalogue.kinds[kind_name], raw)
                yield (kind_name, value), strength, blocked


def blocks(events: Iterable[Happened], catalogue: Catalogue) -> set[Name]:
    """Identifiers that people have blocked: the latest word about each."""
    word: dict[Name, tuple[int, str, bool]] = {}
    for event in events:
        if event.contract.name == "own/rundum/identifier_blocked":
            name = next(event.names("about", catalogue))[0]
            said = event.at, event.event_id, event.datum["blocked"]
            word[name] = max(word.get(name, said), said)
    return {name for name, (_, _, blocked) in word.items() if blocked}


def verdicts(events: Iterable[Happened], catalogue: Catalogue) -> dict[Pair, str]:
    """What people have decided about pairs: the latest word about each."""
    word: dict[Pair, tuple[int, str, str]] = {}
    for event in events:
        if event.contract.name == "own/rundum/identity_constrained":
            one, other = (name for name, _, _ in event.names("about", catalogue))
            if one != other:
                both = pair(one, other)
                said = event.at, event.event_id, event.datum["verdict"]
                word[both] = max(word.get(both, said), said)
    return {both: verdict for both, (_, _, verdict) in word.items()}


@dataclass
class World:
    """All that follows from a set of events."""

    facts: Facts
    anchors: dict[tuple[str, str], Name]
    measures: dict[tuple[Name, str, str], tuple[int, int]]
    traits: dict[tuple[Name, str, str, int], tuple[Any, ...]]
    consents: dict[tuple[Name, str, str], tuple[int, str, str]]


def derive(events: list[Happened], catalogue: Catalogue) -> World:
    """Facts and node state of events that count (conflicts decided), one event at a time."""
    blocked = blocks(events, catalogue)
    world = World(Facts(verdicts=verdicts(events, catalogue)), {}, {}, {}, {})
    for event in events:
        usable: dict[Name, int] = {}
        for name, strength, why in event.names("id", catalogue):
            if why is None and name not in blocked:
                usable[name] = max(usable.get(name, 0), strength)
        others = {
            name for name, _, why in event.names("other", catalogue) if why is None and name not in blocked
        }
        anchor = min(usable, key=lambda name: (catalogue.kinds[name[0]].rank, name[1]), default=None)
        for name in usable.keys() | others:
            first, last, count = world.facts.nodes.get(name, (event.at, event.at, 0))
            world.facts.nodes[name] = min(first, event.at), max(last, event.at), count + (name == anchor)
        _say_consents(world, event, blocked, catalogue)
        if anchor is None:
            continue
        world.anchors[event.contract.name, event.event_id] = anchor
        for name in usable.keys() - {anchor}:
            strength = min(usable[name], usable[anchor])
            first, known = world.facts.edges.get(pair(name, anchor), (event.at, strength))
            world.facts.edges[pair(name, anchor)] = min(first, event.at), max(known, strength)
        _say_state(world, event, anchor)
    return world


def _say_state(world: World, event: Happened, anchor: Name) -> None:
    source = event.contract.source.name
    for mark in event.contract.marked("measure"):
        for amount in values_at(event.datum, mark.path):
            unit = str(mark.options.get("unit"))
            if "currency" in mark.options:
                unit = next(values_at(event.datum, mark.options["currency"]))
            total, count = world.measures.get((anchor, mark.name, unit), (0, 0))
            total += amount * mark.options.get("sign", 1)
            world.measures[anchor, mark.name, unit] = total, count + 1
    for mark in event.contract.marked("trait"):
        strength = min(event.contract.source.trust, mark.options.get("strength", 3))
        for value in values_at(event.datum, mark.path):
            word = (event.at, 0, event.contract.name, event.event_id, str(value))
            place = anchor, mark.name, source, strength
            world.traits[place] = max(world.traits.get(place, word), word)


def _say_consents(world: World, event: Happened, blocked: set[Name], catalogue: Catalogue) -> None:
    for mark in event.contract.marked("consent"):
        strength = min(event.contract.source.trust, mark.options.get("strength", 3))
        told = [value for value in values_at(event.datum, mark.path) if value is not False]
        for value in told:
            purpose = value.lower() if mark.name == "*" else mark.name
            status = mark.options["status"]
            if strength == 0 and status != "withdrawn":
                status = "unproven"
            contact = next(
                other for other in event.contract.marks
                if other.path == mark.options["contact"] and other.meaning in ("id", "other", "about")
            )  # fmt: skip
            for raw in values_at(event.datum, contact.path):
                address, why = normalise(catalogue.kinds[contact.name], raw)
                if why is None and (contact.name, address) not in blocked:
                    place = (contact.name, address), purpose, status
                    word = event.at, event.contract.name, event.event_id
                    world.consents[place] = max(world.consents.get(place, word), word)
