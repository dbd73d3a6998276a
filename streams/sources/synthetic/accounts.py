"""Accounts and consents: registering, changing one's data, the newsletter and its double opt-in.

Decides what people tell about themselves and allow. Must never confirm an address that is not the person's.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from streams.sources.synthetic.parameters import DAY, HOUR, MINUTE
from streams.sources.synthetic.people import Person
from streams.sources.synthetic.shop import Shop
from streams.sources.synthetic.visits import enter


def register(shop: Shop, person: Person, at: int) -> None:
    """The person makes an account, perhaps with the newsletter, and is logged in."""
    chance = shop.chance
    visit = enter(shop, person, at, known=False)
    email, newsletter = shop.mistakes.email(person), chance.happens(shop.parameters.newsletter)
    about: dict[str, Any] = {"salutation": person.salutation, "language": "de"}
    about |= {"first_name": person.first_name, "last_name": person.last_name}
    about["birth_date"] = person.born_on if chance.happens(0.5) else None
    about["address"] = person.address.written() if chance.happens(0.7) else None
    about["phone"] = shop.mistakes.phone(person) if chance.happens(0.5) else None
    ids = {"user_id": person.user_id, "customer_no": person.customer_no, "email": email}
    shop.tell("shop/standard/account_created", visit.at, newsletter_opt_in=newsletter, **ids, **about)
    visit.at += chance.wait(MINUTE)
    if not visit.device.silent:
        visit.log_in()
    if newsletter and email.lower() in person.emails:
        shop.plan(visit.at, partial(subscribe, email=email.lower()), person)
    if chance.happens(0.08):
        shop.plan(at + chance.wait(40 * DAY), _change, person)


def subscribe(shop: Shop, person: Person, at: int, email: str) -> None:
    """Double opt-in: asked for, mostly confirmed, sometimes withdrawn later."""
    chance = shop.chance
    asked = {"email": email, "email_purpose": "newsletter", "text_version": "2026-01", "ip": _ip(shop)}
    shop.tell("crm/standard/consent_requested", at, form_url="https://shop.example/newsletter", **asked)
    if not chance.happens(0.8):
        return
    confirmed_at = at + chance.wait(3 * HOUR)
    proof = {"method": "double_opt_in", "requested_at": at, "confirmed_at": confirmed_at}
    shop.tell("crm/standard/consent_given", confirmed_at, **asked, **proof)
    shop.plan(confirmed_at, _receive, person)
    if chance.happens(shop.parameters.withdrawals):
        shop.plan(confirmed_at + chance.wait(45 * DAY), partial(_withdraw, email=email), person)


def _receive(shop: Shop, person: Person, at: int) -> None:
    person.newsletter = True
    welcome = {"subject": "Willkommen!", "campaign_id": "willkommen", "message_id": shop.chance.token()}
    shop.tell("crm/standard/email_sent", at + MINUTE, email=person.emails[0], **welcome)


def _withdraw(shop: Shop, person: Person, at: int, email: str) -> None:
    person.newsletter = False
    shop.tell("crm/standard/consent_withdrawn", at, email=email, email_purpose="newsletter", channel="link")


def _change(shop: Shop, person: Person, at: int) -> None:
    phone = person.typed_phone if shop.chance.happens(0.5) else None
    shop.tell(
        "shop/standard/account_updated",
        at,
        user_id=person.user_id,
        phone=phone,
        address=person.address.written(),
    )


def _ip(shop: Shop) -> str:
    return f"203.0.113.{shop.chance.between(1, 254)}"
