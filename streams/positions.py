"""Positions that move without a record: where a shared log begins, and what a person gives up as lost.

Decides when that is allowed, and that it shows in the ledger as offsets without a record. Must never move a
position that nobody asked to be moved, but for places of which nothing has landed yet.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sinks.duckdb.store import Store
from streams.core.identify import identify
from streams.core.model import Batch, Place, Reading
from streams.log.protocol import Ends, Log, lives_in
from streams.pipeline import later

Clock = Callable[[], datetime]


def begin(store: Store, log: Log, clock: Clock) -> dict[Place, int]:
    """Starts at what a log still holds, where nothing of a place has landed; the offsets of such starts.

    A log that others keep has forgotten its oldest records before this store was made.
    """
    known, ends = store.positions(log.id), log.ends()
    starts = {place: one.start for place, one in ends.items() if one.start and place not in known}
    if starts:
        _move(store, Batch(log.id, [], starts, lives_in(log, ends)), clock)
    return starts


def accept(store: Store, log: Log, topic: str, clock: Clock) -> dict[Place, tuple[int, int]]:
    """Goes on with what a topic holds now, whatever became of it since it landed last.

    The positions before and after, where they differ: the nearest offset that is there, or the start of a
    topic that was made anew.
    """
    known, lives, ends = store.positions(log.id), store.lives(log.id), log.ends()
    found = lives_in(log, ends)
    moves = {}
    for place in (place for place in known if place.topic == topic):
        one, is_same = ends.get(place, Ends(0, 0)), lives.get(place) == found.get(place)
        after = min(max(known[place], one.start), one.head) if is_same else one.start
        if after != known[place] or not is_same:
            moves[place] = known[place], after
    if moves:
        _move(store, Batch(log.id, [], {place: after for place, (_, after) in moves.items()}, found), clock)
    return moves


def _move(store: Store, batch: Batch, clock: Clock) -> None:
    """Commits positions alone."""
    nobody = identify({}, 0, store.naming)
    store.commit(batch, Reading({}), nobody, later(store.last_landed_at(), clock()))
