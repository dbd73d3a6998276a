"""The worked examples: each runs on the generated shop, and its numbers are those of the events."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sinks.duckdb.sql import Script, scripts
from tests.conftest import Feed
from tests.fed import Fed
from tests.sums import GAP, Order, by_customer, instant, of, orders, owners, visits

EXAMPLES = {example.name: example for example in scripts("examples")}
NINETY_DAYS = timedelta(days=90)


def rows_of(shop: Fed, name: str) -> list[dict[str, Any]]:
    """What an example says about a shop."""
    return shop.records(EXAMPLES[name].text)


def cutoff_of(shop: Fed) -> datetime:
    """90 days before the last order."""
    return max(order.placed_at for order in orders(shop).values()) - NINETY_DAYS


def fifths(ranked: list[Any]) -> dict[Any, int]:
    """NTILE(5) of values in order: the first fifths take what is left over."""
    size, rest = divmod(len(ranked), 5)
    tiles = [tile for tile in range(1, 6) for _ in range(size + (tile <= rest))]
    return dict(zip(ranked, tiles, strict=True))


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=lambda example: example.name)
def test_an_example_is_one_documented_query_that_gives_rows(shop: Fed, example: Script) -> None:
    head, _, query = example.text.partition("\n")
    assert head.startswith("-- ")
    assert head.rstrip().endswith((".", "?"))
    assert ";" not in "".join(line for line in query.splitlines() if not line.startswith("--"))
    assert len(example.text.splitlines()) < 90
    assert max(map(len, example.text.splitlines())) <= 110
    assert rows_of(shop, example.name)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_says_the_same_twice(shop: Fed, name: str) -> None:
    assert rows_of(shop, name) == rows_of(shop, name)


def test_churn_labels(shop: Fed) -> None:
    cutoff = cutoff_of(shop)
    expected = {
        customer: sum(order.placed_at > cutoff for order in bought)
        for customer, bought in by_customer(shop).items()
        if bought[0].placed_at <= cutoff
    }
    found = rows_of(shop, "churn_labels")
    assert {row["customer_id"]: row["orders_after"] for row in found} == expected
    assert all(row["churned"] == (row["orders_after"] == 0) for row in found)
    assert {row["churned"] for row in found} == {True, False}


def test_churn_features(shop: Fed) -> None:
    cutoff = cutoff_of(shop)

    def features(bought: list[Order]) -> tuple[object, ...]:
        spent = sum(
            order.total - sum(amount for at, amount, _ in order.refunds if at <= cutoff) for order in bought
        )
        returns = sum(any(at <= cutoff for at, *_ in order.returned) for order in bought)
        late = sum(
            order.delivered_at is not None
            and order.promised_by is not None
            and order.promised_by < order.delivered_at <= cutoff
            for order in bought
        )
        return len(bought), Decimal(spent) / 100, "EUR", returns, late

    known = {
        customer: [order for order in bought if order.placed_at <= cutoff]
        for customer, bought in by_customer(shop).items()
    }
    names = ("orders", "spent", "currency", "returns", "late_deliveries")
    found = rows_of(shop, "churn_features")
    assert {row["customer_id"]: tuple(row[name] for name in names) for row in found} == {
        customer: features(bought) for customer, bought in known.items() if bought
    }
    labels = {row["customer_id"] for row in rows_of(shop, "churn_labels")}
    assert {row["customer_id"] for row in found} == labels
    assert sum(row["visits_30d"] for row in found) > 0


def test_churn_features_know_nothing_of_what_came_later(shop: Fed, feed: Feed) -> None:
    cutoff = cutoff_of(shop)
    then = feed(event for event in shop.told if instant(event[1]["occurred_at"]) <= cutoff)
    computed = "SELECT max(placed_at) - INTERVAL 90 DAY AS cutoff FROM orders"
    assert computed in EXAMPLES["churn_features"].text
    query = EXAMPLES["churn_features"].text.replace(computed, f"SELECT TIMESTAMP '{cutoff}' AS cutoff")
    # Who is who is of now: customers whose identifiers were the same then must have the same features.
    same = (
        "SELECT customer_id, list(node ORDER BY node) AS nodes FROM identifiers"
        f" WHERE first_seen_at <= TIMESTAMP '{cutoff}' GROUP BY customer_id"
    )
    unchanged = set(map(str, shop.rows(same))) & set(map(str, then.rows(same)))
    kept = {row[0] for row in then.rows(same) if str(row) in unchanged}
    now, before = ([row for row in one.records(query) if row["customer_id"] in kept] for one in (shop, then))
    assert now == before
    assert len(now) > 50


def test_cohort_retention(shop: Fed) -> None:
    def month(at: datetime) -> int:
        return at.year * 12 + at.month - 1

    last = month(max(instant(datum["occurred_at"]) for _, datum in shop.told))
    months = {
        customer: {month(order.placed_at) for order in bought}
        for customer, bought in by_customer(shop).items()
    }
    sizes = Counter(min(active) for active in months.values())
    expected = {}
    for cohort, size in sizes.items():
        for later in range(1, last - min(sizes) + 1):
            came = sum(min(active) == cohort and cohort + later in active for active in months.values())
            is_over = cohort + later < last
            expected[cohort, later] = size, came if is_over else None
    found = rows_of(shop, "cohort_retention")
    assert {
        (month(row["cohort"]), row["months_later"]): (row["customers"], row["active"]) for row in found
    } == expected
    for row in found:
        share = None if row["active"] is None else round(row["active"] / row["customers"], 4)
        assert row["retention"] == share
    assert {row["active"] is None for row in found} == {True, False}


def test_rfm(shop: Fed) -> None:
    bought = by_customer(shop)
    last = {customer: (some[-1].placed_at, customer) for customer, some in bought.items()}
    often = {customer: (len(some), customer) for customer, some in bought.items()}
    worth = {customer: (sum(order.kept for order in some), customer) for customer, some in bought.items()}
    expected = [
        {customer: fifths(sorted(of.values()))[of[customer]] for customer in bought}
        for of in (last, often, worth)
    ]
    found = rows_of(shop, "rfm")
    for name, scores in zip(("recency", "frequency", "monetary"), expected, strict=True):
        assert {row["customer_id"]: row[name] for row in found} == scores
    assert found[0]["rfm"] == "555"


def test_funnel(shop: Fed) -> None:
    all_visits = visits(shop)
    steps = ["product_viewed", "product_added", "checkout_started", "order_placed"]
    ordered_on: dict[str | None, list[datetime]] = defaultdict(list)
    for order in orders(shop).values():
        ordered_on[order.device_id].append(order.placed_at)
    reached = Counter({"visit": len(all_visits)})
    for visit in all_visits:
        done = {name for _, name, _ in visit.events}
        if any(visit.started_at <= at < visit.ended_at + GAP for at in ordered_on[visit.device_id]):
            done.add("order_placed")
        for at, step in enumerate(steps, 1):
            reached[step] += set(steps[:at]) <= done
    found = rows_of(shop, "funnel")
    assert [row["visits"] for row in found] == [reached["visit"], *(reached[step] for step in steps)]
    assert found[-1]["visits"] > 100


def test_revenue_reconciles(shop: Fed) -> None:
    kept: Counter[str] = Counter()
    for order in orders(shop).values():
        kept[order.currency] += order.kept
    found = rows_of(shop, "revenue_reconciliation")
    assert {row["currency"]: row["by_orders"] * 100 for row in found} == kept
    assert {(row["customers_differ"], row["events_differ"]) for row in found} == {(0, 0)}


def test_delivery_promise(shop: Fed) -> None:
    until = max(instant(datum["occurred_at"]) for _, datum in shop.told)
    expected: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for order in orders(shop).values():
        if order.promised_by and not order.is_cancelled:
            count = expected[order.promised_by.year, order.promised_by.month]
            count["promised"] += 1
            if order.promised_by < until:
                count["due"] += 1
                count["late"] += order.delivered_at is None or order.delivered_at > order.promised_by
                count["still_missing"] += order.delivered_at is None
    found = rows_of(shop, "delivery_promise")
    names = ("promised", "due", "late", "still_missing")
    assert {
        (row["month"].year, row["month"].month): Counter({n: row[n] for n in names}) for row in found
    } == expected


def test_return_rates(shop: Fed) -> None:
    sold: Counter[str] = Counter()
    back: Counter[str] = Counter()
    for order in orders(shop).values():
        if not order.is_cancelled:
            category = {line["line_id"]: line["category"] for line in order.lines}
            sold.update(dict.fromkeys(category.values(), 0))
            for line in order.lines:
                sold[line["category"]] += line["quantity"]
            for _, line_id, quantity in order.returned:
                back[category[line_id]] += quantity
    found = rows_of(shop, "return_rates")
    assert {row["category"]: (row["sold"], row["returned"]) for row in found} == {
        category: (pieces, back[category]) for category, pieces in sold.items()
    }
    assert sum(back.values()) > 20


def test_first_touch(shop: Fed) -> None:
    accounts, devices = owners(shop, "user_id"), owners(shop, "device_id")
    first_order = {customer: bought[0].placed_at for customer, bought in by_customer(shop).items()}
    first: dict[Any, str] = {}
    for datum in of(shop, "web/tracking/campaign_clicked"):
        customer = accounts.get(datum["user_id"]) or devices.get(datum["device_id"])
        if customer in first_order and instant(datum["occurred_at"]) <= first_order[customer]:
            first.setdefault(customer, datum["utm_source"])
    worth: Counter[str] = Counter()
    for customer, bought in by_customer(shop).items():
        worth[first.get(customer, "none")] += sum(order.kept for order in bought)
    found = rows_of(shop, "first_touch")
    assert {row["utm_source"]: row["revenue_net"] * 100 for row in found} == worth
    assert sum(row["orders"] for row in found) == len(orders(shop))
    assert len(found) > 2


def test_open_complaints(shop: Fed) -> None:
    kinds = {datum["ticket_id"]: datum["kind"] for datum in of(shop, "crm/standard/ticket_opened")}
    word: dict[str, str] = {}
    for datum in of(shop, "crm/standard/ticket_updated"):
        kinds[datum["ticket_id"]] = datum["kind"] or kinds[datum["ticket_id"]]
    for datum in of(shop, "crm/standard/ticket_closed"):
        word[datum["ticket_id"]] = "closed"
    messages = of(shop, "social/standard/message")
    latest = {datum["conversation_id"]: datum for datum in messages}
    expected = {ticket for ticket, kind in kinds.items() if kind == "complaint" and ticket not in word}
    expected |= {
        name for name, datum in latest.items()
        if datum["direction"] == "in" and any(m["kind"] == "complaint" for m in messages
                                              if m["conversation_id"] == name)
    }  # fmt: skip
    found = rows_of(shop, "open_complaints")
    assert {row["conversation_id"] for row in found} == expected
    assert [row["opened_at"] for row in found] == sorted(row["opened_at"] for row in found)
