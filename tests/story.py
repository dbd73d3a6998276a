"""Two customers told by hand, for tests of what people read: Anna, known to web, shop, CRM and a network, and
Gerda, her mother, whose telephone Anna's service case names too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fed import Event, event_of

ANNA = "anna.mueller@gmx.de"
GERDA = "gerda.mueller@gmx.de"
DEVICE = "5f0c1d5e-8a44-4c0b-9a53-0e6f0a3bb1c7"
WHO = {"user_id": "u-48213", "customer_no": "0048213"}


def story() -> list[Event]:
    """Every event, in the order of its time."""
    return [*_browsing(), *_late_order(), *_returned_order(), *_service(), *_mother()]


def _browsing() -> list[Event]:
    seen = {"device_id": DEVICE, "session_id": "1", "user_id": "u-48213"}
    return [
        _event("web/tracking/identified", "w-1", "2026-03-02T18:04:40Z", **seen, email=ANNA),
        _event(
            "web/tracking/product_viewed", "w-2", "2026-03-02T18:06:30Z", **seen, product_id="P-2041",
            name="Stiefelette »Mörike«", price_minor=12990, currency="EUR", url="https://shop.example.de/p/P-2041",
        ),
    ]  # fmt: skip


def _late_order() -> list[Event]:
    order = {"order_id": "R-1001", **WHO}
    address = {"first_name": "Anna", "last_name": "Müller", "street": "Wörthstraße 12a",
               "postal_code": "01099", "city": "Dresden", "country": "DE"}  # fmt: skip
    lines = [_line("1", "Stiefelette »Mörike«", 1, 12990), _line("2", "Schal aus Merinowolle", 2, 3995)]
    return [
        _event(
            "shop/standard/order_placed", "s-1", "2026-03-02T18:15:00Z", **order, email=ANNA,
            phone="0171 3920045", device_id=DEVICE, billing_address=address, lines=lines,
            subtotal_minor=20980, discount_minor=799, shipping_minor=490, total_minor=20671, currency="EUR",
            payment_method="paypal", promised_by="2026-03-05T18:00:00Z", channel="web",
        ),
        _event("shop/standard/order_paid", "s-2", "2026-03-02T18:15:20Z", **order, payment_id="pay-1",
               amount_minor=20671, currency="EUR"),
        _event("shop/standard/order_shipped", "s-3", "2026-03-03T07:00:00Z", **order, shipment_id="1",
               carrier="DHL"),
        _event("shop/standard/order_delivered", "s-4", "2026-03-07T18:30:00Z", **order, shipment_id="1"),
    ]  # fmt: skip


def _returned_order() -> list[Event]:
    order = {"order_id": "4711", **WHO}
    return [
        _event("shop/standard/order_placed", "s-5", "2026-03-20T10:00:00Z", **order, email=ANNA,
               lines=[_line("1", "Leinenkleid", 1, 5000)], subtotal_minor=5000, total_minor=5000,
               currency="EUR", channel="app"),
        _event("shop/standard/order_returned", "s-6", "2026-03-28T09:00:00Z", **order, return_id="RT-1"),
        _event("shop/standard/order_refunded", "s-7", "2026-03-29T15:00:00Z", **order, refund_id="RF-1",
               return_id="RT-1", amount_minor=5000, currency="EUR", reason="return"),
    ]  # fmt: skip


def _service() -> list[Event]:
    return [
        _event("crm/standard/contact_created", "c-1", "2026-03-02T09:00:00Z", crm_contact_id="K-501",
               customer_no="0048213", email=ANNA, phone="(0171) 39 200 45", first_name="Anna",
               last_name="Müller"),
        _event("crm/standard/consent_given", "c-2", "2026-03-02T18:06:00Z", email=ANNA,
               email_purpose="newsletter", method="double_opt_in", text_version="2026-01"),
        _event("crm/standard/ticket_opened", "c-3", "2026-03-08T08:30:00Z", ticket_id="T-815",
               customer_no="0048213", crm_contact_id="K-501", email="noreply@gmx.de", order_id="R-1001",
               channel="email", kind="complaint", subject="Lieferung zu spät",
               text="Zugesagt war der 5. März."),
        _event("crm/standard/email_sent", "c-4", "2026-03-08T09:10:00Z", email=ANNA, ticket_id="T-815",
               subject="Ihre Lieferung", text="Das tut uns \x1b[31mleid."),
        _event("social/standard/message", "n-1", "2026-03-11T10:03:00Z", message_id="m-1",
               social_handle="instagram:178414", conversation_id="ig-1", direction="in",
               phone="0171-3920045", text="Ruft mich an"),
    ]  # fmt: skip


def _mother() -> list[Event]:
    return [
        _event("shop/standard/account_created", "s-8", "2026-01-10T10:00:00Z", user_id="u-7", email=GERDA,
               first_name="Gerda", last_name="Müller"),
        _event("crm/standard/ticket_opened", "c-5", "2026-04-01T08:00:00Z", ticket_id="4711", email=GERDA,
               phone="030 23125 099", channel="phone", kind="question", subject="Gutschein"),
    ]  # fmt: skip


def _line(line_id: str, name: str, quantity: int, price: int) -> Mapping[str, Any]:
    return {"line_id": line_id, "product_id": f"P-{line_id}", "name": name, "quantity": quantity,
            "unit_price_minor": price, "total_minor": quantity * price}  # fmt: skip


def _event(event_type: str, event_id: str, at: str, **fields: Any) -> Event:
    return event_of(event_type, event_id=event_id, occurred_at=at, **fields)
