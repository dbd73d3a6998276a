"""The segments and traits that ship: people just in and just out, at the very moments that decide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.divided import all_shipped, applied, shipped
from tests.feed import DAY, SECOND, Said
from tests.shoppers import (
    HOUR,
    account,
    added,
    agreed,
    clicked,
    closed,
    mail,
    orders,
    returned,
    ticket,
    told,
    viewed,
    watched,
    web,
)

NOW = 800 * DAY
LITTLE = 1  # a microsecond
Case = tuple[str, str, list[Said]]  # who, what they must be in or have, what they did


def before(days: float, little: int = 0) -> int:
    return NOW - int(days * DAY) + little


def _buyers() -> Iterator[Case]:
    yield "a1", "at_risk", orders("a1", before(90), before(61))
    yield "a2", "-at_risk", orders("a2", before(70), before(60))
    yield "a3", "at_risk", orders("a3", before(70), before(60, -LITTLE))
    yield "a4", "at_risk", orders("a4", before(366), before(365))
    yield "a5", "-at_risk", orders("a5", before(366), before(365, -LITTLE))
    yield "a6", "-at_risk", orders("a6", before(120), before(80))
    yield "a7", "at_risk", orders("a7", before(120, LITTLE), before(80))
    yield "a8", "-at_risk", orders("a8", before(100))
    yield "l1", "-lost", orders("l1", before(365))
    yield "l2", "lost", orders("l2", before(365, -LITTLE))
    yield "l3", "-lost", orders("l3", before(500), before(3))
    yield "f1", "-first_order", orders("f1", before(30))
    yield "f2", "first_order", orders("f2", before(30, LITTLE))
    yield "f3", "-first_order", orders("f3", before(3), before(2))
    yield "h1", "high_returners", [*orders("h1", 1, 2, 3, 4), returned("h1", 0, 5), returned("h1", 1, 5)]
    yield "h2", "-high_returners", [*orders("h2", 1, 2, 3), returned("h2", 0, 5)]
    yield "h3", "-high_returners", [*orders("h3", 1, 2), returned("h3", 0, 5), returned("h3", 1, 5)]


def _others() -> Iterator[Case]:
    yield "n1", "-new_customers", [account("n1", before(30))]
    yield "n2", "new_customers", [account("n2", before(30, LITTLE))]
    yield (
        "n3",
        "-new_customers",
        [told("web/tracking/page_viewed", before(1), device_id="n3-d", url="https://x.de")],
    )
    yield "o1", "open_complaint", [ticket("o1", before(90))]
    yield "o2", "-open_complaint", [ticket("o2", before(9)), closed("o2", before(8))]
    yield "o3", "-open_complaint", [ticket("o3", before(9), "question")]
    praise = [*orders("p1", before(400)), ticket("p1", before(365, LITTLE), "praise")]
    yield "p1", "promoters", praise
    yield "p2", "-promoters", [*orders("p2", before(400)), ticket("p2", before(365), "praise")]
    yield "p3", "-promoters", [ticket("p3", before(3), "praise")]
    later = [ticket("p4", before(3), "praise"), ticket("p4", before(2), number=1)]
    yield "p4", "-promoters", [*orders("p4", before(4)), *later]
    yield (
        "p5",
        "promoters",
        [*orders("p5", 1), ticket("p5", before(2), "praise"), ticket("p5", before(3), number=1)],
    )
    yield "r1", "newsletter_readers", [agreed("r1", 1), *clicked("r1", before(90, LITTLE))]
    yield "r2", "-newsletter_readers", [agreed("r2", 1), *clicked("r2", before(90))]
    yield "r3", "-newsletter_readers", clicked("r3", before(1))
    yield "r4", "-newsletter_readers", [agreed("r4", 1), *clicked("r4", before(1), "cpc")]
    gone = told("crm/standard/consent_withdrawn", 2, email=mail("r5"), email_purpose="newsletter")
    yield "r5", "-newsletter_readers", [agreed("r5", 1), gone, *clicked("r5", before(1))]


def _carts() -> Iterator[Case]:
    yield "c1", "cart_abandoners", added("c1", before(7, LITTLE))
    yield "c2", "-cart_abandoners", added("c2", before(7))
    yield "c3", "-cart_abandoners", added("c3", NOW - HOUR)
    yield "c4", "cart_abandoners", added("c4", NOW - HOUR - LITTLE)
    yield "c5", "-cart_abandoners", [*added("c5", before(2)), *orders("c5", before(1))]
    yield "c6", "cart_abandoners", [*orders("c6", before(3)), *added("c6", before(2))]
    again = web("product_removed", "c7", NOW - 60 * SECOND, product_id="p", name="P", quantity=1)
    yield "c7", "-cart_abandoners", [*added("c7", before(2)), again]
    yield "b1", "browse_abandoners", viewed("b1", before(7, LITTLE), before(2), NOW)
    yield "b2", "-browse_abandoners", viewed("b2", before(7), before(2), NOW)
    yield "b3", "-browse_abandoners", viewed("b3", before(3), before(2), NOW + LITTLE)
    yield "b4", "-browse_abandoners", [*viewed("b4", *[before(3)] * 3), *added("b4", before(2))]
    yield "b5", "-browse_abandoners", [*viewed("b5", *[before(3)] * 3), *orders("b5", before(4))]
    yield "b6", "-browse_abandoners", viewed("b6", *[before(3)] * 4, category=None)
    mixed = [*viewed("b7", before(3), before(2)), *viewed("b7", before(1), category="Hosen")]
    yield "b7", "-browse_abandoners", mixed


def _traits() -> Iterator[Case]:
    line = {
        "line_id": "1",
        "product_id": "p",
        "name": "P",
        "quantity": 2,
        "unit_price_minor": 1,
        "total_minor": 2,
    }
    shoes = [line | {"category": "Schuhe"}]
    hats = [line | {"category": "Hüte", "quantity": 1}]
    yield "t1", "favourite_category=Schuhe", orders("t1", before(9), lines=shoes)
    yield "t2", "favourite_category=", [*orders("t2", before(9), lines=shoes), returned("t2", 0, before(8))]
    both = [*viewed("t3", before(1), before(1), before(1)), *orders("t3", before(1), lines=hats)]
    yield "t3", "interests=Hüte, Schuhe", both
    yield "t4", "interests=", viewed("t4", before(365))
    yield "t5", "last_seen=today", [account("t5", before(1, LITTLE))]
    yield "t6", "last_seen=this_week", [account("t6", before(1))]
    yield "t7", "last_seen=this_week", [account("t7", before(7, LITTLE))]
    yield "t8", "last_seen=this_month", [account("t8", before(7))]
    yield "t9", "last_seen=this_quarter", [account("t9", before(30))]
    yield "t10", "last_seen=longer_ago", [account("t10", before(90))]
    twice = [ticket("t11", 1, "question", 1, "phone"), ticket("t11", 2, "question", 2, "phone")]
    yield "t11", "preferred_medium=phone", [*twice, ticket("t11", 3, "question", 3)]
    even = [ticket("t12", 1, "question", 1, "phone"), ticket("t12", 2, "question", 2)]
    yield "t12", "preferred_medium=email", even


CASES = [*_buyers(), *_others(), *_carts(), *_traits()]


@pytest.fixture(scope="module")
def once() -> Iterator[set[tuple[str, str]]]:
    """Everybody at once, then everything defined."""
    with watched() as shop:
        shop.tell([*_everything(), *all_shipped()], NOW)
        assert shop.errors() == {}
        yield shop.found()


@pytest.fixture(scope="module")
def bit_by_bit() -> Iterator[set[tuple[str, str]]]:
    """Defined first; then everybody, in two batches; then the time."""
    with watched() as shop:
        shop.tell(all_shipped(), 0)
        for part in range(2):
            shop.tell(_everything()[part::2], NOW - 3 * DAY)
        shop.tell([], NOW)
        assert shop.errors() == {}
        yield shop.found()


def _everything() -> list[Said]:
    return [said for _, _, events in CASES for said in events]


@pytest.mark.parametrize(("who", "what"), [case[:2] for case in CASES], ids=[case[0] for case in CASES])
def test_boundaries(once: set[tuple[str, str]], who: str, what: str) -> None:
    names = {what for text, what in once if text in (mail(who), f"{who}-d")}
    if what.startswith("-"):
        assert what[1:] not in names
    elif what.endswith("="):
        assert not [name for name in names if name.startswith(what)]
    else:
        assert what in names


def test_every_one_is_tried() -> None:
    tried = {what.strip("-").partition("=")[0] for _, what, _ in CASES}
    assert tried | {"rfm", "big_baskets"} == {name for _, name in shipped()}


def test_bit_by_bit_gives_the_same(once: set[tuple[str, str]], bit_by_bit: set[tuple[str, str]]) -> None:
    assert bit_by_bit == once


def test_populations() -> None:
    """Fifths and tenths of all buyers of one currency; looked at once a day, whatever lands."""
    with watched() as shop:
        people, everything = [f"x{number}" for number in range(10)], list[Said]()
        for number, who in enumerate(people):
            bought = orders(who, *range(1, number + 2), total=100 * (number + 1))
            everything += [*bought, *orders(f"y{number}", 1, currency="CHF", total=5)]
        populations = [applied(name, shipped()["segment", name]) for name in ("rfm", "big_baskets")]
        shop.tell([*everything, *populations], DAY)
        assert shop.members("big_baskets") >= {"x9"}
        assert not shop.members("big_baskets") & set(people[:8])
        assert shop.members("rfm") == {*people, *(f"y{number}" for number in range(10))}
        sql = (
            "SELECT text.value, reason->>'frequency' FROM segment.membership JOIN identity.identifier AS text"
            " ON node = customer_id WHERE segment = 'rfm' AND until IS NULL AND starts_with(text.value, 'x')"
        )
        fifths = dict(shop.rows(sql))
        assert [fifths[mail(who)] for who in people] == [str(1 + number // 2) for number in range(10)]
        shop.tell(orders("x0", *[DAY] * 5, total=9000), 2 * DAY - HOUR)
        assert "x0" not in shop.members("big_baskets")
        shop.tell([], 2 * DAY)
        assert "x0" in shop.members("big_baskets")
