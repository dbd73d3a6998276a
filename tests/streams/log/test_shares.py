"""Shares of a batch: equal, whole, and each place in its turn."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.model import Place
from streams.log.shares import by_turn, fair_shares


@settings(max_examples=100)
@given(st.lists(st.integers(1, 50), max_size=8), st.integers(1, 60))
def test_shares_are_as_equal_as_the_places_allow(counts: list[int], limit: int) -> None:
    unread = {Place("shop.orders", number): count for number, count in enumerate(counts)}
    shares = fair_shares(unread, limit)
    assert list(shares) == list(unread)[:limit]
    assert sum(shares.values()) == min(limit, sum(counts[:limit]))
    assert all(1 <= share <= unread[place] for place, share in shares.items())
    unmet = [share for place, share in shares.items() if share < unread[place]]
    assert not unmet or max(shares.values()) - min(unmet) <= 1


def test_the_place_after_the_one_served_last_comes_first() -> None:
    a, b, c = (Place("t", number) for number in range(3))
    assert by_turn([a, b, c], None) == [a, b, c]
    assert by_turn([a, b, c], b) == [c, a, b]
    assert by_turn([a, c], b) == [a, c]
