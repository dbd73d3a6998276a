"""Where a store stands in its log: what each place holds, what of it has landed, and what is wrong with it.

Decides which words describe a place. Must never move a position.
"""

from __future__ import annotations

from typing import NamedTuple

from sinks.duckdb.reader import Rows
from sinks.duckdb.store import lives_of, positions_of
from streams.core.model import Place
from streams.log.protocol import Ends, Log, lives_in

FINE, LOST, ANEW, GONE = "ok", "records are lost", "made anew", "gone"


class Standing(NamedTuple):
    """One place: what it holds, where landing goes on, and one of the words above."""

    place: Place
    ends: Ends
    position: int
    state: str

    @property
    def left(self) -> int:
        """Records that have not landed."""
        return max(0, self.ends.head - self.position)


def standings(log: Log, store: Rows | None) -> list[Standing]:
    """Every place of a log and of the store's positions in it. Raises LogError.

    `store` is None where nothing has landed yet.
    """
    ends = log.ends()
    now = lives_in(log, ends)
    positions = positions_of(store, log.id) if store else {}
    lives = lives_of(store, log.id) if store else {}
    found = []
    for place in sorted(ends.keys() | positions.keys()):
        one = ends.get(place, Ends(0, 0))
        position = positions.get(place, one.start)
        if place not in ends:
            state = GONE
        elif lives.get(place, now.get(place)) != now.get(place):
            state = ANEW
        else:
            state = FINE if one.start <= position <= one.head else LOST
        found.append(Standing(place, one, position, state))
    return found
