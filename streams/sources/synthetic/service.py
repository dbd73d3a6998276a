"""Customer service: contact records and their duplicates, tickets, calls and e-mails.

Decides how a case runs and under which identifiers it is filed. Must never touch an order.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from streams.sources.synthetic.parameters import DAY, HOUR, MINUTE, SECOND
from streams.sources.synthetic.people import Person
from streams.sources.synthetic.shop import Shop
from streams.sources.synthetic.texts import ANSWER, CASES

CHANNELS = ("phone", "email", "chat", "web")
CHANNEL_PULLS = (38, 34, 14, 14)
AGENTS = ("Aylin", "Bernd", "Cem", "Dörte")


def open_case(shop: Shop, person: Person, at: int, kind: str, order_id: str | None = None) -> None:
    """A case of a kind (question, complaint, praise, request), mostly answered and closed."""
    chance = shop.chance
    channel = chance.choices(CHANNELS, CHANNEL_PULLS)[0]
    contact = _contact(shop, person, at)
    who = _filed_under(shop, person, channel, at)
    subject, text = chance.choice(CASES[kind])
    case = {"ticket_id": shop.issue("ticket", person)}
    if channel == "phone":
        _log_call(shop, person, at + MINUTE, crm_contact_id=contact, kind=kind, **case)
    elif channel == "email":
        mail = {
            "message_id": chance.token(),
            "mailbox": "service@shop.example",
            "subject": subject,
            "text": text,
        }
        shop.tell("crm/standard/email_received", at + MINUTE, **who, **mail, **case)
    shop.tell(
        "crm/standard/ticket_opened",
        at + 2 * MINUTE,
        crm_contact_id=contact,
        order_id=order_id if chance.happens(0.7) else None,
        channel=channel,
        kind=kind,
        priority="high" if kind == "complaint" else "normal",
        subject=subject,
        text=text,
        **who,
        **case,
    )
    _work_on(shop, at + HOUR // 2 + chance.wait(4 * HOUR), who.get("email"), subject, case)


def _work_on(shop: Shop, at: int, email: str | None, subject: str, case: dict[str, str]) -> None:
    """Staff take the case, answer it (by e-mail, if there is one) and mostly close it."""
    chance, agent = shop.chance, shop.chance.choice(AGENTS)
    shop.tell("crm/standard/ticket_updated", at, status="pending", assignee=agent, **case)
    if email:
        answer = {"message_id": chance.token(), "subject": f"Re: {subject}", "text": ANSWER, "agent": agent}
        shop.tell("crm/standard/email_sent", at + MINUTE, email=email, **answer, **case)
    if not chance.happens(0.08):
        closed_at = at + HOUR + chance.wait(2 * DAY)
        shop.tell("crm/standard/ticket_closed", closed_at, resolution="gelöst", **case)


def _filed_under(shop: Shop, person: Person, channel: str, at: int) -> dict[str, Any]:
    """The identifiers that a case of this channel comes with."""
    if channel == "phone":
        calls_from = person.landline if person.landline and shop.chance.happens(0.4) else person.mobile
        return {"phone": calls_from}
    if channel == "chat" and person.is_registered(at):
        return {"customer_no": person.customer_no}
    if channel == "email":
        return {"email": person.emails[0]}
    return {"email": shop.mistakes.email(person)}


def _log_call(shop: Shop, person: Person, at: int, **values: Any) -> None:
    call = {
        "call_id": shop.chance.token(),
        "direction": "in",
        "phone": person.mobile if shop.chance.happens(0.7) else None,
        "duration_seconds": shop.chance.wait(240),
        "agent": shop.chance.choice(AGENTS),
    }
    shop.tell("crm/standard/call_logged", at, **call, **values)


def _contact(shop: Shop, person: Person, at: int) -> str:
    """The CRM's record of the person under which a case is filed; staff do not always find the first."""
    chance = shop.chance
    if not person.contacts:
        _make_contact(shop, person, at, by_phone=chance.happens(0.4))
    if not chance.happens(shop.parameters.duplicate_contacts):
        return person.contacts[0]
    duplicate = _make_contact(shop, person, at + SECOND, by_phone=True)
    if chance.happens(shop.parameters.merged_contacts):
        shop.plan(at + chance.wait(10 * DAY), partial(_merge, duplicate=duplicate), person)
    return duplicate


def _make_contact(shop: Shop, person: Person, at: int, by_phone: bool) -> str:
    """A new record, with the telephone number or the e-mail address, sometimes completed later."""
    chance = shop.chance
    contact = shop.issue("crm_contact", person)
    person.contacts.append(contact)
    known: dict[str, Any] = {"salutation": person.salutation, "last_name": person.last_name}
    known["first_name"] = person.first_name if chance.happens(0.8) else None
    known |= {"phone": person.mobile} if by_phone else {"email": person.emails[0]}
    if person.is_registered(at) and chance.happens(0.5):
        known["customer_no"] = person.customer_no
    shop.tell("crm/standard/contact_created", at, crm_contact_id=contact, **known)
    if chance.happens(0.2):
        shop.plan(at + chance.wait(5 * DAY), partial(_complete, contact=contact), person)
    return contact


def _merge(shop: Shop, person: Person, at: int, duplicate: str) -> None:
    """Staff find a duplicate; it is not used again."""
    person.contacts.remove(duplicate)
    merged = {"surviving_contact_id": person.contacts[0], "merged_contact_ids": [duplicate]}
    shop.tell("crm/standard/contact_merged", at, **merged)


def _complete(shop: Shop, person: Person, at: int, contact: str) -> None:
    """Staff ask for the other contact points and write them down."""
    points = {"email": person.emails[-1], "phone": person.mobile}
    shop.tell("crm/standard/contact_updated", at, crm_contact_id=contact, language="de", **points)
