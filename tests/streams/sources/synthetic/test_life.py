"""The generated shop lives plausibly: contracts kept, money right, orders in order, noise as asked."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import fastavro
import pytest

from schemas.catalogue import EventType, load
from schemas.conform import conform
from streams.sources.synthetic import DEMO, QUALITY, Event, Parameters, generate
from streams.sources.synthetic.parameters import DAY, HOUR
from streams.sources.synthetic.shop import SOURCES

SMALL_TOWN = replace(QUALITY, people=2_000, events=30_000, orders=0.04)
LIFE = ["order_placed", "order_shipped", "order_delivered", "return_requested", "order_returned"]


@cache
def lived(parameters: Parameters = SMALL_TOWN) -> list[Event]:
    return list(generate(parameters))


@cache
def orders() -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The shop's events by order and name, copies left out."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for event in {event.datum["event_id"]: event for event in lived()}.values():
        if event.type.startswith("shop/") and "order_id" in event.datum:
            found[event.datum["order_id"]][event.type.split("/")[2]].append(event.datum)
    return found


def encoded(contract: EventType, datum: Any) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, contract.parsed, datum)
    return body.getvalue()


def test_events_keep_their_contracts() -> None:
    contracts = load().events
    for event in lived(DEMO):
        contract = contracts[event.type]
        assert list(event.datum) == [entry["name"] for entry in contract.schema["fields"]]
        assert encoded(contract, conform(contract.schema, event.datum)) == encoded(contract, event.datum)


def test_every_contract_of_the_shop_is_used() -> None:
    used = {event.type for event in lived()}
    assert used == {name for name, event in load().events.items() if event.source.name in SOURCES}
    assert {event.topic for event in lived()} == {name.replace("/", ".") for name in SOURCES}


@pytest.mark.parametrize("parameters", [DEMO, SMALL_TOWN])
def test_the_number_of_events_is_as_asked(parameters: Parameters) -> None:
    assert len(lived(parameters)) == pytest.approx(parameters.events, rel=0.02)


@pytest.mark.parametrize("people", [1, 2, 7])
def test_the_smallest_shops_live(people: int) -> None:
    village = replace(DEMO, people=people, events=1_000, kiosks=0)
    assert len(lived(village)) == pytest.approx(1_000, rel=0.1)


def test_arrival_is_in_order_and_after_occurrence_within_the_calendar() -> None:
    arrivals = [event.appended_at for event in lived()]
    assert arrivals == sorted(arrivals)
    for event in lived():
        occurred_at = event.datum["occurred_at"]
        assert SMALL_TOWN.opens_at <= occurred_at < min(event.appended_at, SMALL_TOWN.closes_at)


def test_noise_of_the_way_is_as_asked() -> None:
    events = lived()
    copies = Counter((event.type, event.datum["event_id"]) for event in events)
    late = sum(event.appended_at - event.datum["occurred_at"] > 4 * HOUR for event in events)
    backwards = sum(one.datum["occurred_at"] > two.datum["occurred_at"] for one, two in pairwise(events))
    assert (len(events) - len(copies)) / len(copies) == pytest.approx(0.02, abs=0.004)
    assert 0.01 < late / len(events) < 0.025
    assert 0.02 < backwards / len(events) < 0.2


def test_copies_say_the_same_unless_conflicts_are_asked_for() -> None:
    def contradicted(events: list[Event]) -> int:
        said: dict[str, dict[str, Any]] = {}
        return sum(said.setdefault(event.datum["event_id"], event.datum) != event.datum for event in events)

    assert contradicted(lived()) == 0
    quarrelsome = lived(replace(DEMO, conflicts=0.05))
    assert contradicted(quarrelsome) / len(quarrelsome) == pytest.approx(0.05, abs=0.01)


def test_orders_add_up() -> None:
    for life in orders().values():
        for placed in life["order_placed"]:
            lines = placed["lines"]
            assert placed["subtotal_minor"] == sum(
                line["unit_price_minor"] * line["quantity"] for line in lines
            )
            assert placed["discount_minor"] == sum(line["discount_minor"] for line in lines)
            goods = placed["subtotal_minor"] - placed["discount_minor"]
            assert goods == sum(line["total_minor"] for line in lines)
            assert placed["total_minor"] == goods + placed["shipping_minor"]
            refunded = sum(refund["amount_minor"] for refund in life["order_refunded"])
            assert 0 <= refunded <= placed["total_minor"]


def test_orders_live_forwards() -> None:
    for life in orders().values():
        times = [life[name][0]["occurred_at"] for name in LIFE if life[name]]
        assert times == sorted(times)
        assert len(life["order_placed"]) == 1
        assert not (life["order_cancelled"] and life["order_shipped"])


def test_shares_of_orders_are_german() -> None:
    settled = [
        life for life in orders().values()
        if life["order_placed"][0]["occurred_at"] < SMALL_TOWN.closes_at - 40 * DAY
    ]  # fmt: skip
    delivered = [life for life in settled if life["order_delivered"]]
    late = [
        life for life in delivered
        if life["order_delivered"][-1]["occurred_at"] > life["order_placed"][0]["promised_by"]
    ]  # fmt: skip
    assert 0.22 < sum(bool(life["return_requested"]) for life in delivered) / len(delivered) < 0.34
    assert 0.05 < len(late) / len(delivered) < 0.2
    assert 0.02 < sum(bool(life["order_cancelled"]) for life in settled) / len(settled) < 0.07
    assert any(life["order_placed"][0]["gift"] for life in settled)
    assert any(life["order_placed"][0]["guest"] for life in settled)


def test_few_buy_most() -> None:
    def buyer(placed: dict[str, Any]) -> str:
        last, first = placed["billing_address"]["last_name"], placed["billing_address"]["first_name"]
        return f"{last}, {first}, {placed['billing_address']['street']}"

    bought = Counter(buyer(life["order_placed"][0]) for life in orders().values())
    counts = sorted(bought.values(), reverse=True)
    assert sum(counts[: len(counts) // 5]) / sum(counts) > 0.4
    assert counts[0] >= 5


def test_consents_are_confirmed_after_they_were_asked_for() -> None:
    given = [event.datum for event in lived() if event.type == "crm/standard/consent_given"]
    asked = [event.datum for event in lived() if event.type == "crm/standard/consent_requested"]
    assert 0.6 < len(given) / len(asked) < 0.95
    assert all(datum["requested_at"] < datum["confirmed_at"] == datum["occurred_at"] for datum in given)
