"""Destinations of a store in a test, without processes: events land, segments look, deliveries are begun."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from sinks.duckdb.activation import (
    Audience,
    Delivery,
    Refused,
    begin_delivery,
    plan,
    postpone,
    settle,
    stick,
)
from sinks.duckdb.database import Statements
from sinks.duckdb.scope import CUSTOMERS
from sinks.duckdb.segments import Segments
from sinks.duckdb.sql import script
from sinks.duckdb.store import Store
from sinks.duckdb.views import views_of
from tests.divided import defined, segments_of, ticked, time_of
from tests.feed import SECOND, Said, batch_of, blank_store, catalogue, land, says, workshop

ALL = "everybody"
MAIL = Audience("mail", ALL, "newsletter", "email", {}, (), 1.0)
CITY = MAIL._replace(fields={"town": "city", "first": "first_name"})
COMPLAINT = "open_complaint"
_numbers = count()
EVERYBODY = "SELECT customer_id, city FROM customers WHERE kind = 'person'"


class Compared:
    """A store with a segment of everybody, and whatever destinations are asked about. Time goes by itself."""

    def __init__(self, store: Store, segments: Segments, passed: int = 0) -> None:
        """`passed` is how much was landed before, in another life."""
        self._segments = segments
        self.store, self.at = store, Statements(store.database.connection.cursor())
        self._clock, self._ids, self.passed = count(100_000 + passed * 1_000), count(passed * 1_000), passed

    def now(self, later: int = 0) -> datetime:
        """A second later than the last time; `later` looks ahead, and time goes on as if it had not."""
        return time_of((next(self._clock) + later) * SECOND)

    def land(self, *events: Said, look: bool = True) -> None:
        """Lands events, and has segments look at what they touch, unless they are to be late."""
        if look:
            self.look(*events)
        else:
            self.append(events)

    def append(self, events: Sequence[Said]) -> None:
        """Lands events at once."""
        land(self.store, [batch_of(events, first=self.passed)])
        self.passed += len(events)

    def look(self, *events: Said) -> None:
        """Lands events, and has segments look at everything."""
        at = next(self._clock)
        self.append([*events, ticked(at * SECOND)])
        self._segments.catch_up(time_of(at * SECOND))

    def plan(self, audience: Audience = MAIL) -> tuple[int, int]:
        """Compares: how many rows go, how many wait."""
        customers = views_of(catalogue())[CUSTOMERS]
        with self.at.transaction():
            return plan(self.at, audience, customers, self.now(), f"d{next(self._ids)}")

    def stick(self, audience: Audience, trouble: str) -> int:
        """It cannot be compared."""
        with self.at.transaction():
            return stick(self.at, audience, self.now(), trouble, f"d{next(self._ids)}")

    def begin(self, audience: Audience = MAIL, later: int = 0) -> Delivery | None:
        """What goes next."""
        with self.at.transaction():
            return begin_delivery(self.at, audience, self.now(later), f"n{next(self._ids)}")

    def take(self, audience: Audience = MAIL, later: int = 0) -> Delivery:
        """What goes next, where something does."""
        delivery = self.begin(audience, later)
        assert delivery
        return delivery

    def settle(self, delivery: Delivery, refused: Sequence[Refused] = (), name: str = "mail") -> None:
        """The tool has taken it."""
        with self.at.transaction():
            settle(self.at, name, delivery.delivery_id, refused, self.now())

    def postpone(self, delivery: Delivery, seconds: int = 0) -> None:
        """The tool could not be reached."""
        with self.at.transaction():
            postpone(self.at, delivery.delivery_id, "down", self.now() + timedelta(seconds=seconds))

    def send(self, audience: Audience = MAIL) -> list[tuple[str, str]]:
        """Sends all that is due, and is always taken: actions and contacts, in order."""
        sent = []
        while delivery := self.begin(audience):
            sent += told(delivery)
            self.settle(delivery, name=audience.name)
        return sent

    def begin_again(self) -> None:
        """The process that sends has died, amid what it did last; another one goes on."""
        self.at.connection.begin()
        self.at.run("UPDATE activation.delivery SET attempts = attempts + 7")
        self.at.connection.close()
        self.at = Statements(self.store.database.connection.cursor())

    def decide(self, decision: str, rows: int | None = None, name: str = "mail") -> None:
        """A person decides, now."""
        at = next(self._clock)
        self.append([says("own/rundum/destination_decided", f"{decision} {at}", at * SECOND, destination=name,
                          decision=decision, rows=rows, reason="-", actor="tests")])  # fmt: skip

    def start(self, audience: Audience = MAIL) -> list[tuple[str, str]]:
        """The first transfer: planned, approved, planned again and sent."""
        _, held = self.plan(audience)
        self.decide("approve", held, audience.name)
        self.plan(audience)
        return self.send(audience)

    def holds(self, name: str = "mail") -> dict[str, str]:
        """Whom the tool holds, with their fields."""
        return dict(
            self.at.rows(
                "SELECT contact, fields FROM activation.holding WHERE destination = ? ORDER BY 1", [name]
            )
        )

    def standing(self, name: str = "mail") -> dict[str, Any]:
        """How it stands."""
        sql = "SELECT held_rows, held_since, trouble FROM activation.standing WHERE destination = ?"
        ((rows, since, trouble),) = self.at.rows(sql, [name])
        return {"held": rows, "since": since, "trouble": trouble}


def told(delivery: Delivery) -> list[tuple[str, str]]:
    """Actions and contacts, in order."""
    return [(item.action, item.contact) for item in delivery.items]


def mail(number: int) -> str:
    """An address."""
    return f"p{number}@web.de"


def person(number: int, at: int = 0, **fields: Any) -> Said:
    """Somebody's account; the consent comes apart."""
    told = {"user_id": f"u{number}", "email": mail(number), "first_name": "Anna", "newsletter_opt_in": False}
    return says("shop/standard/account_created", f"a{number} {at}", at * SECOND, **(told | fields))


