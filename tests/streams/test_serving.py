"""The serving copy beside a store: what lands is served, as the store has it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sinks.duckdb.store import Store
from sinks.serving.copy import ServingCopy, copy_of
from sinks.serving.reader import CopyReader
from streams.segmentation import look
from streams.serving import Serving
from tests.divided import defined, segments_of, ticked
from tests.feed import DAY, SECRET, Said, catalogue, land_whole, says

ANNA, OTTO = "anna@web.de", "otto@gmx.de"
NOW = 10 * DAY
EVER = timedelta(days=10_000)  # the tests live in the past


def account(number: int, email: str) -> Said:
    """Somebody with an account."""
    return says("shop/standard/account_created", f"a{number}", number, user_id=f"u{number}", email=email,
                first_name="A", newsletter_opt_in=False)  # fmt: skip


def verdict(number: int, word: str) -> Said:
    """People decide whether Anna and Otto are one."""
    return says("own/rundum/identity_constrained", f"v{number}", number, left_kind="email", left_value=ANNA,
                right_kind="email", right_value=OTTO, verdict=word, reason="-", actor="tests")  # fmt: skip


def test_profiles_and_memberships_are_served(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.duckdb", catalogue(), secret=SECRET)
    path = copy_of(store.database.path)
    serving = Serving(ServingCopy(path, "a store", EVER))
    reader = CopyReader(path)
    try:
        persons = defined("persons", "SELECT customer_id, first_name FROM customers WHERE kind = 'person'")
        land_whole(store, [account(1, ANNA), persons, ticked(NOW)])
        with segments_of(store) as segments:
            look(segments, serving)
            look(segments, serving)
            anna = reader.customer("email", ANNA)
            assert anna
            assert anna["profile"]["first_name"] == "A"
            assert [(one["name"], one["reason"]) for one in anna["segments"]] == [
                ("persons", {"first_name": "A"})
            ]
            assert reader.customer("email", OTTO) is None

            land_whole(store, [account(2, OTTO), verdict(1, "must")])
            look(segments, serving)
            both = reader.customer("email", OTTO)
            assert both
            assert both == reader.customer("user_id", "u1")
            page = reader.changes("persons", 0, 100)
            assert page
            assert [row["entered"] for row in page.rows][:1] == [True]

            land_whole(store, [verdict(2, "cannot")])
            look(segments, serving)
            one, other = reader.customer("email", ANNA), reader.customer("email", OTTO)
            assert one
            assert other
            assert one["customer_id"] != other["customer_id"]
            assert {name["name"] for name in (*one["segments"], *other["segments"])} == {"persons"}
            members = reader.members("persons", None, 100)
            assert members
            held = store.database.rows(
                "SELECT customer_id::VARCHAR FROM segment.membership WHERE until IS NULL ORDER BY ALL"
            )
            assert [row["customer_id"] for row in members.rows] == [customer for (customer,) in held]
    finally:
        reader.close()
        serving.close()
        store.close()


def test_a_copy_that_knows_more_than_its_store_is_made_anew(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.duckdb", catalogue(), secret=SECRET)
    path = copy_of(store.database.path)
    land_whole(store, [account(1, ANNA), ticked(NOW)])
    serving = Serving(ServingCopy(path, "a store", EVER))
    try:
        with segments_of(store) as segments:
            look(segments, serving)
            assert serving.is_filled(0)
            assert serving.is_filled(7)
            assert not serving.is_filled(-1)
    finally:
        serving.close()
        store.close()
