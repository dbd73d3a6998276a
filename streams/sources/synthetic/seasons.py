"""When people shop: the pull of each hour of the calendar.

Decides seasons, weekdays and hours. Must never know what happens in them.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from streams.sources.synthetic.parameters import HOUR, Parameters

# Times are UTC: an evening peak at 18 h is 19 or 20 h in Germany.
BY_HOUR = (2, 1, 1, 1, 1, 3, 6, 9, 11, 12, 13, 13, 12, 12, 12, 13, 15, 18, 20, 20, 17, 12, 7, 4)
BY_WEEKDAY = (100, 96, 94, 97, 98, 105, 128)
BY_MONTH = (96, 82, 104, 108, 102, 98, 94, 90, 100, 108, 142, 134)


@dataclass(frozen=True)
class Seasons:
    """The calendar as a curve: `reached[h]` is the share of all that happens by the end of hour `h`."""

    opens_at: int
    reached: tuple[float, ...]

    def hours(self) -> range:
        """The beginnings of all hours, in microseconds."""
        return range(self.opens_at, self.opens_at + len(self.reached) * HOUR, HOUR)

    def share(self, instant: int) -> float:
        """The share reached at the end of the hour that holds the instant."""
        return self.reached[(instant - self.opens_at) // HOUR]

    def instant(self, share: float) -> int:
        """The instant at which the share (0..1) is reached: uniform shares give seasonal instants."""
        index = min(bisect_left(self.reached, share), len(self.reached) - 1)
        before = self.reached[index - 1] if index else 0.0
        part = (share - before) / (self.reached[index] - before)
        return self.opens_at + index * HOUR + min(int(part * HOUR), HOUR - 1)


def seasons(parameters: Parameters) -> Seasons:
    """The curve of a shop's calendar."""
    pulls = [pull for day in _days(parameters) for pull in _pulls(day)]
    total = sum(pulls)
    return Seasons(parameters.opens_at, tuple(reached / total for reached in accumulate(pulls)))


def _days(parameters: Parameters) -> list[date]:
    length = (parameters.last_day - parameters.first_day).days + 1
    return [parameters.first_day + timedelta(days=day) for day in range(length)]


def _pulls(day: date) -> list[int]:
    return [BY_MONTH[day.month - 1] * BY_WEEKDAY[day.weekday()] * pull for pull in BY_HOUR]
