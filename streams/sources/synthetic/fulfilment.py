"""The life of an order after it was placed: paid, shipped, delivered, returned, refunded, cancelled.

Decides when what becomes of an order, and that late parcels anger people. Must never invent a new order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from streams.sources.synthetic.parameters import DAY, HOUR, MINUTE
from streams.sources.synthetic.people import Person
from streams.sources.synthetic.service import open_case
from streams.sources.synthetic.shop import Shop

REASONS = ("Passt nicht", "Gefällt nicht", "Anders als abgebildet", "Beschädigt", "Zu spät geliefert")
CARRIERS = ("DHL", "Hermes", "DPD")
PAID_AFTER = {"paypal": MINUTE, "card": MINUTE, "prepayment": 2 * DAY, "invoice": 16 * DAY}  # means


@dataclass(frozen=True)
class Bought:
    """An order as its later life knows it; `lines` are the contract's, money is in cents."""

    shop: Shop
    person: Person
    order_id: str
    user_id: str | None
    lines: list[dict[str, Any]]
    total_minor: int
    payment: str
    promised_by: int

    def tell(self, event: str, at: int, **values: Any) -> None:
        """An event of this order; some name the account too."""
        user_id = self.user_id if self.shop.chance.happens(0.5) else None
        self.shop.tell(f"shop/standard/{event}", at, order_id=self.order_id, user_id=user_id, **values)

    def refund(self, at: int, reason: str, lines: list[dict[str, Any]], return_id: str | None = None) -> None:
        """The lines' money is paid back; with every line, the shipping costs too."""
        whole = len(lines) == len(self.lines)
        self.tell(
            "order_refunded",
            at,
            refund_id=self.shop.chance.token(),
            return_id=return_id,
            amount_minor=self.total_minor if whole else _worth(lines),
            currency="EUR",
            reason=reason,
            lines=[{**_counted(line), "amount_minor": line["total_minor"]} for line in lines],
        )


def fulfil(bought: Bought, placed_at: int) -> None:
    """All that becomes of an order, from payment to refund."""
    chance = bought.shop.chance
    paid_at = placed_at + chance.wait(PAID_AFTER[bought.payment])
    if chance.happens(bought.shop.parameters.cancelled):
        _cancel(bought, placed_at, paid_at)
        return
    _pay(bought, paid_at)
    ready_at = placed_at if bought.payment == "invoice" else paid_at
    delivered_at = _deliver(bought, ready_at + 4 * HOUR + chance.wait(10 * HOUR))
    _react(bought, delivered_at)
    if chance.happens(bought.shop.parameters.returned):
        _take_back(bought, delivered_at + chance.wait(4 * DAY), paid_at)


def _cancel(bought: Bought, placed_at: int, paid_at: int) -> None:
    at = placed_at + bought.shop.chance.wait(6 * HOUR)
    if paid_at < at:
        _pay(bought, paid_at)
    bought.tell("order_cancelled", at, reason="Vom Kunden storniert")
    if paid_at < at:
        bought.refund(at + bought.shop.chance.wait(DAY), "cancellation", bought.lines)


def _pay(bought: Bought, at: int) -> None:
    money = {"amount_minor": bought.total_minor, "currency": "EUR", "payment_method": bought.payment}
    bought.tell("order_paid", at, payment_id=bought.shop.chance.token(), **money)


def _deliver(bought: Bought, shipped_at: int) -> int:
    """Ships and delivers the order, sometimes in two parcels; gives the last arrival."""
    chance = bought.shop.chance
    late = chance.happens(bought.shop.parameters.delivered_late)
    cut = 1 if len(bought.lines) > 1 and chance.happens(0.15) else 0
    arrival = shipped_at
    for lines in filter(None, (bought.lines[:cut], bought.lines[cut:])):
        parcel, number = chance.token(), f"{chance.between(10**11, 10**12 - 1)}"
        counted = [_counted(line) for line in lines]
        carried = {"shipment_id": parcel, "carrier": chance.choice(CARRIERS), "tracking_number": number}
        bought.tell("order_shipped", shipped_at, lines=counted, **carried)
        if late:
            arrival = max(shipped_at, bought.promised_by) + 8 * HOUR + chance.wait(2 * DAY)
        else:
            arrival = max(shipped_at + 10 * HOUR, bought.promised_by - chance.wait(DAY))
        bought.tell("order_delivered", arrival, shipment_id=parcel)
    return arrival


def _react(bought: Bought, delivered_at: int) -> None:
    """Late parcels lead to complaints; other orders to a question or to praise now and then."""
    shop, chance = bought.shop, bought.shop.chance
    if delivered_at > bought.promised_by and chance.happens(shop.parameters.complaints):
        kind, at = "complaint", bought.promised_by + chance.wait(DAY)
    elif chance.happens(shop.parameters.questions):
        kind = chance.choice(("question", "question", "praise", "request"))
        at = delivered_at + chance.wait(3 * DAY)
    else:
        return
    shop.plan(at, partial(open_case, kind=kind, order_id=bought.order_id), bought.person)


def _take_back(bought: Bought, requested_at: int, paid_at: int) -> None:
    """A return of some or all lines, and the money back once there was a payment."""
    chance = bought.shop.chance
    lines = bought.lines if chance.happens(0.55) else bought.lines[: max(1, len(bought.lines) // 2)]
    return_id, reason = chance.token(), chance.choice(REASONS)
    wanted = [{**_counted(line), "reason": reason} for line in lines]
    bought.tell("return_requested", requested_at, return_id=return_id, lines=wanted)
    if chance.happens(0.06):
        return
    received_at = requested_at + DAY + chance.wait(3 * DAY)
    received = [{**_counted(line), "condition": "neuwertig"} for line in lines]
    bought.tell("order_returned", received_at, return_id=return_id, lines=received)
    refunded_at = max(received_at, paid_at) + HOUR + chance.wait(DAY)
    bought.refund(refunded_at, "return", lines, return_id)


def _counted(line: dict[str, Any]) -> dict[str, Any]:
    return {"line_id": line["line_id"], "quantity": line["quantity"]}


def _worth(lines: list[dict[str, Any]]) -> int:
    return sum(line["total_minor"] for line in lines)
