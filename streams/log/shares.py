"""How much of a batch each place of a log gives.

Decides that no place starves and none crowds out another. Must never look at a record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streams.core.model import Place


def fair_shares(unread: Mapping[Place, int], limit: int) -> dict[Place, int]:
    """How many records each place gives: as equal as what they hold allows, `limit` in all, none zero.

    With more places than `limit` the first ones give one each; the order is kept.
    """
    served = dict(list(unread.items())[:limit])
    shares: dict[Place, int] = {}
    left = limit
    for done, place in enumerate(sorted(served, key=served.__getitem__)):
        shares[place] = min(served[place], -(-left // (len(served) - done)))
        left -= shares[place]
    return {place: shares[place] for place in served}


def by_turn(places: Sequence[Place], last: Place | None) -> list[Place]:
    """The places in the order in which they are served: those after the one served last come first."""
    if last not in places:
        return list(places)
    turn = places.index(last) + 1
    return [*places[turn:], *places[:turn]]
