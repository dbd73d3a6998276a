"""The views that people read, against the same worked out event by event in Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.conftest import Feed
from tests.fed import Event, Fed, event_of
from tests.sums import by_customer, distinct, instant, of, orders, visits

PLACED, REFUNDED, CANCELLED = (f"shop/standard/order_{step}" for step in ("placed", "refunded", "cancelled"))
ANNA, BEN = "anna.weber@example.de", "ben.klein@example.de"


def placed(order_id: str, total: int, currency: str = "EUR", email: str = ANNA, **fields: Any) -> Event:
    """An order over one piece."""
    line = {"line_id": "1", "product_id": "p", "name": "P", "quantity": 1, "unit_price_minor": total,
            "total_minor": total}  # fmt: skip
    fields = {"occurred_at": "2026-05-01T10:00:00Z", "event_id": f"placed {order_id}", **fields}
    return event_of(PLACED, order_id=order_id, email=email, lines=[line], subtotal_minor=total,
                    total_minor=total, currency=currency, **fields)  # fmt: skip


def refunded(order_id: str, amount: int, reason: str, currency: str = "EUR") -> Event:
    """Money paid back, once for each reason."""
    return event_of(REFUNDED, event_id=f"{reason} {order_id}", occurred_at="2026-05-09T10:00:00Z",
                    order_id=order_id, refund_id=reason, amount_minor=amount, currency=currency,
                    reason=reason)  # fmt: skip


def cancelled(order_id: str, amount: int | None = None) -> Event:
    """An order called off, whole or for that amount."""
    return event_of(CANCELLED, event_id=f"cancelled {order_id}", occurred_at="2026-05-02T10:00:00Z",
                    order_id=order_id, amount_minor=amount)  # fmt: skip


# --- money


def test_revenue_of_customers_is_that_of_their_orders(shop: Fed) -> None:
    expected = {
        customer: {"EUR": Decimal(sum(order.kept for order in bought)) / 100}
        for customer, bought in by_customer(shop).items()
    }
    found = shop.rows("SELECT customer_id, revenue_by_currency FROM customers WHERE orders > 0")
    assert dict(found) == expected
    assert sum(amount["EUR"] for amount in expected.values()) > 10_000
    by_orders = "SELECT sum(revenue_net) FROM orders WHERE customer_id IS NOT NULL"
    assert shop.rows("SELECT sum(revenue_net) FROM customers") == shop.rows(by_orders)


def test_every_order_keeps_what_was_not_cancelled_or_paid_back(shop: Fed) -> None:
    found = dict(shop.rows("SELECT order_id, revenue_net FROM orders"))
    assert found == {number: Decimal(order.kept) / 100 for number, order in orders(shop).items()}


def test_revenue_in_several_currencies_is_never_summed_over_them(feed: Feed) -> None:
    shop = feed(
        [
            placed("1", 10_000), cancelled("1"), refunded("1", 10_000, "cancellation"),
            placed("2", 9_999), refunded("2", 999, "return"), refunded("2", 500, "goodwill"),
            placed("3", 5_000), cancelled("3", 2_000), refunded("3", 2_000, "cancellation"),
            placed("4", 1_500, "JPY"), placed("5", 12_345, "KWD"), refunded("5", 45, "return", "KWD"),
            placed("6", 7_000, email=BEN), refunded("6", 10_000, "goodwill"),
        ]
    )  # fmt: skip
    rows = shop.rows(
        "SELECT email, orders, revenue_net, currency, revenue_by_currency, order_value"
        " FROM customers ORDER BY email"
    )
    in_euro = Decimal("85.00") + Decimal("30.00")
    assert rows == [
        (ANNA, 5, in_euro, "EUR",
         {"EUR": in_euro, "JPY": Decimal(1_500), "KWD": Decimal("12.300")},
         {"EUR": Decimal("249.99"), "JPY": Decimal(1_500), "KWD": Decimal("12.345")}),
        (BEN, 1, Decimal("-30.00"), "EUR", {"EUR": Decimal("-30.00")}, {"EUR": Decimal("70.00")}),
    ]  # fmt: skip


def test_measures_are_the_sums_of_the_events(shop: Fed) -> None:
    for measure, event_type, field in (
        ("order_value", PLACED, "total_minor"), ("refund_value", REFUNDED, "amount_minor"),
    ):  # fmt: skip
        total = sum(datum[field] for datum in of(shop, event_type))
        found = shop.rows(f"SELECT sum({measure}['EUR']) * 100 FROM customers")
        assert abs(found[0][0]) == total


# --- visits and conversations


def test_sessions_are_cut_where_half_an_hour_passed(shop: Fed) -> None:
    expected = {}
    for visit in visits(shop):
        names = [name for _, name, _ in visit.events]
        pages = sum(name.endswith("_viewed") or name == "products_searched" for name in names)
        first = visit.events[0][2]
        campaign = next((d["utm_campaign"] for _, _, d in visit.events if d.get("utm_campaign")), None)
        expected[visit.device_id, visit.started_at] = (
            visit.ended_at, len(names), pages, names.count("product_viewed"), first["url"],
            first["referrer"], campaign,
        )  # fmt: skip
    found = shop.rows(
        "SELECT device_id, started_at, ended_at, events, pages, products, landing_url, referrer, utm_campaign"
        " FROM sessions"
    )
    assert {row[:2]: row[2:] for row in found} == expected
    assert shop.rows("SELECT count(DISTINCT session_id) FROM sessions") == [(len(expected),)]


@pytest.mark.parametrize(("minute", "sessions"), [("29:59.999999", 1), ("30:00", 2)])
def test_a_gap_of_exactly_half_an_hour_opens_a_new_session(feed: Feed, minute: str, sessions: int) -> None:
    shop = feed(
        event_of("web/tracking/page_viewed", event_id=at, occurred_at=at, device_id="d1", url="/")
        for at in ("2026-05-01T10:00:00Z", f"2026-05-01T10:{minute}Z")
    )
    assert shop.rows("SELECT count(*) FROM sessions") == [(sessions,)]


def service_cases(shop: Fed) -> dict[str, tuple[Any, ...]]:
    """Tickets: kind, status, opened, first answer, closed, messages."""
    opened = {datum["ticket_id"]: datum for datum in of(shop, "crm/standard/ticket_opened")}
    changes: dict[str, list[tuple[datetime, bool, str, str | None, str | None]]] = defaultdict(list)
    for datum in of(shop, "crm/standard/ticket_updated"):
        change = instant(datum["occurred_at"]), False, datum["event_id"], datum["status"], datum["kind"]
        changes[datum["ticket_id"]].append(change)
    for datum in of(shop, "crm/standard/ticket_closed"):
        change = instant(datum["occurred_at"]), True, datum["event_id"], "closed", None
        changes[datum["ticket_id"]].append(change)
    said: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)
    for name, answers in (("email_received", False), ("email_sent", True)):
        for datum in of(shop, f"crm/standard/{name}"):
            said[datum["ticket_id"]].append((instant(datum["occurred_at"]), answers))
    for datum in of(shop, "crm/standard/call_logged"):
        said[datum["ticket_id"]].append((instant(datum["occurred_at"]), datum["duration_seconds"] != 0))
    found = {}
    for ticket, datum in opened.items():
        begun = instant(datum["occurred_at"])
        life = sorted(changes[ticket])
        status = next((change[3] for change in reversed(life) if change[3]), "open")
        kind = next((change[4] for change in reversed(life) if change[4]), datum["kind"])
        closings = [change[0] for change in life if change[3] == "closed"]
        answered = [at for at, answers in said[ticket] if answers]
        found[ticket] = (
            kind, status, begun, max(min(answered), begun) if answered else None,
            max(closings) if status == "closed" else None, max(len(said[ticket]), 1),
        )  # fmt: skip
    return found


def test_conversations_of_service_are_what_was_written_and_said(shop: Fed) -> None:
    found = shop.rows(
        "SELECT conversation_id, kind, status, opened_at, first_response_at, closed_at, messages"
        " FROM conversations WHERE conversation_id IN (SELECT ticket_id FROM crm_standard.ticket_opened)"
    )
    expected = service_cases(shop)
    assert {row[0]: row[1:] for row in found} == expected
    assert {case[1] for case in expected.values()} >= {"closed"}


def test_every_conversation_is_shown_once(shop: Fed) -> None:
    calls = {d["call_id"] for d in of(shop, "crm/standard/call_logged") if d["ticket_id"] is None}
    talks = {datum["conversation_id"] for datum in of(shop, "social/standard/message")}
    found = [name for (name,) in shop.rows("SELECT conversation_id FROM conversations")]
    assert Counter(found) == Counter(service_cases(shop).keys() | calls | talks)


# --- everything about a customer


def test_the_timeline_holds_every_event_of_everybody(shop: Fed) -> None:
    everything = {
        (event_type, datum["event_id"]): instant(datum["occurred_at"])
        for event_type, datum in distinct(shop.told)
    }
    spine = shop.rows("SELECT event_type, event_id, occurred_at, customer_id FROM events")
    assert {row[:2]: row[2] for row in spine} == everything
    shown = shop.rows("SELECT event_type, event_id, occurred_at, customer_id FROM customer_timeline")
    assert sorted(map(str, shown)) == sorted(str(row) for row in spine if row[3])
    counted = Counter(row[3] for row in shown)
    assert dict(shop.rows("SELECT customer_id, events FROM customers WHERE events > 0")) == counted


def test_the_timeline_tells_the_event_in_its_own_fields(feed: Feed) -> None:
    shop = feed([placed("1", 10_000)])
    [row] = shop.records("FROM customer_timeline")
    details = json.loads(row["details"])
    assert (row["channel"], row["event_type"], row["what"]) == ("shop", PLACED, "order placed")
    assert details["total_minor"] == 10_000
    assert details["lines"][0]["product_id"] == "p"
    assert row["customer_id"] == shop.rows("SELECT customer_id FROM customers")[0][0]


# --- one answer in every order


def test_customers_are_the_same_in_every_order_of_arrival(shop: Fed, feed: Feed) -> None:
    events = shop.told[:1_500]
    chance = Random(7)
    mixed = [*events, *chance.sample(events, len(events) // 4)]
    chance.shuffle(mixed)
    everything = "FROM customers ORDER BY customer_id"
    once = feed(events).records(everything)
    assert feed(mixed, batch_size=400).records(everything) == once
    assert len(once) > 100


@pytest.mark.parametrize(
    "view", ["orders", "order_lines", "payments", "shipments", "returns", "refunds", "products",
             "product_views", "sessions", "conversations", "campaign_touches", "traits", "identifiers",
             "consents", "measures"],
)  # fmt: skip
def test_a_view_names_the_customers_there_are(shop: Fed, view: str) -> None:
    rows = shop.rows(f"SELECT count(*), count(customer_id) FROM {view}")
    strangers = f"SELECT count(*) FROM {view} WHERE customer_id NOT IN (SELECT customer_id FROM customers)"
    assert rows[0][0] > 0
    assert shop.rows(strangers) == [(0,)]
    assert (rows[0][1] == 0) == (view == "products")
