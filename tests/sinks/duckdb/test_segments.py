"""Entries, exits and what goes wrong, told by hand."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from sinks.duckdb.definitions import TRAIT
from tests.divided import applied, defined, time_of
from tests.feed import DAY, OPENING, Said
from tests.shoppers import (
    HOUR,
    Watched,
    account,
    closed,
    held,
    mail,
    orders,
    ticket,
    told,
    visitor,
    watched,
    whole,
)

BUYERS = "SELECT customer_id, orders FROM customers WHERE orders >= 2"
RECENT = "SELECT customer_id FROM customers WHERE last_order_at BETWEEN $now - INTERVAL 7 DAY AND $now"
LOG = (
    "SELECT text.value, entered, cause, epoch_us(changed_at) - epoch_us(?::TIMESTAMP) FROM segment.change"
    " JOIN identity.identifier AS text ON node = customer_id ORDER BY change_id"
)


def log(shop: Watched) -> list[tuple[str, bool, str, int]]:
    """Who came in or went out, why, and when."""
    return [(who.split("@")[0], *rest) for who, *rest in shop.rows(LOG, [time_of(0)])]


def test_entry_and_exit_by_event() -> None:
    with watched() as shop:
        shop.tell([defined("complains", "SELECT customer_id FROM customers WHERE open_complaints > 0")], 0)
        shop.tell([ticket("a", DAY)], DAY)
        assert shop.members("complains") == {"a"}
        shop.tell([closed("a", DAY + 5)], 2 * DAY)
        assert shop.members("complains") == set()
        assert log(shop) == [("a", True, "event", DAY), ("a", False, "event", 2 * DAY)]


def test_exit_by_time_alone() -> None:
    with watched() as shop:
        shop.tell([defined("recent", RECENT)], 0)
        shop.tell(orders("a", 9), 9)
        shop.tell([], 7 * DAY)
        assert shop.members("recent") == {"a"}
        shop.tell([], 7 * DAY + 10)
        assert shop.members("recent") == {"a"}, "the next look at all is an hour after the last"
        shop.tell([], 7 * DAY + HOUR)
        assert shop.members("recent") == set()
        assert [(cause, entered) for _, entered, cause, _ in log(shop)] == [("event", True), ("time", False)]


def test_entry_by_time_alone() -> None:
    with watched() as shop:
        lost = "SELECT customer_id FROM customers WHERE last_order_at < $now - INTERVAL 7 DAY"
        shop.tell([defined("gone", lost), *orders("a", DAY)], 2 * DAY)
        shop.tell([], 9 * DAY)
        assert log(shop) == [("a", True, "time", 9 * DAY)]


def test_late_events_change_what_holds_now_and_not_what_was() -> None:
    with watched() as shop:
        shop.tell([defined("buyers", BUYERS)], 0)
        shop.tell(orders("a", 5 * DAY), 5 * DAY)
        shop.tell([told("shop/standard/order_placed", DAY, order_id="late", email=mail("a"), lines=[],
                        subtotal_minor=1, total_minor=1, currency="EUR")], 6 * DAY)  # fmt: skip
        assert log(shop) == [("a", True, "event", 6 * DAY)]
        shop.tell([], 3 * DAY)  # a tick that comes late: time does not run backwards
        assert shop.rows("FROM segment.membership WHERE until < since") == []


def test_who_was_in_at_any_moment() -> None:
    with watched() as shop:
        shop.tell([defined("recent", RECENT), defined("buyers", BUYERS)], 0)
        expected = []
        told_of = orders("a", *[at * DAY for at in (1, 2, 12, 13, 23)])
        for at in (1, 2, 5, 9, 10, 12, 13, 20, 21, 23, 30, 31):
            today = OPENING + at * DAY
            shop.tell([said for said in told_of if said.datum["occurred_at"] == today], at * DAY)
            expected.append((at, shop.members("recent"), shop.members("buyers")))
        for at, recent, buyers in expected:
            for name, members in (("recent", recent), ("buyers", buyers)):
                rows = shop.rows(
                    "SELECT split_part(text.value, '@', 1) FROM segment.membership"
                    " JOIN identity.identifier AS text ON node = customer_id"
                    " WHERE segment = ? AND since <= ? AND (until IS NULL OR until > ?)",
                    [name, time_of(at * DAY), time_of(at * DAY)],
                )
                assert {who for (who,) in rows} == members, (at, name)
        changes = [(bool(before), bool(after)) for (_, before, _), (_, after, _) in pairwise(expected)]
        assert changes.count((True, False)) == 3


def test_merge_carries_memberships_and_unmerge_gives_them_back() -> None:
    with watched() as shop:
        ranked = "SELECT customer_id FROM customers ORDER BY orders DESC, customer_id LIMIT 2"
        shop.tell([defined("buyers", BUYERS), defined("top", ranked, "30 days")])
        shop.tell([*orders("a", 1, 2), *orders("b", 1, 2, 3)], DAY)
        assert shop.members("top") == shop.members("buyers") == {"a", "b"}
        word = {
            "left_kind": "email", "left_value": mail("a"), "right_kind": "email", "right_value": mail("b"),
            "reason": "-", "actor": "-",
        }  # fmt: skip
        shop.tell([told("own/rundum/identity_constrained", 9, verdict="must", **word)], 2 * DAY)
        assert len(shop.rows("SELECT DISTINCT customer FROM identity.node WHERE kind = 'email'")) == 1
        assert len(held(shop, "top")) == len(held(shop, "buyers")) == 1
        assert json.loads(str(next(iter(held(shop, "buyers")))[1])) == {"orders": 5}
        left = shop.rows("SELECT segment, left_by FROM segment.membership WHERE left_by = 'merge'")
        assert sorted(left) == [("buyers", "merge"), ("top", "merge")]
        shop.tell([told("own/rundum/identity_constrained", 10, verdict="cannot", **word)], 3 * DAY)
        assert shop.members("buyers") == {"a", "b"}
        assert len(held(shop, "top")) == 1, "of a population nobody knows where the other half belongs"
        shop.tell([], 40 * DAY)
        assert shop.members("top") == {"a", "b"}


def test_a_blocked_identifier_is_nobody_any_more() -> None:
    with watched() as shop:
        shop.tell([defined("buyers", BUYERS), *orders("a", 1, 2)], DAY)
        assert shop.members("buyers") == {"a"}
        block = {"kind": "email", "value": mail("a"), "reason": "-", "actor": "-"}
        shop.tell([told("own/rundum/identifier_blocked", 9, blocked=True, **block)], 2 * DAY)
        assert held(shop, "buyers") == whole(shop, "buyers", 2 * DAY) == set()
        shop.tell([told("own/rundum/identifier_blocked", 10, blocked=False, **block)], 3 * DAY)
        assert shop.members("buyers") == {"a"}


def test_conflicting_copies() -> None:
    """Two contents of one event: only the one that holds counts, in either order."""
    a, b = (orders(who, 1)[0] for who in "ab")
    copies = [Said(said.type, said.datum | {"event_id": "same", "order_id": "o"}) for said in (a, b)]
    found = []
    for first, second in (copies, copies[::-1]):
        with watched() as shop:
            shop.tell([defined("some", "SELECT customer_id FROM customers WHERE orders > 0")], 0)
            shop.tell([first], DAY)
            shop.tell([second], 2 * DAY)
            assert held(shop, "some") == whole(shop, "some", 2 * DAY)
            found.append(shop.members("some"))
    assert found[0] == found[1]
    assert len(found[0]) == 1


def test_changed_and_ended_definitions() -> None:
    with watched() as shop:
        shop.tell([*orders("a", 1), *orders("b", 1, 2), *orders("c", 1, 2, 3)])
        shop.tell([defined("some", BUYERS)], DAY)
        more = "SELECT customer_id, orders FROM customers WHERE orders >= 3 OR email LIKE 'a%'"
        shop.tell([defined("some", more, at=2)], DAY + 1)
        assert shop.members("some") == {"a", "c"}
        assert {cause for _, _, cause, _ in log(shop)} == {"definition"}
        shop.tell([applied("some", None, 3)], DAY + 2)
        assert shop.members("some") == set()
        assert shop.rows("SELECT DISTINCT left_by FROM segment.membership") == [("definition",)]
        assert shop.rows("FROM segment.refresh") == []
        shop.tell([defined("some", BUYERS, at=4)], DAY + 3)
        assert shop.members("some") == {"b", "c"}


def test_another_reason_is_another_stay() -> None:
    with watched() as shop:
        shop.tell([defined("buyers", BUYERS), *orders("a", 1, 2)], DAY)
        shop.tell([told("shop/standard/order_placed", 3, order_id="n", email=mail("a"), lines=[],
                        subtotal_minor=1, total_minor=1, currency="EUR")], 2 * DAY)  # fmt: skip
        stays = shop.rows("SELECT cause, left_by, reason->>'orders' FROM segment.membership ORDER BY since")
        assert stays == [("definition", "reason", "2"), ("reason", None, "3")]
        shop.tell([ticket("a", 4)], 3 * DAY)
        assert len(held(shop, "buyers")) == 1
        assert len(log(shop)) == 2, "what says nothing new changes nothing"


def test_computed_traits_are_seen_with_where_they_come_from_and_by_segments() -> None:
    size = "SELECT customer_id, CASE WHEN orders > 1 THEN 'big' ELSE 'small' END AS value FROM customers"
    big = "SELECT customer_id FROM traits WHERE trait = 'size' AND value = 'big'"
    listed = "SELECT customer_id FROM customers WHERE len(list_filter(traits, lambda t: t.value = 'big')) > 0"
    with watched() as shop:
        shop.tell([defined("size", size, kind=TRAIT), defined("big", big), defined("listed", listed)], 0)
        shop.tell([*orders("a", 1, 2), account("b", 1)], DAY)
        assert shop.found() >= {(mail("a"), "size=big"), (mail("b"), "size=small")}
        assert shop.members("big") == shop.members("listed") == {"a"}
        assert shop.rows("SELECT source, rule, value FROM traits WHERE trait = 'size' ORDER BY value") == [
            ("traits/size", "computed", "big"),
            ("traits/size", "computed", "small"),
        ]
        seen = "SELECT count(*) FROM customers, unnest(traits) AS u(t) WHERE t.source = 'traits/size'"
        assert shop.rows(seen) == [(2,)]
        shop.tell([applied("size", None, 3, TRAIT)], 2 * DAY)
        assert shop.rows("FROM profile.computed") == []
        assert held(shop, "big") == whole(shop, "big", 2 * DAY)


def test_traits_of_whole_rows_do_not_see_themselves() -> None:
    text = "SELECT c.customer_id, md5(to_json(c)::VARCHAR) AS value FROM customers c"
    with watched() as shop:
        shop.tell(
            [
                defined("print", text, kind=TRAIT),
                defined("other", "SELECT customer_id, 1 AS value FROM customers", kind=TRAIT),
            ],
            0,
        )
        shop.tell(orders("a", 1), DAY)
        before = shop.rows("SELECT value FROM profile.computed WHERE trait = 'print'")
        shop.tell([defined("print", text + " -- again", kind=TRAIT, at=2)], 2 * DAY)
        assert shop.rows("SELECT value FROM profile.computed WHERE trait = 'print'") == before


def test_a_trait_that_time_changes_moves_segments_that_read_it() -> None:
    """They have no $now of their own, so that only the change of the trait can call for a look."""
    seen = (
        "SELECT customer_id, CASE WHEN last_seen_at > $now - INTERVAL 1 DAY THEN 'now' END AS value"
        " FROM customers"
    )
    here = "SELECT customer_id FROM traits WHERE trait = 'seen' AND value = 'now'"
    with watched() as shop:
        shop.tell([defined("seen", seen, kind=TRAIT), defined("here", here)], 0)
        shop.tell([account("a", 9)], 9)
        assert shop.members("here") == {"a"}
        shop.tell([], 2 * DAY)
        assert shop.members("here") == set()


@pytest.mark.parametrize("at_once", [1, 3])
def test_chunks_give_the_same(at_once: int) -> None:
    with watched(at_once) as shop:
        shop.tell([defined("buyers", BUYERS), defined("recent", RECENT)], 0)
        bought = [said for number in range(7) for said in orders(f"x{number}", *range(1, 1 + number))]
        shop.tell([*bought, visitor("x1", 1)], DAY)
        assert shop.members("buyers") == {f"x{number}" for number in range(2, 7)}
        assert held(shop, "recent") == whole(shop, "recent", DAY)


BLOCKED = {"kind": "order", "value": "a-0", "blocked": True, "reason": "-", "actor": "-"}


def test_a_return_of_a_blocked_order_number_counts_for_live_segments_too() -> None:
    with watched() as shop:
        back = "SELECT customer_id FROM customers WHERE returns > 0"
        shop.tell(
            [defined("back", back), *orders("a", 1), told("own/rundum/identifier_blocked", 1, **BLOCKED)], DAY
        )
        shop.tell([told("shop/standard/order_returned", 2, order_id="a-0", return_id="r", lines=[])], DAY)
        assert held(shop, "back") == whole(shop, "back", DAY)


def test_an_order_number_that_many_share_counts_once_for_live_segments_too() -> None:
    with watched() as shop:
        shop.tell([defined("some", "SELECT customer_id FROM customers WHERE orders > 0")], 0)
        for number in range(6):
            (order,) = orders(f"x{number}", number + 1)
            shop.tell([Said(order.type, order.datum | {"order_id": "shared"})], DAY)
        assert held(shop, "some") == whole(shop, "some", DAY)


def test_what_lands_together_with_a_decision_is_looked_at_too() -> None:
    """Deriving anew what a decision changes must not make the batch's other people forgotten."""
    with watched() as shop:
        shop.tell([defined("people", "SELECT customer_id FROM customers WHERE kind = 'person'")], 0)
        block = told("own/rundum/identifier_blocked", 1, **BLOCKED)
        shop.tell([*orders("a", 1), block], DAY)
        assert held(shop, "people") == whole(shop, "people", DAY) != set()
