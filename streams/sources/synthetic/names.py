"""German names and places: drawn from Faker once, then picked from.

Decides how people are called, where they live and how an e-mail address is made of a name. Must never give
out an address or number that somebody is meant to have: mail domains are those of documentation (not the
reserved `.example`, whose addresses name nobody to the rules); landlines are those that the
Bundesnetzagentur keeps for films; mobile numbers lie in one unusual block, 01505.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from faker import Faker

from streams.sources.synthetic.chance import Chance

MAIL_DOMAINS = ("example.de", "post.example.de", "mail.example.de", "web.example.de", "uni.example.de")
DOMAIN_PULLS = (30, 28, 26, 10, 6)
FILM_LANDLINES = ("+493023125", "+496990009", "+494066969", "+492214710", "+498999998")
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


class Place(NamedTuple):
    """A city with one of its postal codes (text: they may begin with 0)."""

    postal_code: str
    city: str


class Address(NamedTuple):
    """Where a household lives."""

    street: str
    house_number: str
    postal_code: str
    city: str

    def written(self, **name: str | None) -> dict[str, str | None]:
        """The address as the contracts' record, with the fields of a name where the record has them."""
        return {**name, **self._asdict(), "address_addition": None, "country": "DE"}


@dataclass(frozen=True)
class Names:
    """Pools to pick from."""

    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[Place, ...]

    def address(self, chance: Chance) -> Address:
        """An address; some houses have a letter."""
        house = f"{chance.between(1, 140)}{chance.choice('abc') if chance.happens(0.1) else ''}"
        return Address(chance.choice(self.streets), house, *chance.choice(self.places))


def draw_names(seed: int) -> Names:
    """The pools of a seed; takes a tenth of a second."""
    faker = Faker("de_DE")
    faker.seed_instance(seed)
    return Names(
        women=tuple(faker.first_name_female() for _ in range(600)),
        men=tuple(faker.first_name_male() for _ in range(600)),
        families=tuple(faker.last_name() for _ in range(900)),
        streets=tuple(street for _ in range(900) if " " not in (street := faker.street_name())),
        places=tuple(Place(faker.postcode(), faker.city_name()) for _ in range(400)),
    )


def mailbox(first_name: str, last_name: str) -> str:
    """The name as the local part of an e-mail address: `juergen.gross`."""
    name = f"{first_name}.{last_name}".translate(UMLAUTS).replace(" ", ".").lower()
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def landlines(chance: Chance) -> list[str]:
    """All landline numbers there are, in E.164 and in a random order."""
    numbers = [f"{block}{number:03}" for block in FILM_LANDLINES for number in range(1000)]
    chance.shuffle(numbers)
    return numbers


def mobile(number: int) -> str:
    """The mobile number of a person, in E.164; good for ten million people."""
    return f"+491505{number:07}"


def spelled(phone: str, chance: Chance) -> str:
    """A phone number as people type it into forms."""
    rest = phone.removeprefix("+49")
    area, local = rest[:4], rest[4:]
    style = chance.between(0, 3)
    return (f"0{rest}", f"0{area}/{local}", f"0049 {area} {local}", f"+49 (0) {area} {local}")[style]
