"""Which columns a SELECT goes by: what it does not name is not made for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.duckdb.statement import examine
from tests.divided import defined, members, segments_of, ticked, time_of
from tests.feed import DAY, batch_of, land, land_whole, new_store, says


@pytest.mark.parametrize(
    ("select", "columns"),
    [
        ("SELECT customer_id FROM orders WHERE total > 9", {"customer_id", "total"}),
        ("SELECT one.customer_id FROM orders AS one", {"customer_id"}),
        ("SELECT o.traits.city FROM customers AS o", {"traits", "city"}),
        ("SELECT a.customer_id FROM orders AS a JOIN returns USING (order_id)", {"customer_id", "order_id"}),
        ("SELECT * FROM orders", None),
        ("SELECT customer_id, to_json(one) AS whole FROM orders AS one", None),
        ("SELECT customer_id, orders FROM orders", None),
        ("SELECT customer_id FROM (UNPIVOT orders ON total, tax INTO NAME what VALUE amount)", None),
    ],
)
def test_columns_are_those_named_or_all(select: str, columns: set[str] | None) -> None:
    found = examine(Path("one.sql"), select, frozenset()).columns
    assert found == (None if columns is None else frozenset(columns))


def test_a_reason_made_of_a_whole_row_is_the_same_for_some_and_for_all() -> None:
    """A look at some customers makes less of each table than the store has."""
    whole = "SELECT customer_id, to_json(one) AS whole FROM product_views AS one"
    view = says(
        "web/tracking/product_viewed", "view", device_id="d1", product_id="p1", name="Shirt",
        category="Shirts", price_minor=1999, currency="EUR",
    )  # fmt: skip
    reasons = "SELECT reason FROM segment.change ORDER BY change_id"
    with new_store() as store, segments_of(store) as segments:
        land_whole(store, [defined("viewers", whole), ticked(DAY)])
        segments.catch_up(time_of(DAY))
        land(store, [batch_of([view], first=10)])
        segments.catch_up(time_of(DAY))
        seen_alone = members(store, reasons)
        (definition,) = segments.definitions()
        segments.sweep(definition, time_of(2 * DAY))
        assert members(store, reasons) == seen_alone
        assert len(seen_alone) == 1
        assert "1999" in str(seen_alone) or "19.99" in str(seen_alone)
