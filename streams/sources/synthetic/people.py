"""The people of the generated shop: households, contact points, devices and whose they are.

Decides who exists and what belongs to whom before anything happens. Must never tell an event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from streams.sources.synthetic.chance import Chance
from streams.sources.synthetic.names import (
    DOMAIN_PULLS,
    MAIL_DOMAINS,
    Address,
    Names,
    draw_names,
    landlines,
    mailbox,
    mobile,
    spelled,
)
from streams.sources.synthetic.owners import Truth
from streams.sources.synthetic.parameters import Parameters
from streams.sources.synthetic.seasons import Seasons

DEVICES = (1, 2, 3, 4)
DEVICE_PULLS = (48, 32, 15, 5)
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 Version/18.2 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0",
)
AGENT_PULLS = (34, 30, 28, 8)


@dataclass(slots=True)
class Device:
    """A browser. `id` changes when its cookie is lost; `users` share it (none: a kiosk)."""

    id: str
    agent: str
    users: tuple[int, ...]
    silent: bool = False


@dataclass(slots=True)
class Person:
    """One real person. Contact points never change; `contacts`, `consents` and cookies do.

    `typed_phone` is the mobile number as the person writes it; `registers_at` is None for guests for ever.
    `contacts` are the CRM's records of the person.
    """

    number: int
    salutation: str
    first_name: str
    last_name: str
    born_on: int
    address: Address
    emails: tuple[str, ...]
    mobile: str
    typed_phone: str
    landline: str | None
    user_id: str
    customer_no: str
    joins_at: int
    pull: float
    registers_at: int | None = None
    handle: str | None = None
    devices: list[Device] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    newsletter: bool = False

    def is_registered(self, at: int) -> bool:
        """Whether the person has an account at that instant."""
        return self.registers_at is not None and self.registers_at <= at


@dataclass(frozen=True)
class People:
    """Everybody, and the kiosks that nobody owns; `people[n - 1]` has number n."""

    people: tuple[Person, ...]
    kiosks: tuple[Device, ...]


def populate(parameters: Parameters, year: Seasons, truth: Truth) -> People:
    """All people of the shop; what belongs to whom is told to `truth`."""
    chance = Chance(parameters.seed, "people")
    names = draw_names(parameters.seed)
    lines = landlines(chance)
    mailboxes: Counter[str] = Counter()
    everybody: list[Person] = []
    while len(everybody) < parameters.people:
        couple = chance.happens(parameters.couples) and len(everybody) + 2 <= parameters.people
        line = lines.pop() if lines and chance.happens(parameters.landline) else None
        home, family = names.address(chance), chance.choice(names.families)
        household: list[Person] = []
        for _ in range(2 if couple else 1):
            number = len(everybody) + len(household) + 1
            someone = _person(number, names, chance, family)
            emails = tuple(_emails(someone, chance, mailboxes, parameters.second_email))
            someone = replace(someone, address=home, landline=line, emails=emails)
            # Number 1 is there from the first hour, so that there always is somebody to visit the shop.
            someone.joins_at = year.instant(max(0.0, chance.uniform(-2.0, 0.85)) if number > 1 else 0.0)
            household.append(someone)
        _equip(household, parameters, chance)
        everybody += household
    _befriend(everybody, parameters, chance)
    kiosks = tuple(Device(chance.token(), AGENTS[2], ()) for _ in range(parameters.kiosks))
    _declare(everybody, kiosks, truth)
    return People(tuple(everybody), kiosks)


def _person(number: int, names: Names, chance: Chance, family: str) -> Person:
    woman = chance.happens(0.58)
    phone = mobile(number * 7_919_317 % 10_000_000)
    return Person(
        number=number,
        salutation="Frau" if woman else "Herr",
        first_name=chance.choice(names.women if woman else names.men),
        last_name=family if chance.happens(0.8) else chance.choice(names.families),
        born_on=chance.between(-9_000, 13_500),
        address=Address("", "", "", ""),
        emails=(),
        mobile=phone,
        typed_phone=spelled(phone, chance),
        landline=None,
        user_id=f"u{100_000 + number}",
        customer_no=f"K{number:07}",
        joins_at=0,
        pull=min(chance.paretovariate(1.4), 30.0),
    )


def _emails(person: Person, chance: Chance, taken: Counter[str], second: float) -> Iterator[str]:
    box = mailbox(person.first_name, person.last_name)
    for _ in range(2 if chance.happens(second) else 1):
        domain = chance.choices(MAIL_DOMAINS, DOMAIN_PULLS)[0]
        taken[box] += 1
        yield f"{box}{taken[box] if taken[box] > 1 else ''}@{domain}"


def _equip(household: list[Person], parameters: Parameters, chance: Chance) -> None:
    for person in household:
        for place in range(chance.choices(DEVICES, DEVICE_PULLS)[0]):
            silent = place > 0 and chance.happens(parameters.silent_devices)
            agent = chance.choices(AGENTS, AGENT_PULLS)[0]
            person.devices.append(Device(chance.token(), agent, (person.number,), silent))
    if len(household) == 2 and chance.happens(parameters.couples_sharing):
        shared = household[0].devices[0]
        shared.users = (household[0].number, household[1].number)
        household[1].devices.insert(0, shared)


def _befriend(everybody: list[Person], parameters: Parameters, chance: Chance) -> None:
    for person in everybody:
        if chance.happens(parameters.social):
            network = chance.choice(("instagram", "facebook", "mastodon"))
            person.handle = f"{network}:{chance.between(10**8, 10**9 - 1)}{person.number:06}"


def _declare(everybody: list[Person], kiosks: tuple[Device, ...], truth: Truth) -> None:
    for person in everybody:
        owned = [("user_id", person.user_id), ("customer_no", person.customer_no)]
        owned += [("email", form) for email in person.emails for form in (email, email.title())]
        owned += [("phone", phone) for phone in (person.mobile, person.typed_phone, person.landline) if phone]
        owned += [("social_handle", person.handle)] if person.handle else []
        for kind, value in owned:
            truth.claim(kind, value, person.number)
        for device in person.devices:
            for user in device.users:
                truth.claim("device_id", device.id, user)
    for kiosk in kiosks:
        truth.claim("device_id", kiosk.id, None)
