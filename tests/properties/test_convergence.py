"""The same events give the same store: in any order, batching, partitioning, with copies and retractions.

And it is the right store: everything derived equals what a slow reference finds in the events that landed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sinks.duckdb.digest import digest
from sinks.duckdb.store import Store
from tests.feed import Said, batches_of, catalogue, check_books, land, land_whole, new_store
from tests.properties.shop import crowds, histories, resend
from tests.reference import Happened, Name, World, derive, pair, solve

MODEST = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """A naive UTC time in microseconds since 1970."""
    apart = moment.replace(tzinfo=UTC) - EPOCH
    return (apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds


def landed(store: Store) -> list[Happened]:
    """The events that count, read back from the typed tables."""
    found = []
    for contract in catalogue().events.values():
        columns = [*contract.arrow.names, "event_id", "occurred_at"]
        for row in store.database.rows(f"SELECT {', '.join(columns)} FROM {contract.table}"):
            datum: dict[str, Any] = dict(zip(columns, row, strict=True))
            found.append(Happened(contract, datum["event_id"], micros(datum["occurred_at"]), datum))
    return found


def texts_of(store: Store) -> dict[UUID, Name]:
    """Every identifier by its node."""
    rows = store.database.rows("SELECT node, kind, value FROM identity.identifier")
    return {node: (kind, value) for node, kind, value in rows}


def check_identities(store: Store, world: World) -> None:
    """Nodes, edges, constraints and their outcomes are those of the reference."""
    rows = store.database.rows
    texts = texts_of(store)
    found = solve(world.facts, catalogue().kinds)
    nodes = {
        texts[node]: ((micros(first), micros(last), events), hub, texts[customer])
        for node, first, last, events, hub, customer in rows(
            "SELECT node, first_seen, last_seen, events, hub, customer FROM identity.node"
        )
    }
    assert nodes == {
        name: (facts, found.hubs[name], found.customer[name]) for name, facts in world.facts.nodes.items()
    }
    edges = {
        pair(texts[a], texts[b]): (micros(first), strength, outcome)
        for a, b, first, strength, outcome in rows("FROM identity.edge")
    }
    assert edges == {both: (*facts, found.edges[both]) for both, facts in world.facts.edges.items()}
    links = {
        pair(texts[a], texts[b]): (verdict, outcome)
        for a, b, verdict, outcome in rows("SELECT a, b, verdict, outcome FROM identity.constraint")
    }
    assert links == {both: (verdict, found.verdicts[both]) for both, verdict in world.facts.verdicts.items()}


def check_profiles(store: Store, world: World) -> None:
    """The state of every node is that of the reference."""
    rows = store.database.rows
    texts = texts_of(store)
    measures = {(texts[node], name, unit): (total, events)
                for node, name, unit, total, events in rows("FROM profile.measure")}  # fmt: skip
    assert measures == world.measures
    traits = {
        (texts[node], trait, source, strength): (micros(at), sequence, event_type, event_id, value)
        for node, trait, source, value, strength, at, sequence, event_type, event_id in rows(
            "FROM profile.trait"
        )
    }
    assert traits == world.traits
    consents = {
        (texts[node], purpose, status): (micros(at), event_type, event_id)
        for node, purpose, status, at, event_type, event_id in rows("FROM profile.consent")
    }
    assert consents == world.consents
    anchors = {
        (event_type, event_id): texts[node]
        for event_type, event_id, node in rows(
            "SELECT event_type, event_id, node FROM ops.event WHERE node IS NOT NULL"
        )
    }
    assert anchors == world.anchors


def check_right(store: Store) -> None:
    """Everything derived follows from the events that landed."""
    world = derive(landed(store), catalogue())
    check_identities(store, world)
    check_profiles(store, world)
    apart = [
        f"SELECT typed.node FROM {event.table} AS typed JOIN ops.event AS spine USING (landed_seq)"
        " WHERE typed.node IS DISTINCT FROM spine.node"
        for event in catalogue().events.values()
    ]
    assert store.database.rows(" UNION ALL ".join(apart)) == []


def customers(store: Store) -> list[tuple[Any, ...]]:
    """What people read."""
    return store.database.rows("FROM customers ORDER BY customer_id")


@settings(MODEST, max_examples=16)
@given(histories(), st.randoms(use_true_random=False))
def test_any_delivery_of_the_same_events_gives_the_same_store(events: list[Said], chance: Random) -> None:
    check_delivery(events, chance)


@MODEST
@given(crowds, st.randoms(use_true_random=False))
def test_hubs_come_and_go_in_any_order(events: list[Said], chance: Random) -> None:
    check_delivery(events, chance)


def check_delivery(events: list[Said], chance: Random) -> None:
    """One clean batch, and the same events in any order, batching and partitioning with copies."""
    with new_store() as clean, new_store() as other:
        land_whole(clean, events)
        sent = resend(events, chance)
        land(other, batches_of(sent, chance))
        check_books(clean, len(events))
        check_books(other, len(sent))
        check_right(other)
        assert digest(other.database, catalogue()) == digest(clean.database, catalogue())
        assert customers(other) == customers(clean)
