"""What happens over the shop's calendar, hour by hour.

Decides who orders, registers, posts and visits when. Must never look into a contract.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import accumulate

from streams.sources.synthetic.accounts import register, subscribe
from streams.sources.synthetic.orders import order_by_phone, order_online
from streams.sources.synthetic.owners import Truth
from streams.sources.synthetic.parameters import HOUR, MINUTE, Parameters
from streams.sources.synthetic.people import Person
from streams.sources.synthetic.service import open_case
from streams.sources.synthetic.shop import Event, Shop, open_shop
from streams.sources.synthetic.social import post
from streams.sources.synthetic.visits import browse, visit_kiosk


def generate(parameters: Parameters, truth: Truth | None = None) -> Iterator[Event]:
    """The shop's events in order of arrival: late, doubled and out of order as they come.

    The same parameters give the same bytes. A given `truth` learns the owners of all identifiers by the way
    and is complete once the last event was taken.
    """
    shop = open_shop(parameters, Truth() if truth is None else truth)
    _plan(shop)
    reach = tuple(accumulate(person.pull for person in shop.people.people))
    for hour in shop.year.hours():
        shop.act(hour + HOUR)
        goal = parameters.events * shop.year.share(hour)
        while shop.told < goal:
            _visit(shop, hour, reach)
        yield from shop.arrivals(hour + HOUR)
    yield from shop.arrivals()


def truth(parameters: Parameters) -> Truth:
    """The owners of all identifiers that `generate` shows; generates everything to learn it."""
    learnt = Truth()
    for _ in generate(parameters, learnt):
        pass
    return learnt


def _plan(shop: Shop) -> None:
    """Everything that people have in mind before the first day."""
    parameters, chance, people = shop.parameters, shop.chance, shop.people.people
    buyers = chance.choices(
        people,
        cum_weights=tuple(accumulate(person.pull for person in people)),
        k=round(parameters.events * parameters.orders),
    )
    first_orders: dict[int, int] = {}
    for person in buyers:
        at = _moment(shop, person)
        first_orders[person.number] = min(at, first_orders.get(person.number, at))
        shop.plan(at, order_by_phone if chance.happens(parameters.by_phone) else order_online, person)
    for person in people:
        if chance.happens(parameters.registered):
            _plan_account(shop, person, first_orders.get(person.number))
        elif chance.happens(parameters.newsletter / 3):
            shop.plan(_moment(shop, person), partial(subscribe, email=person.emails[0]), person)
        if chance.happens(parameters.questions / 4):
            shop.plan(_moment(shop, person), partial(open_case, kind="question"), person)
        for _ in range(chance.between(1, 3) if person.handle else 0):
            shop.plan(_moment(shop, person), post, person)


def _plan_account(shop: Shop, person: Person, first_order: int | None) -> None:
    """Most register on the way to their first order, some long before or after it."""
    at = _moment(shop, person)
    if first_order is not None and shop.chance.happens(0.7):
        at = max(first_order - 10 * MINUTE, shop.parameters.opens_at)
    person.registers_at = at
    shop.plan(at, register, person)


def _visit(shop: Shop, hour: int, reach: tuple[float, ...]) -> None:
    chance = shop.chance
    at = hour + chance.between(0, HOUR - 1)
    person = chance.choices(shop.people.people, cum_weights=reach)[0]
    if person.joins_at > at:
        return
    at_kiosk = shop.people.kiosks and chance.happens(shop.parameters.kiosk_visits)
    (visit_kiosk if at_kiosk else browse)(shop, person, at)


def _moment(shop: Shop, person: Person) -> int:
    """A seasonal instant after the person joined."""
    return shop.year.instant(shop.chance.uniform(shop.year.share(person.joins_at), 1.0))
