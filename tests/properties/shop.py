"""Small crowded shops for property tests: few identifiers, so that everything meets everything."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.feed import DAY, Said, says

PEOPLE = 7
ADDRESS = {
    "first_name": None, "last_name": None, "company": None, "street": "Am Deich 1", "house_number": None,
    "address_addition": None, "postal_code": "01067", "city": "Bremen", "country": "DE",
}  # fmt: skip
MAILS = ["anna@web.de", " Anna@Web.DE", "otto@gmx.de", "otto@googlemail.com", "otto@gmail.com",
         "noreply@shop.de", "eva@posteo.de", "null"]  # fmt: skip
PHONES = ["+491713920045", "0171 3920046", "+49 171 3920047", "0000"]
OWNED = ["email", "user_id", "device_id", "customer_no", "phone", "crm_contact", "order"]

days = st.integers(0, 20).map(lambda half: half * DAY // 2)
mails = st.sampled_from(MAILS)
phones = st.sampled_from(PHONES)
logins = st.integers(1, PEOPLE).map(lambda n: f"login-{n}")
customers = st.integers(1, 3).map(lambda n: f"K{n}")
devices = st.integers(1, 4).map(lambda n: f"device-{n}")
contacts = st.integers(1, PEOPLE).map(lambda n: f"c-{n}")
orders = st.integers(1, 4).map(lambda n: f"order-{n}")
first_names = st.sampled_from(["Anna", "Otto", ""])


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value or null, which says nothing."""
    return st.none() | values


VALUES = {
    "email": mails, "phone": phones, "user_id": logins, "customer_no": customers, "device_id": devices,
    "crm_contact": contacts, "order": orders,
}  # fmt: skip
NAMES = st.sampled_from(OWNED).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind]))

EVENTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "web/tracking/identified": {
        "device_id": devices, "user_id": maybe(logins), "email": maybe(mails), "phone": maybe(phones),
    },
    "web/tracking/page_viewed": {"device_id": devices, "user_id": maybe(logins)},
    "shop/standard/account_created": {
        "user_id": logins, "customer_no": maybe(customers), "email": mails, "phone": maybe(phones),
        "first_name": maybe(first_names), "newsletter_opt_in": st.booleans(),
    },
    "shop/standard/order_placed": {
        "order_id": orders, "user_id": maybe(logins), "email": maybe(mails), "device_id": maybe(devices),
        "recipient_email": maybe(mails), "recipient_phone": maybe(phones), "lines": st.just([]),
        "billing_address": maybe(first_names.map(lambda name: ADDRESS | {"first_name": name})),
        "subtotal_minor": st.just(0), "total_minor": st.integers(-500, 5000),
        "currency": st.sampled_from(["EUR", "CHF"]),
    },
    "shop/standard/order_shipped": {
        "order_id": orders, "customer_no": maybe(customers), "shipment_id": st.just("s"),
    },
    "shop/standard/order_refunded": {
        "order_id": orders, "refund_id": st.just("r"), "amount_minor": st.integers(0, 900),
        "currency": st.just("EUR"), "reason": maybe(st.sampled_from(["return", "cancellation"])),
    },
    "crm/standard/contact_created": {
        "crm_contact_id": contacts, "customer_no": maybe(customers), "email": maybe(mails),
        "phone": maybe(phones), "first_name": maybe(first_names),
    },
    "crm/standard/contact_merged": {
        "surviving_contact_id": contacts, "merged_contact_ids": st.lists(contacts, max_size=3),
    },
    "crm/standard/consent_given": {
        "email": mails, "phone": maybe(phones), "email_purpose": st.sampled_from(["newsletter", "Surveys"]),
        "phone_purpose": maybe(st.just("sms")), "method": st.just("written"),
    },
    "crm/standard/consent_withdrawn": {"email": mails, "email_purpose": st.just("newsletter")},
    "own/rundum/identity_constrained": {
        "left": NAMES, "right": NAMES, "verdict": st.sampled_from(["must", "cannot", "none"]),
        "reason": st.just("r"), "actor": st.just("a"),
    },
    "own/rundum/identifier_blocked": {
        "about": NAMES, "blocked": st.sampled_from([True, True, False]), "reason": st.just("r"),
        "actor": st.just("a"),
    },
}  # fmt: skip
SHAPES = {event_type: st.fixed_dictionaries(fields) for event_type, fields in EVENTS.items()}


@st.composite
def tellings(draw: st.DrawFn, event_types: list[str] | None = None) -> tuple[str, int, dict[str, Any]]:
    """An event without an id: (type, time, fields)."""
    event_type = draw(st.sampled_from(event_types or list(SHAPES)))
    fields = draw(SHAPES[event_type])
    for side, about in (("left_", "left"), ("right_", "right"), ("", "about")):
        if about in fields:
            fields[f"{side}kind"], fields[f"{side}value"] = fields.pop(about)
    return event_type, draw(days), fields


@st.composite
def histories(draw: st.DrawFn, largest: int = 40, event_types: list[str] | None = None) -> list[Said]:
    """Events of a shop; some share their id with another of their type that says something else."""
    size = draw(st.integers(1, largest))
    told = draw(st.lists(tellings(event_types), min_size=size, max_size=size))
    events: list[Said] = []
    for at, (event_type, when, fields) in enumerate(told):
        rivals = [said.datum["event_id"] for said in events if said.type == event_type]
        conflicts = rivals and draw(st.integers(0, 9)) == 0
        event_id = draw(st.sampled_from(rivals)) if conflicts else f"e{at}"
        events.append(says(event_type, event_id, when, **fields))
    return events


CROWDED = [
    "web/tracking/identified", "web/tracking/page_viewed", "shop/standard/order_placed",
    "shop/standard/order_shipped", "crm/standard/contact_created", "own/rundum/identifier_blocked",
]  # fmt: skip
SHARED = {"device_id": "device-1", "order_id": "order-1", "phone": "+491713920045"}


def crowd_together(events: list[Said]) -> list[Said]:
    """The same, but all use one device, one telephone and one order number: these become hubs."""
    return [
        Said(said.type, said.datum | {name: one for name, one in SHARED.items() if said.datum.get(name)})
        for said in events
    ]


crowds = histories(event_types=CROWDED).map(crowd_together)


def resend(events: list[Said], chance: Random, share: float = 0.25) -> list[Said]:
    """The events in any order, a share of them more than once."""
    again = events + [chance.choice(events) for _ in range(int(len(events) * share))]
    chance.shuffle(again)
    return again
