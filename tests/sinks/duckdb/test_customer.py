"""Finding a customer by whatever people know, and reading them whole."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import pytest

from sinks.duckdb.changes import changes, edges_around
from sinks.duckdb.customer import alike, candidates_of, find, read_customer, read_reasons
from tests.conftest import Feed
from tests.fed import Fed, event_of, fed
from tests.story import ANNA, DEVICE, GERDA, story


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fed]:
    made = fed(tmp_path_factory.mktemp("told"))
    made.tell(story())
    yield made
    made.close()


def _customer(told: Fed, text: str) -> str:
    (customer,) = find(told.reader, told.store.catalogue.kinds, text).customers
    return customer


@pytest.mark.parametrize(
    "text",
    [
        ANNA, "  Anna.Mueller@GMX.de ", "Anna Müller <anna.mueller@gmx.de>", f"email:{ANNA}",
        "0171 3920045", "0171/392 00 45", "(0171) 39 200 45", "+49 171 3920045", "0049 171 3920045",
        "+49 (0)171 3920045", "491713920045", "phone:0171-3920045", "0048213", "u-48213", "order:4711",
        "R-1001", "K-501", "T-815", "instagram:178414", "social_handle:instagram:178414", DEVICE,
    ],
)  # fmt: skip
def test_finds_one_customer_by_any_notation(told: Fed, text: str) -> None:
    assert _customer(told, text) == _customer(told, "customer_no:0048213")


def test_finds_a_customer_by_every_id_they_ever_had(told: Fed) -> None:
    anna = _customer(told, ANNA)
    aliases = told.rows("SELECT alias FROM identity.alias WHERE customer_id = ?", [anna])
    assert len(aliases) > 5
    assert {_customer(told, str(alias)) for (alias,) in aliases} == {anna}
    assert _customer(told, anna.upper()) == anna


def test_several_meanings_are_all_given(told: Fed) -> None:
    found = find(told.reader, told.store.catalogue.kinds, "4711")
    assert [(match.kind, match.value) for match in found.matches] == [("order", "4711"), ("ticket", "4711")]
    assert set(found.customers) == {_customer(told, ANNA), _customer(told, GERDA)}


def test_blocked_and_unknown_lead_to_nobody(told: Fed) -> None:
    reader, kinds = told.reader, told.store.catalogue.kinds
    blocked = find(reader, kinds, "NoReply@gmx.de")
    assert blocked.customers == ()
    assert [(match.value, match.customer) for match in blocked.matches] == [("noreply@gmx.de", None)]
    unknown = find(reader, kinds, "r-1001")
    assert (unknown.matches, alike(reader, "order:r-1001")) == ((), ["order:R-1001"])
    assert {one.kind for one in candidates_of(kinds, "030 23125 000")} >= {"phone", "order"}
    assert "email" not in {one.kind for one in candidates_of(kinds, "030 23125 000")}


def test_reads_the_whole_customer(told: Fed) -> None:
    anna = read_customer(told.reader, _customer(told, ANNA))
    assert anna is not None
    assert (anna.head["kind"], anna.head["orders"], anna.head["open_complaints"]) == ("person", 2, 1)
    assert anna.head["revenue_by_currency"] == {"EUR": Decimal("206.710")}
    assert [row["kind"] for row in anna.identifiers] == [
        "customer_no", "user_id", "email", "phone", "social_handle", "crm_contact", "device_id", "order",
        "order", "ticket",
    ]  # fmt: skip
    assert [(row["kind"], row["value"], row["events"]) for row in anna.blocked] == [
        ("email", "noreply@gmx.de", 1)
    ]
    traits = {row["trait"]: (row["value"], row["source"]) for row in anna.traits}
    assert traits["city"] == ("Dresden", "shop/standard")
    assert [(row["order_id"], row["status"], len(row["lines"])) for row in anna.orders] == [
        ("4711", "refunded", 1),
        ("R-1001", "delivered", 2),
    ]
    assert [row["subject"] for row in anna.conversations] == [None, "Lieferung zu spät"]
    assert [(row["what"], row["direction"], row["text"]) for row in anna.messages] == [
        ("message", "in", "Ruft mich an"),
        ("email sent", None, "Das tut uns \x1b[31mleid."),
        ("ticket opened", None, "Zugesagt war der 5. März."),
    ]
    (consent,) = anna.consents
    assert (consent["contact"], consent["purpose"], consent["status"]) == (ANNA, "newsletter", "granted")
    assert (consent["proof_id"], consent["proof"]["method"]) == ("c-2", "double_opt_in")
    money = {row["measure"]: (row["amount"], row["unit"]) for row in anna.measures}
    assert money["order_value"] == (Decimal("256.710"), "EUR")
    assert len(anna.timeline) == anna.head["events"] == 14
    assert anna.timeline[-1]["details"]["crm_contact_id"] == "K-501"


def test_nobody_is_none(told: Fed) -> None:
    nobody = str(UUID(int=0))
    assert read_customer(told.reader, nobody) is None
    assert read_reasons(told.reader, nobody) is None


def test_reasons_are_a_tree_of_links_with_their_first_events(told: Fed) -> None:
    reasons = read_reasons(told.reader, _customer(told, ANNA))
    assert reasons is not None
    joined = [edge for edge in reasons.edges if edge["outcome"] == "joined"]
    assert len(joined) == len(reasons.identifiers) - 1
    named = {(edge["value_a"], edge["value_b"]): edge for edge in reasons.edges}
    edge = named[("0048213", ANNA)]
    assert (edge["strength"], edge["event_type"], edge["event_id"]) == (
        2,
        "crm/standard/contact_created",
        "c-1",
    )
    assert all(edge["occurred_at"] == edge["first_seen"] for edge in reasons.edges)
    assert {row["customer_id"] for row in reasons.history if row["known_to"] is None} == {
        reasons.head["customer_id"]
    }


def test_changes_are_told_by_the_landing_that_made_them(feed: Feed) -> None:
    told = feed(story())
    before = edges_around(
        told.reader, [told.reader.query("find_identifiers", kinds=["email"], values=[ANNA])[0]["node"]]
    )
    assert {row["value_a"] for row in before} >= {"0048213", ANNA}
    told.tell([
        event_of("own/rundum/identity_constrained", event_id="k-1", occurred_at="2026-04-02T08:00:00Z",
                 left_kind="email", left_value=ANNA, right_kind="phone", right_value="+491713920045",
                 verdict="cannot", reason="Mutter und Tochter.", actor="anna"),
    ])  # fmt: skip
    found = changes(told.reader, before, told.reader.value("SELECT max(landed_at) FROM events"))
    assert len(found.customers("before")) == 1
    assert len(found.customers("after")) == 2
    assert {edge["before"] for edge in found.edges} == {"joined"}
    assert {edge["after"] for edge in found.edges} == {"cannot"}
