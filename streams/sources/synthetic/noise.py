"""The way from a source to the log: latency, late events, changed order, copies, conflicting copies.

Decides when which copies of an event arrive. Must never change what an event says, conflicts aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.sources.synthetic.chance import Chance
from streams.sources.synthetic.parameters import DAY, HOUR, MINUTE, SECOND, Parameters

Datum = dict[str, Any]


class Transport:
    """The network between the shop's systems and the log."""

    def __init__(self, parameters: Parameters) -> None:
        """A network with the parameters' shares of trouble, on its own stream of chance."""
        self._parameters = parameters
        self._chance = Chance(parameters.seed, "transport")

    def carry(self, occurred_at: int, datum: Datum, time_field: str) -> Iterator[tuple[int, Datum]]:
        """The instants (microseconds) at which the log appends the event, with what arrives then."""
        yield occurred_at + self._latency(), datum
        if self._chance.happens(self._parameters.duplicates):
            yield occurred_at + self._latency() + self._chance.wait(20 * MINUTE), datum
        if self._parameters.conflicts and self._chance.happens(self._parameters.conflicts):
            other = {**datum, time_field: occurred_at + SECOND}
            yield occurred_at + self._latency() + self._chance.wait(MINUTE), other

    def _latency(self) -> int:
        luck = self._chance.random()
        if luck < self._parameters.late:
            return HOUR + self._chance.wait(DAY)
        if luck < self._parameters.late + self._parameters.out_of_order:
            return self._chance.wait(3 * MINUTE)
        return 20_000 + self._chance.wait(SECOND // 2)
