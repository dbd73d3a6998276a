"""What people and systems write where an identifier belongs: their own, a stranger's by a slip, or junk.

Decides the slips. Must never hide one from the truth.
"""

from __future__ import annotations

from streams.sources.synthetic.chance import Chance
from streams.sources.synthetic.owners import Truth
from streams.sources.synthetic.parameters import Parameters
from streams.sources.synthetic.people import Device, Person

JUNK = {
    "email": ("test@test.de", "noreply@shop.example", "no-reply@shop.example", "a@a.de", "null"),
    "phone": ("0000", "000000000", "unbekannt", "0123456789"),
    "user_id": ("null", "undefined", "0", "guest"),
    "device_id": ("00000000-0000-0000-0000-000000000000", "undefined", "null"),
}


class Mistakes:
    """The slips of one shop, on their own stream of chance."""

    def __init__(self, parameters: Parameters, people: tuple[Person, ...], truth: Truth) -> None:
        """Declares all junk as nobody's."""
        self._parameters, self._people, self._truth = parameters, people, truth
        self._chance = Chance(parameters.seed, "mistakes")
        for kind, values in JUNK.items():
            for value in values:
                truth.claim(kind, value, None)

    def email(self, person: Person) -> str:
        """The address that the person types into a form."""
        luck, own = self._chance.random(), self._chance.choice(person.emails)
        if luck < self._parameters.typo_email:
            return self._chance.choice(self._people).emails[0]
        if luck < self._parameters.typo_email + self._parameters.junk:
            return self._relay() if self._chance.happens(0.5) else self._chance.choice(JUNK["email"])
        return own.title() if luck > 0.97 else own

    def phone(self, person: Person) -> str:
        """The number that the person types into a form: mostly the mobile, sometimes the household's."""
        luck = self._chance.random()
        if luck < self._parameters.junk:
            return self._chance.choice(JUNK["phone"])
        return person.landline if person.landline and luck > 0.6 else person.typed_phone

    def user_id(self, person: Person) -> str:
        """The login as the web tracker reports it."""
        return self._sometimes("user_id", person.user_id)

    def device_id(self, device: Device) -> str:
        """The device as the web tracker reports it; a blocker may have emptied it."""
        return self._sometimes("device_id", device.id)

    def _sometimes(self, kind: str, own: str) -> str:
        return self._chance.choice(JUNK[kind]) if self._chance.happens(self._parameters.junk / 3) else own

    def _relay(self) -> str:
        relay = f"{self._chance.token(40)}@marketplace.amazon.de"
        self._truth.claim("email", relay, None)
        return relay
