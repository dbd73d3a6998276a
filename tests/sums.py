"""What a shop's events add up to, worked out one event at a time: what the SQL of views is held against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from tests.fed import Event, Fed

EPOCH = datetime.fromisoformat("1970-01-01")
GAP = timedelta(minutes=30)
SHOP, WEB = "shop/standard/", "web/tracking/"
Datum = Mapping[str, Any]


@dataclass
class Order:
    """One order's life; money in minor units."""

    placed_at: datetime
    currency: str
    total: int
    promised_by: datetime | None
    lines: list[Datum]
    device_id: str | None
    customer: UUID | None
    refunds: list[tuple[datetime, int, str]] = field(default_factory=list)
    called_off: int = 0
    is_cancelled: bool = False
    delivered_at: datetime | None = None
    returned: list[tuple[datetime, str, int]] = field(default_factory=list)  # when, line, pieces

    @property
    def kept(self) -> int:
        """The total less what was cancelled and what was paid back, both together counted once."""
        if self.is_cancelled:
            return 0
        cancelling = sum(amount for _, amount, reason in self.refunds if reason == "cancellation")
        rest = sum(amount for _, amount, reason in self.refunds if reason != "cancellation")
        return self.total - max(self.called_off, cancelling) - rest


def instant(micros: int | datetime) -> datetime:
    """An event's time, UTC, as the store gives it."""
    return (
        micros.replace(tzinfo=None)
        if isinstance(micros, datetime)
        else EPOCH + timedelta(microseconds=micros)
    )


def distinct(events: Iterable[Event], prefix: str = "") -> Iterator[Event]:
    """Every event of some types once, however often it was told."""
    seen = set()
    for event_type, datum in events:
        key = event_type, datum["event_id"]
        if event_type.startswith(prefix) and key not in seen:
            seen.add(key)
            yield event_type, datum


def of(shop: Fed, event_type: str) -> list[Datum]:
    """The distinct events of one type, by time."""
    found = [datum for name, datum in distinct(shop.told, event_type) if name == event_type]
    return sorted(found, key=lambda datum: (instant(datum["occurred_at"]), datum["event_id"]))


def owners(shop: Fed, kind: str) -> dict[str, UUID]:
    """Whose each identifier of a kind is now."""
    return dict(shop.rows("SELECT value, customer_id FROM identifiers WHERE kind = ?", [kind]))


def orders(shop: Fed) -> dict[str, Order]:
    """Every order with its life; the generated shop states each step of an order once."""
    customers = owners(shop, "order")
    made: dict[str, Order] = {}
    for datum in of(shop, SHOP + "order_placed"):
        promised = datum["promised_by"]
        made[datum["order_id"]] = Order(
            placed_at=instant(datum["occurred_at"]),
            currency=datum["currency"],
            total=datum["total_minor"],
            promised_by=None if promised is None else instant(promised),
            lines=datum["lines"],
            device_id=datum["device_id"],
            customer=customers.get(datum["order_id"]),
        )
    for datum in of(shop, SHOP + "order_refunded"):
        paid_back = instant(datum["occurred_at"]), datum["amount_minor"], datum["reason"]
        made[datum["order_id"]].refunds.append(paid_back)
    for datum in of(shop, SHOP + "order_cancelled"):
        one = made[datum["order_id"]]
        one.called_off += one.total if datum["amount_minor"] is None else datum["amount_minor"]
        one.is_cancelled = one.called_off >= one.total
    for datum in of(shop, SHOP + "order_delivered"):
        made[datum["order_id"]].delivered_at = instant(datum["occurred_at"])
    for datum in of(shop, SHOP + "order_returned"):
        made[datum["order_id"]].returned += [
            (instant(datum["occurred_at"]), line["line_id"], line["quantity"]) for line in datum["lines"]
        ]
    return made


def by_customer(shop: Fed) -> dict[UUID, list[Order]]:
    """The orders of each customer, by time."""
    bought: dict[UUID, list[Order]] = defaultdict(list)
    for order in sorted(orders(shop).values(), key=lambda order: order.placed_at):
        if order.customer:
            bought[order.customer].append(order)
    return bought


@dataclass
class Visit:
    """A visit: what one browser did without a gap of 30 minutes."""

    device_id: str
    events: list[tuple[datetime, str, Datum]]

    @property
    def started_at(self) -> datetime:
        """Its first moment."""
        return self.events[0][0]

    @property
    def ended_at(self) -> datetime:
        """Its last moment."""
        return self.events[-1][0]


def visits(shop: Fed) -> list[Visit]:
    """All visits, each browser's in order."""
    by_device: dict[str, list[tuple[datetime, str, Datum]]] = defaultdict(list)
    for event_type, datum in distinct(shop.told, WEB):
        name = event_type.removeprefix(WEB)
        by_device[datum["device_id"]].append((instant(datum["occurred_at"]), name, datum))
    found = []
    for device, seen in sorted(by_device.items()):
        seen.sort(key=lambda event: (event[0], event[1], event[2]["event_id"]))
        cuts = [
            0,
            *(at for at, (one, two) in enumerate(pairwise(seen), 1) if two[0] - one[0] >= GAP),
            len(seen),
        ]
        found += [Visit(device, seen[start:end]) for start, end in pairwise(cuts)]
    return found
