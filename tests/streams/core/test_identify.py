"""Who is named: nodes, mentions and anchors, against the slow reference and case by case."""

from __future__ import annotations

import json
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import Catalogue
from streams.core.identify import CONFIGURED, Named, Naming, identify, name, node_id, node_lists
from streams.core.model import Batch
from streams.core.read import read
from streams.core.writers import writer_of
from tests.feed import SECRET, Said, batch_of, catalogue, says, schema_id
from tests.properties.shop import histories
from tests.reference import Facts, Happened, Name, derive, pair

Edge = tuple[int, Name, Name, int]


def tables_of(batch: Batch, events: list[Said], contracts: Catalogue | None = None) -> dict[str, Any]:
    """What is read in a batch."""
    contracts = contracts or catalogue()
    writers = {
        schema_id(said.type): writer_of(
            schema_id(said.type), json.dumps(catalogue().events[said.type].schema)
        )
        for said in events
    }
    return dict(read(batch, contracts, writers).events)


def named_in(events: list[Said], blocked: set[Name] | None = None) -> Named:
    """Whom a batch of events names."""
    nodes = frozenset(node_id(SECRET, *one) for one in blocked or ())
    return identify(tables_of(batch_of(events), events), len(events), Naming(catalogue(), SECRET, nodes))


def names_of(named: Named) -> list[Name]:
    """The identifiers in the order of their rows."""
    return list(zip(*(named.nodes.column(part).to_pylist() for part in ("kind", "value")), strict=True))


def edges_of(named: Named) -> set[Edge]:
    """(record, one, other, strength) of every mention that joins."""
    names = names_of(named)
    return {
        (row["record"], *pair(names[row["node"]], names[row["anchor"]]), row["edge_strength"])
        for row in named.mentions.to_pylist() if row["joins"]
    }  # fmt: skip


def anchors_of(named: Named) -> list[Name | None]:
    """Each record's anchor."""
    names = names_of(named)
    return [names[at] if at >= 0 else None for at in named.anchors.tolist()]


def order(event_id: str = "o", **fields: Any) -> Said:
    """An order that names whom it is told to."""
    told = {"order_id": "A-1", "lines": [], "subtotal_minor": 0, "total_minor": 0, "currency": "EUR"}
    return says("shop/standard/order_placed", event_id, 0, **(told | fields))


ANNA, OTTO, LOGIN, ORDER = (
    ("email", "anna@web.de"),
    ("email", "otto@gmx.de"),
    ("user_id", "u-1"),
    ("order", "A-1"),
)


@settings(max_examples=60, deadline=None)
@given(histories(25))
def test_it_names_whom_the_slow_reference_names(events: list[Said]) -> None:
    events = [said for at, said in enumerate(events) if said.key not in {one.key for one in events[:at]}]
    quiet = [said for said in events if said.type != "own/rundum/identifier_blocked"]
    facts, edges, anchors = Facts(), set(), []
    for at, said in enumerate(quiet):
        contract = catalogue().events[said.type]
        datum = {entry["name"]: said.datum.get(entry["name"], entry.get("default"))
                 for entry in contract.schema["fields"]}  # fmt: skip
        world = derive([Happened(contract, *said.key[1:], said.datum["occurred_at"], datum)], catalogue())
        facts.nodes |= world.facts.nodes
        edges |= {(at, *both, strength) for both, (_, strength) in world.facts.edges.items()}
        anchors.append(world.anchors.get(said.key))
    named = named_in(quiet)
    names = names_of(named)
    usable = {
        names[row["node"]] for row in named.mentions.to_pylist()
        if row["role"] < 2 and named.nodes.column("blocked")[row["node"]].as_py() is None
    }  # fmt: skip
    assert edges_of(named) == edges
    assert anchors_of(named) == anchors
    assert usable == set(facts.nodes)


@settings(max_examples=40, deadline=None)
@given(histories(25), st.randoms(use_true_random=False))
def test_the_order_of_records_is_nothing(events: list[Said], chance: Random) -> None:
    places = chance.sample(range(len(events)), len(events))
    one, other = named_in(events), named_in([events[at] for at in places])
    assert {*names_of(one)} == {*names_of(other)}
    assert [anchors_of(one)[at] for at in places] == anchors_of(other)
    back = {(places[record], a, b, strength) for record, a, b, strength in edges_of(other)}
    assert back == edges_of(one)


def test_a_node_is_a_keyed_hash_of_kind_and_value() -> None:
    one = node_id(SECRET, *ANNA)
    assert len(one) == 16
    assert one == name(SECRET, catalogue().kinds["email"], " ANNA@web.de ")[0]
    assert (
        len({one, node_id(b"t" * 32, *ANNA), node_id(SECRET, "phone", ANNA[1]), node_id(SECRET, *OTTO)}) == 4
    )
    assert node_id(SECRET, "email", "x") != node_id(SECRET, "emai", "l\0x")


