"""The running shop: who and what there is, an agenda of deeds, and the events told but not yet arrived.

Decides how a story becomes complete events in order of arrival. Must never decide what happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple

from schemas.catalogue import EventType, load
from schemas.meanings import ITEMS
from streams.sources.synthetic.chance import Chance
from streams.sources.synthetic.goods import Goods, stock
from streams.sources.synthetic.mistakes import Mistakes
from streams.sources.synthetic.noise import Datum, Transport
from streams.sources.synthetic.owners import Truth
from streams.sources.synthetic.parameters import Parameters
from streams.sources.synthetic.people import People, Person, populate
from streams.sources.synthetic.seasons import Seasons, seasons

SOURCES = ("web/tracking", "shop/standard", "crm/standard", "social/standard")
PREFIXES = {"order": "B", "ticket": "T", "crm_contact": "C"}


class Event(NamedTuple):
    """An event as it arrives. `appended_at` is when the log takes it, in microseconds since 1970, UTC."""

    type: str
    datum: Datum
    appended_at: int

    @property
    def topic(self) -> str:
        """The topic of the event's source: `shop.standard`."""
        return ".".join(self.type.split("/")[:2])


class Form(NamedTuple):
    """What the shop must know of a contract: defaults, fields for id and time, fields that identify."""

    blank: Mapping[str, Any]
    event_id: str
    occurred_at: str
    identifiers: tuple[tuple[str, str], ...]


Deed = Callable[["Shop", Person, int], None]


@dataclass
class Shop:
    """A shop in motion. `told` counts the records so far, copies included."""

    parameters: Parameters
    year: Seasons
    people: People
    goods: Goods
    truth: Truth
    chance: Chance
    mistakes: Mistakes
    transport: Transport
    told: int = 0
    _agenda: list[tuple[int, int, Deed, Person]] = field(default_factory=list)
    _underway: list[tuple[int, int, str, Datum]] = field(default_factory=list)
    _sequence: Iterator[int] = field(default_factory=count)
    _numbers: dict[str, Iterator[int]] = field(default_factory=dict)

    def plan(self, at: int, deed: Deed, person: Person) -> None:
        """The deed happens at that instant; deeds may plan others, never before themselves."""
        heappush(self._agenda, (at, next(self._sequence), deed, person))

    def issue(self, kind: str, person: Person) -> str:
        """The next order, ticket or contact number, which is the person's."""
        numbers = self._numbers.setdefault(kind, count(100_001))
        number = f"{PREFIXES[kind]}{next(numbers)}"
        self.truth.claim(kind, number, person.number)
        return number

    def act(self, until: int) -> None:
        """All deeds before an instant, in order."""
        while self._agenda and self._agenda[0][0] < until:
            at, _, deed, person = heappop(self._agenda)
            deed(self, person, at)

    def tell(self, event_type: str, at: int, **values: Any) -> None:
        """An event that occurs at an instant; fields left out take the contract's defaults.

        What would lie beyond the calendar has not happened yet and is not told.
        """
        if at >= self.parameters.closes_at:
            return
        form = forms()[event_type]
        datum = {**form.blank, **values, form.event_id: self.chance.token(96), form.occurred_at: at}
        for name, kind in form.identifiers:
            value = datum[name]
            for one in value if isinstance(value, list) else () if value is None else (value,):
                self.truth.see(kind, one)
        for arrives_at, copy in self.transport.carry(at, datum, form.occurred_at):
            heappush(self._underway, (arrives_at, next(self._sequence), event_type, copy))
            self.told += 1

    def arrivals(self, until: int | None = None) -> Iterator[Event]:
        """What arrives before an instant (None: all that is left), in order of arrival."""
        while self._underway and (until is None or self._underway[0][0] < until):
            arrived_at, _, event_type, datum = heappop(self._underway)
            yield Event(event_type, datum, arrived_at)


def open_shop(parameters: Parameters, truth: Truth) -> Shop:
    """A shop before its first day; everything that belongs to somebody is told to `truth`."""
    year = seasons(parameters)
    people = populate(parameters, year, truth)
    return Shop(
        parameters=parameters,
        year=year,
        people=people,
        goods=stock(parameters.seed),
        truth=truth,
        chance=Chance(parameters.seed, "life"),
        mistakes=Mistakes(parameters, people.people, truth),
        transport=Transport(parameters),
    )


@cache
def forms() -> dict[str, Form]:
    """The shipped contracts of the shop's sources as forms to fill in, by event type."""
    return {name: _form(event) for name, event in load().events.items() if event.source.name in SOURCES}


def _form(event: EventType) -> Form:
    blank = {entry["name"]: entry.get("default") for entry in event.schema["fields"]}
    named = {
        mark.meaning: mark.path[0] for mark in event.marks if mark.meaning in ("event_id", "occurred_at")
    }
    places = tuple(
        (mark.path[0], mark.name) for mark in event.marked("id") if mark.path[1:] in ((), (ITEMS,))
    )
    return Form(blank, named["event_id"], named["occurred_at"], places)
