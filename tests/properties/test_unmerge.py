"""Taking a join back gives what never joining would have given; taking that back gives the join again."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sinks.duckdb.sql import script
from sinks.duckdb.store import Store
from tests.feed import DAY, Said, batch_of, batches_of, land, land_whole, new_store, says
from tests.properties.shop import histories, orders, tellings
from tests.properties.test_convergence import MODEST, check_right
from tests.reference import Name

LATER = 100 * DAY


def constrain(event_id: str, at: int, one: Name, other: Name, verdict: str) -> Said:
    """A person's decision about two identifiers."""
    return says(
        "own/rundum/identity_constrained", event_id, at, left_kind=one[0], left_value=one[1],
        right_kind=other[0], right_value=other[1], verdict=verdict, reason="r", actor="a",
    )  # fmt: skip


def block(event_id: str, at: int, name: Name, blocked: bool) -> Said:
    """A person's decision about one identifier."""
    return says(
        "own/rundum/identifier_blocked", event_id, at, kind=name[0], value=name[1], blocked=blocked,
        reason="r", actor="a",
    )  # fmt: skip


def assignment(store: Store) -> dict[Any, Any]:
    """Whose every node is."""
    return dict(store.database.rows("SELECT node, customer FROM identity.node"))


def customers_by_name(store: Store) -> dict[Name, Any]:
    """Whose every identifier is."""
    sql = "SELECT kind, value, customer FROM identity.node JOIN identity.identifier USING (node, kind)"
    return {(kind, value): customer for kind, value, customer in store.database.rows(sql)}


def parts(store: Store) -> tuple[set[Any], set[Any]]:
    """What digests are made of, but for what people have decided."""
    rows = store.database.rows
    identities = {row for row in rows(script("digests", "identities").text) if row[0] in ("node", "edge")}
    return identities, set(rows(script("digests", "profiles").text))


def edges_between(store: Store) -> list[tuple[Name, Name]]:
    """Pairs that one edge alone holds together, so that forbidding it leaves two customers."""
    sql = """
        SELECT one.kind, one.value, other.kind, other.value
        FROM identity.edge AS edge
        JOIN identity.identifier AS one ON one.node = edge.a
        JOIN identity.identifier AS other ON other.node = edge.b
        WHERE outcome = 'joined' ORDER BY ALL"""
    return [((a, b), (c, d)) for a, b, c, d in store.database.rows(sql)]


@MODEST
@given(histories(25), st.randoms(use_true_random=False))
def test_withdrawing_a_verdict_gives_back_what_was(events: list[Said], chance: Random) -> None:
    """cannot or must, then none: everything is as before, to the byte."""
    with new_store() as store:
        land(store, batches_of(events, chance))
        before = parts(store), assignment(store)
        pairs = edges_between(store)
        assume(pairs)
        one, other = chance.choice(pairs)
        first = len(events) * 4
        land(store, [batch_of([constrain("x1", LATER, one, other, "cannot")], first)])
        check_right(store)
        whose = customers_by_name(store)
        assert whose[one] != whose[other]
        land(store, [batch_of([constrain("x2", LATER + 1, one, other, "none")], first + 1)])
        check_right(store)
        assert (parts(store), assignment(store)) == before


@MODEST
@given(histories(25), st.randoms(use_true_random=False))
def test_releasing_what_was_blocked_gives_back_what_was(events: list[Said], chance: Random) -> None:
    with new_store() as store:
        land(store, batches_of(events, chance))
        names = store.database.rows("SELECT kind, value FROM identity.identifier ANTI JOIN identity.block"
                                    " USING (node) ORDER BY ALL")  # fmt: skip
        assume(names)
        before = parts(store), assignment(store)
        name = chance.choice(names)
        first = len(events) * 4
        land(store, [batch_of([block("x1", LATER, name, True)], first)])
        check_right(store)
        assert name not in customers_by_name(store)
        land(store, [batch_of([block("x2", LATER + 1, name, False)], first + 1)])
        check_right(store)
        assert (parts(store), assignment(store)) == before