def consent(number: int, at: int = 1, purpose: str = "newsletter") -> Said:
    """They consent."""
    return says("crm/standard/consent_given", f"c{number} {at} {purpose}", at * SECOND, email=mail(number),
                email_purpose=purpose, method="double_opt_in")  # fmt: skip


def withdrawal(number: int, at: int = 2, purpose: str = "newsletter") -> Said:
    """They take it back."""
    return says("crm/standard/consent_withdrawn", f"w{number} {at} {purpose}", at * SECOND,
                email=mail(number), email_purpose=purpose)  # fmt: skip


def constraint(left: tuple[str, str], right: tuple[str, str], verdict: str, at: int) -> Said:
    """A person says that two identifiers are of one, or are not."""
    return says(
        "own/rundum/identity_constrained", f"{verdict} {left} {right} {at}", at * SECOND, left_kind=left[0],
        left_value=left[1], right_kind=right[0], right_value=right[1], verdict=verdict, reason="-", actor="t",
    )  # fmt: skip


def people(*numbers: int) -> list[Said]:
    """Who consented."""
    return [said for number in numbers for said in (person(number), consent(number))]


def row(shop: Compared, name: str = "mail") -> dict[str, Any]:
    """What `rundum destinations status` reads."""
    cursor = shop.at.connection.execute(script("queries", "destinations").text)
    names = [column[0] for column in cursor.description or ()]
    return next(found for values in cursor.fetchall()
                if (found := dict(zip(names, values, strict=True)))["destination"] == name)  # fmt: skip


def moved(number: int, city: str, at: int) -> Any:
    """They live elsewhere now."""
    return person(number, at, address={"street": "Weg", "house_number": "1", "address_addition": None,
                                       "postal_code": "01067", "city": city, "country": "DE"})  # fmt: skip


def refuse(shop: Compared, audience: Audience = MAIL) -> None:
    """The tool takes nothing of what goes next."""
    delivery = shop.take(audience)
    shop.settle(delivery, [Refused(item.place, 400, "no") for item in delivery.items])


@contextmanager
def compared(held: int = 0) -> Iterator[Compared]:
    """A new store in which everybody is a segment, and so many people of it are held by the tool."""
    file, passed = _made(held)
    path = workshop() / f"compared{next(_numbers)}.duckdb"
    shutil.copyfile(file, path)
    with opened(path, passed) as made:
        yield made
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()


@contextmanager
def opened(path: Path, passed: int) -> Iterator[Compared]:
    """A store at work."""
    store = Store(path, catalogue())
    store.database.run("PRAGMA disable_checkpoint_on_shutdown")
    try:
        with segments_of(store) as segments:
            yield Compared(store, segments, passed)
    finally:
        store.close()


@cache
def _made(held: int) -> tuple[Path, int]:
    path = blank_store(workshop() / f"held{held}.duckdb")
    with opened(path, 0) as made:
        made.land(defined(ALL, EVERYBODY), *people(*range(held)))
        if held:
            made.start()
        made.store.checkpoint()
    return path, made.passed
