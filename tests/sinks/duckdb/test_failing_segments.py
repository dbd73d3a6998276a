"""Definitions that give no answer: reported, outlived by what held before, and no harm to others."""

from __future__ import annotations

import pytest

from tests.divided import defined
from tests.feed import DAY, Said
from tests.shoppers import held, mail, orders, told, watched, whole

BUYERS = "SELECT customer_id, orders FROM customers WHERE orders >= 2"
FAILING = {
    "cast": ("SELECT customer_id, first_name::INTEGER AS n FROM customers", "Conversion Error"),
    "unknown": (
        "SELECT md5(email)::UUID AS customer_id FROM customers WHERE email IS NOT NULL",
        "is no customer",
    ),
    "nameless": ("SELECT customer_id AS who FROM customers", "must have this column"),
    "text": ("SELECT customer_id::VARCHAR AS customer_id FROM customers", "must have this column"),
    "no column": ("SELECT customer_id FROM customers WHERE shoe_size > 40", "shoe_size"),
}


def named(who: str, first_name: str, at: int = 1) -> Said:
    return told(
        "crm/standard/contact_created", at, crm_contact_id=who, email=mail(who), first_name=first_name
    )


@pytest.mark.parametrize("refresh", ["live", "1 day"])
def test_what_fails_is_reported_and_the_others_go_on(refresh: str) -> None:
    with watched() as shop:
        failing = {
            name: case for name, case in FAILING.items() if refresh != "live" or name in ("cast", "no column")
        }
        shop.tell([defined(name.replace(" ", "_"), sql, refresh) for name, (sql, _) in failing.items()])
        shop.tell([defined("buyers", BUYERS), named("x", "Otto"), *orders("a", 1, 2)], DAY)
        errors = shop.errors()
        assert {name.replace(" ", "_") for name in failing} == errors.keys()
        for name, (_, why) in failing.items():
            assert why in errors[name.replace(" ", "_")]
        assert shop.members("buyers") == {"a"}


def test_what_fails_for_one_customer_stands_as_it_was_and_recovers() -> None:
    with watched() as shop:
        shop.tell([defined("casts", FAILING["cast"][0]), defined("buyers", BUYERS), named("x", "7")], DAY)
        assert shop.members("casts") == {"x"}
        shop.tell([named("y", "Otto"), *orders("a", 1, 2)], 2 * DAY)
        assert "Conversion Error" in shop.errors()["casts"]
        assert (shop.members("casts"), shop.members("buyers")) == ({"x"}, {"a"})
        shop.tell([named("z", "8")], 2 * DAY + 1)
        mended = "SELECT customer_id FROM customers WHERE try_cast(first_name AS INT) > 0"
        shop.tell([defined("casts", mended, at=9)], 3 * DAY)
        assert shop.errors() == {}
        assert shop.members("casts") == {"x", "z"}


def test_what_fails_while_it_fails_recovers_by_itself() -> None:
    """The error goes when what caused it goes: the definition is tried again after a while."""
    with watched() as shop:
        shop.tell([defined("casts", FAILING["cast"][0]), named("x", "7")], DAY)
        shop.tell([named("y", "Otto")], DAY + 1)
        assert shop.errors().keys() == {"casts"}
        shop.tell([named("y", "9", 2)], DAY + 2)
        shop.tell([], 2 * DAY)
        assert shop.errors() == {}
        assert shop.members("casts") == {"x", "y"}
        assert held(shop, "casts") == whole(shop, "casts", 2 * DAY)


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    heavy = (
        "SELECT customer_id, (SELECT max(hash(i * j)) FROM range(100000) a(i), range(100000) b(j)) AS h"
        " FROM customers"
    )
    with watched() as shop:
        monkeypatch.setattr(shop.segments, "_seconds", 0.3)
        shop.tell([defined("heavy", heavy, "1 day"), defined("buyers", BUYERS), *orders("a", 1, 2)], DAY)
        assert "took longer than 0.3 s" in shop.errors()["heavy"]
        assert shop.members("buyers") == {"a"}
        shop.tell(orders("b", 1, 2), 2 * DAY)
        assert shop.members("buyers") == {"a", "b"}
        shop.tell([defined("heavy", BUYERS, "1 day", at=5)], 3 * DAY)
        assert shop.errors() == {}
