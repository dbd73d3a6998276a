"""Who is in which segment follows from the events, the definitions and the time alone.

In any order, batching and number of copies, evaluated now and then, or once, or as one query over all.
"""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sinks.duckdb.answers import answer, asked
from sinks.duckdb.database import Statements
from sinks.duckdb.definitions import TRAIT
from sinks.duckdb.segments import Segments
from sinks.duckdb.store import Store
from tests.divided import all_shipped, check_history, defined, members, segments_of, ticked, time_of
from tests.feed import DAY, Said, batches_of, land, land_whole, new_store
from tests.properties.shop import crowds, histories, resend

MODEST = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
MANY = settings(MODEST, max_examples=6)
NOW = 40 * DAY
SENSITIVE = [
    defined(
        "buyers",
        "SELECT customer_id, kind, orders, returns, first_order_at, revenue_by_currency FROM customers",
    ),
    defined(
        "waiting",
        "SELECT customer_id, count(*) AS orders, max(shipped_at) AS shipped_at, sum(refunded) AS refunded"
        " FROM orders WHERE placed_at < $now - INTERVAL 3 DAY AND placed_at > $now - INTERVAL 38 DAY"
        " GROUP BY customer_id",
    ),
]
VALUES = (
    "SELECT trait, text.value, computed.value FROM profile.computed AS computed"
    " JOIN identity.identifier AS text ON text.node = computed.customer_id ORDER BY ALL"
)


def settled(store: Store, *, asks_whole: bool = False) -> tuple[object, object]:
    """All memberships and computed traits at NOW."""
    with segments_of(store) as segments:
        segments.catch_up(time_of(NOW))
        assert store.database.rows("SELECT name, error FROM segment.refresh WHERE error IS NOT NULL") == []
        assert store.database.rows("FROM segment.touched") == []
        if asks_whole:
            check_whole(store, segments)
    check_history(store)
    return members(store), members(store, VALUES)


def check_whole(store: Store, segments: Segments) -> None:
    """What was found bit by bit is what each definition answers when asked about everybody at once."""
    whole = Statements(store.database.connection.cursor())
    whole.step("segment_begin")
    for definition in segments.definitions():
        answer(whole, definition, asked(definition, time_of(NOW)))
        if definition.kind == TRAIT:
            whole.run("INSERT INTO found SELECT trait, customer_id, value FROM valued")
            whole.run("DELETE FROM valued")
    held = set(
        whole.rows(
            "SELECT segment, customer_id, reason FROM segment.membership WHERE until IS NULL"
            " UNION ALL SELECT trait, customer_id, value FROM profile.computed"
        )
    )
    assert held == set(whole.rows("FROM found"))
    whole.connection.close()


def check_any_way(told: list[Said], definitions: list[Said], chance: Random) -> None:
    """Landed and looked at in any way, the memberships are those of one batch that was looked at once."""
    with new_store() as store:
        land_whole(store, [*told, *definitions, ticked(NOW)])
        expected = settled(store)
    with new_store() as store:
        events, days = [*resend(told, chance), *definitions], 18
        chance.shuffle(events)
        for batch in batches_of(events, chance):
            land(store, [batch])
            if chance.random() < 0.35:
                days += chance.randrange(5)  # never backwards: it is the time of the latest tick
                with segments_of(store) as segments:
                    segments.catch_up(time_of(min(days * DAY, NOW - 2 * DAY)))
        land_whole(store, [ticked(NOW)])
        assert settled(store, asks_whole=True) == expected


@MODEST
@given(histories() | crowds, st.randoms(use_true_random=False))
def test_memberships_follow_from_events_and_time_alone(told: list[Said], chance: Random) -> None:
    check_any_way(told, all_shipped(), chance)


@MANY
@given(histories() | crowds, st.randoms(use_true_random=False))
def test_those_that_show_all_that_a_customer_is_do_too(told: list[Said], chance: Random) -> None:
    check_any_way(told, SENSITIVE, chance)