def test_the_anchor_is_the_strongest_identifier_and_the_rest_hang_on_it() -> None:
    named = named_in([order(user_id="u-1", email="Anna@web.de", device_id="d-1")])
    assert anchors_of(named) == [LOGIN]
    assert edges_of(named) == {
        (0, *pair(LOGIN, ORDER), 2), (0, *pair(LOGIN, ANNA), 1), (0, *pair(LOGIN, ("device_id", "d-1")), 0)
    }  # fmt: skip


def test_an_edge_is_as_strong_as_the_weaker_of_its_ends() -> None:
    named = named_in([order(email="anna@web.de", phone="+491713920045")])
    assert anchors_of(named) == [ANNA]
    assert {strength for *_, strength in edges_of(named)} == {1}


def test_of_one_kind_the_least_value_is_the_anchor() -> None:
    merged = says("crm/standard/contact_merged", "m", 0, surviving_contact_id="c-2",
                  merged_contact_ids=["c-3", "c-1", "c-2", "c-1"])  # fmt: skip
    named = named_in([merged])
    contacts = [("crm_contact", f"c-{at}") for at in (1, 2, 3)]
    assert anchors_of(named) == [contacts[0]]
    assert edges_of(named) == {(0, contacts[0], contacts[1], 2), (0, contacts[0], contacts[2], 2)}
    assert len(named.mentions) == 3


def test_a_blocked_value_is_mentioned_and_joins_nobody() -> None:
    named = named_in([order(email="noreply@shop.de", user_id="u-1")])
    assert edges_of(named) == {(0, *pair(LOGIN, ORDER), 2)}
    kept = node_lists(named, 1)[0].as_py()
    assert UUID(bytes=node_id(SECRET, "email", "noreply@shop.de")) in kept
    assert len(kept) == 3


def test_who_is_blocked_by_people_gives_the_anchor_to_the_next() -> None:
    told = [order(email="anna@web.de", user_id="u-1")]
    named = named_in(told, blocked={LOGIN})
    assert anchors_of(named) == [ANNA]
    assert (
        dict(zip(names_of(named), named.nodes.column("blocked").to_pylist(), strict=True))[LOGIN]
        == CONFIGURED
    )
    assert anchors_of(named_in(told, blocked={LOGIN, ANNA, ORDER})) == [None]
    assert edges_of(named_in(told, blocked={LOGIN, ANNA, ORDER})) == set()


def test_somebody_else_is_a_node_and_never_an_edge() -> None:
    named = named_in([order(email="anna@web.de", recipient_email="otto@gmx.de")])
    assert OTTO in names_of(named)
    assert edges_of(named) == {(0, *pair(ANNA, ORDER), 1)}


def test_who_is_named_as_customer_and_as_somebody_else_is_the_customer() -> None:
    named = named_in([order(email="anna@web.de", recipient_email="ANNA@web.de")])
    assert edges_of(named) == {(0, *pair(ANNA, ORDER), 1)}
    assert len(named.mentions) == 2


def test_what_a_decision_is_about_is_no_edge_and_anchors_nothing() -> None:
    decided = says("own/rundum/identity_constrained", "d", 0, left_kind="email", left_value="anna@web.de",
                   right_kind="user_id", right_value="u-1", verdict="must", reason="", actor="")  # fmt: skip
    named = named_in([decided])
    assert (anchors_of(named), edges_of(named)) == ([None], set())
    assert len(node_lists(named, 1)[0]) == 2


def test_a_kind_that_nobody_declared_is_reported_with_its_field() -> None:
    shut = says(
        "own/rundum/identifier_blocked", "b", 0, kind="fax", value="1", blocked=True, reason="r", actor="a"
    )
    assert named_in([order(user_id="u-1"), shut]).unknown == ((1, "kind", "fax"),)


def test_a_consent_knows_its_contact_point_by_field() -> None:
    given_ = says("crm/standard/consent_given", "c", 0, email="anna@web.de", phone="0171 3920045",
                  email_purpose="newsletter", method="written")  # fmt: skip
    named = named_in([given_])
    contract = catalogue().events["crm/standard/consent_given"]
    names = names_of(named)
    found = {
        contract.marks[row["field"]].field_name: names[row["node"]] for row in named.contacts.to_pylist()
    }
    assert found == {"email": ANNA, "phone": ("phone", "+491713920045")}


def test_nothing_names_nobody() -> None:
    named = identify({}, 3, Naming(catalogue(), SECRET))
    assert (named.anchors.tolist(), len(named.nodes), len(named.mentions)) == ([-1, -1, -1], 0, 0)
    assert node_lists(named, 3).to_pylist() == [[], [], []]