@st.composite
def strangers(draw: st.DrawFn) -> tuple[list[Said], list[Said], Said]:
    """Events of two people who share nothing, and one event that joins them: an order of both."""
    kinds = ["shop/standard/account_created", "web/tracking/page_viewed"]
    sides: list[list[Said]] = []
    for side in ("left", "right"):
        told = draw(st.lists(tellings(kinds), max_size=6))
        own = {"user_id": f"{side}", "device_id": f"device {side}", "email": f"{side}@web.de"}
        events = [
            says(event_type, f"{side}{at}", when, **{**fields, **own, "phone": None, "customer_no": None})
            for at, (event_type, when, fields) in enumerate(told)
        ]
        shipped = says("shop/standard/order_shipped", f"{side}s", 0, order_id=f"{side} {draw(orders)}",
                       user_id=side, shipment_id="1")  # fmt: skip
        sides.append([*events, shipped])
    joining = says("crm/standard/contact_merged", "joining", DAY, surviving_contact_id="c-1",
                   merged_contact_ids=["c-2"])  # fmt: skip
    for name, events in zip(("left", "right"), sides, strict=True):
        contact = {"left": "c-1", "right": "c-2"}[name]
        events.append(
            says("crm/standard/contact_created", f"{name}c", 0, crm_contact_id=contact,
                 email=f"{name}@web.de", first_name=name)
        )  # fmt: skip
    return sides[0], sides[1], joining


@MODEST
@given(strangers(), st.randoms(use_true_random=False))
def test_cannot_gives_what_a_replay_without_the_joining_event_gives(
    told: tuple[list[Said], list[Said], Said], chance: Random
) -> None:
    left, right, joining = told
    verdict = constrain("x1", LATER, ("crm_contact", "c-1"), ("crm_contact", "c-2"), "cannot")
    events = [*left, *right, joining, verdict]
    chance.shuffle(events)
    with new_store() as unmerged, new_store() as apart:
        land(unmerged, batches_of(events, chance))
        land_whole(apart, [*left, *right])
        assert assignment(unmerged) == assignment(apart)
        whose = customers_by_name(unmerged)
        assert whose["crm_contact", "c-1"] != whose["crm_contact", "c-2"]
        assert parts(unmerged)[1] == parts(apart)[1]
        check_right(unmerged)


ACCOUNT = says(
    "shop/standard/account_created", "a", 0, user_id="u", email="u@web.de", newsletter_opt_in=False
)
VISIT = says("web/tracking/page_viewed", "v", 0, device_id="d")
DEVICE, LOGIN = ("device_id", "d"), ("user_id", "u")


@pytest.mark.parametrize("verdict", ["must", "cannot"])
@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_verdict_binds_whenever_its_sides_appear(verdict: str, order: tuple[int, ...]) -> None:
    """Even when the last of the two appears alone, in a batch that has no edge at all."""
    told = [ACCOUNT, VISIT, constrain("x1", LATER, DEVICE, LOGIN, verdict)]
    with new_store() as store:
        land(store, [batch_of([told[at]], first) for first, at in enumerate(order)])
        check_right(store)
        whose = customers_by_name(store)
        assert (whose[DEVICE] == whose[LOGIN]) == (verdict == "must")


@pytest.mark.parametrize("verdict", ["must", "cannot"])
def test_a_verdict_binds_again_when_a_side_is_released(verdict: str) -> None:
    told = [
        ACCOUNT, VISIT, constrain("x1", 1, DEVICE, LOGIN, verdict), block("x2", 2, DEVICE, True),
        block("x3", 3, DEVICE, False),
    ]  # fmt: skip
    with new_store() as store:
        land(store, [batch_of([said], first) for first, said in enumerate(told)])
        check_right(store)
        whose = customers_by_name(store)
        assert (whose[DEVICE] == whose[LOGIN]) == (verdict == "must")


def test_what_loses_a_contest_leaves_nothing_behind() -> None:
    """The loser's people have no event left: nothing is derived about them any more."""
    rivals = [
        says("web/tracking/page_viewed", "same", at, device_id=f"d{at}", user_id=f"u{at}") for at in range(6)
    ]
    with new_store() as store:
        land(store, [batch_of([rival], first) for first, rival in enumerate(rivals)])
        check_right(store)
        assert len(customers_by_name(store)) == 2
        assert store.database.value("SELECT count(*) FROM ops.conflict") == 5


def test_a_hub_that_loses_a_neighbour_joins_again() -> None:
    """Its other neighbours, of whom no event speaks, are weighed again."""
    users = [f"u{at}" for at in range(5)]
    told = [says("web/tracking/identified", user, at, device_id="d", user_id=user)
            for at, user in enumerate(users[1:])]  # fmt: skip
    told.append(says("web/tracking/identified", "last", 9, device_id="d", user_id="u0", email="u@web.de"))
    with new_store() as store:
        land_whole(store, told)
        assert store.database.rows("SELECT DISTINCT outcome FROM identity.edge WHERE outcome = 'hub'") != []
        land(store, [batch_of([block("x1", LATER, ("user_id", "u0"), True)])])
        check_right(store)
        whose = customers_by_name(store)
        assert whose["device_id", "d"] == whose["user_id", "u1"]
