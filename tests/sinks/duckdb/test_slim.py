"""The view customers with fewer columns holds what the view holds, and reads no more than it needs."""

from __future__ import annotations

from random import Random

import pytest

from schemas.columns import quote
from sinks.duckdb.slim import HIDDEN, slim
from sinks.duckdb.views import tables_in, views_of
from tests.fed import Fed
from tests.feed import catalogue

CUSTOMERS = views_of(catalogue())["customers"]
COLUMNS = [name for name in CUSTOMERS.columns if name not in HIDDEN]
RESTS_ON = {  # what a column reads -> the columns
    ("orders", "in_currency", "bought"): ("orders", "revenue_net", "currency", "revenue_by_currency"),
    ("orders", "lived"): ("first_order_at", "last_order_at", "returns"),
    ("conversations", "complained"): ("open_complaints",),
    ("identifiers", "known_as"): ("identifiers",),
    ("consents", "agreed"): ("consents",),
    ("traits", "named"): ("email", "phone", "first_name", "last_name", "city", "country", "traits"),
    (): ("customer_id", "kind", "first_seen_at", "last_seen_at", "events"),
}
ALWAYS = {"identity.node", "identity.kind", "whole"}


def test_every_column_of_the_view_is_known() -> None:
    assert {"segments", "customer_id", "email"} <= set(CUSTOMERS.columns)


@pytest.mark.parametrize("column", COLUMNS)
def test_one_column_alone_reads_what_it_rests_on(column: str) -> None:
    text = slim(CUSTOMERS, [column])
    needed = [reads for reads, columns in RESTS_ON.items() if column in columns] or [("measures",)]
    assert tables_in(text) == ALWAYS.union(needed[0])


def test_hidden_columns_cannot_be_had() -> None:
    assert "segment" not in slim(CUSTOMERS, ["segments"])
    assert "segment.membership" not in slim(CUSTOMERS, None)
    assert "traits" not in tables_in(slim(CUSTOMERS, ["traits"], {"traits", "segments"}))
    assert "segment.membership" in slim(CUSTOMERS, None, ())


def test_unknown_columns_are_left_out() -> None:
    assert slim(CUSTOMERS, ["no_such"]) == slim(CUSTOMERS, [])


def test_every_column_alone_holds_what_the_view_holds(shop: Fed) -> None:
    for column in COLUMNS:
        assert _differences(shop, [column]) == 0, column


def test_any_columns_hold_what_the_view_holds(shop: Fed) -> None:
    chance = Random(3)
    for size in (2, 3, 5, 9, len(COLUMNS)):
        assert _differences(shop, chance.sample(COLUMNS, size)) == 0


def test_all_columns_in_their_order(shop: Fed) -> None:
    named = [name for name, *_ in shop.rows(f"DESCRIBE {slim(CUSTOMERS, None)}")]
    assert named == [name for name, *_ in shop.rows("DESCRIBE customers") if name not in HIDDEN]


def _differences(shop: Fed, columns: list[str]) -> int:
    """Rows of the view that the slim one does not have, and the other way round."""
    listed = ", ".join(quote(name) for name in dict.fromkeys(["customer_id", *columns]))
    narrow = f"SELECT {listed} FROM ({slim(CUSTOMERS, columns)})"
    whole = f"SELECT {listed} FROM customers"
    return len(shop.rows(f"({whole} EXCEPT ALL {narrow}) UNION ALL ({narrow} EXCEPT ALL {whole})"))
