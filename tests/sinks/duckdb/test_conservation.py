"""The books: what the log gave is what became of it, and a row that goes missing shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sinks.duckdb.store import Store
from streams.core.model import Batch, Place, Record
from tests.feed import LOG, OPENING, SECOND, batch_of, check_books, land, new_store, says

UNBALANCED = "SELECT topic, hour, accepted, landed FROM ops.conservation WHERE NOT balanced"


@pytest.fixture
def store() -> Iterator[Store]:
    """Three events, one of them said twice, one with a second content, and a record that is no event."""
    seen = [says("web/tracking/page_viewed", f"p{n}", n, device_id=f"dev-{n}a", url="/") for n in range(3)]
    other = says("web/tracking/page_viewed", "p1", 1, device_id="dev-1a", url="/other")
    batch = batch_of([*seen, seen[0], other])
    hour = OPENING + 7200 * SECOND
    junk = Record("web.tracking", 0, 5, hour, None, b"\x00\x00\x00\x00\x63junk", b"h")
    with new_store() as made:
        landings = land(made, [batch, Batch(LOG, [junk], {Place("web.tracking", 0): 6})])
        assert [(one.landed, one.duplicate, one.conflicting, one.rejected) for one in landings] == [
            (3, 1, 1, 0),
            (0, 0, 0, 1),
        ]
        yield made


def test_every_record_is_counted_once(store: Store) -> None:
    check_books(store, 6)
    found = store.database.rows(
        "SELECT accepted, landed, superseded, rejected, duplicate, suppressed FROM ops.conservation"
        " ORDER BY hour"
    )
    assert found == [(5, 3, 1, 0, 1, 0), (1, 0, 0, 1, 0, 0)]


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM web_tracking.page_viewed WHERE event_id = 'p2'",
        "DELETE FROM ops.event WHERE event_id = 'p2'",
        "DELETE FROM ops.rejected",
        "DELETE FROM ops.conflict",
        "UPDATE ops.ledger SET duplicate = 0",
    ],
)
def test_a_row_that_goes_missing_shows(store: Store, loss: str) -> None:
    assert store.database.rows(UNBALANCED) == []
    store.database.run(loss)
    assert len(store.database.rows(UNBALANCED)) == 1


def test_a_reject_keeps_its_bytes_and_reason(store: Store) -> None:
    row = store.database.rows('SELECT reason, schema_id, topic, "offset", value, headers FROM ops.rejected')
    assert row == [("schema_unknown", 99, "web.tracking", 5, b"\x00\x00\x00\x00\x63junk", b"h")]
