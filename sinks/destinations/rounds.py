"""A sending, told in requests: as many rows a request as the tool takes, and halves of what it refused.

Decides what each request tells and under which id, so that a bad row is refused alone, and that the same rows
go under the same id again. Must never know what a request looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sinks.destinations.protocol import Answer, Refusal, Sending


class Unfit(Exception):
    """What is refused as a whole: by the tool with a status, or by us (None) for what the rows say."""

    def __init__(self, status: int | None, answer: str) -> None:
        """`answer` is what the tool said, or why we do not ask it."""
        super().__init__(answer)
        self.status, self.answer = status, answer


# Tells the tool of rows, by their indexes, under an id; what it refused of them. Raises Unfit or Unavailable.
Tell = Callable[[str, Sequence[int]], Sequence[Refusal]]


class Group(NamedTuple):
    """Rows that are told in one way, at most `batch` a request."""

    rows: Sequence[int]
    batch: int
    tell: Tell


class Rounds:
    """Remembers what was answered of one sending, so that it goes on where the tool became unavailable.

    Without that, a tool that takes a hundred requests a minute would never see the end of a longer sending.
    """

    def __init__(self) -> None:
        """Nothing is remembered."""
        self._sending: Sending | None = None
        self._answers: dict[str, Sequence[Refusal] | Unfit] = {}

    def settle(self, sending: Sending, groups: Sequence[Group]) -> Answer:
        """Tells all of it. Raises Unavailable, after which the same sending goes on."""
        if sending != self._sending:
            self._sending, self._answers = sending, {}
        refused = list[Refusal]()
        for group in groups:
            for first in range(0, len(group.rows), group.batch):
                rows = group.rows[first : first + group.batch]
                is_all = len(rows) == len(sending.rows)
                name = sending.id if is_all else f"{sending.id}/{rows[0]}-{rows[-1]}"
                refused += self._settle(name, rows, group.tell)
        self._sending, self._answers = None, {}
        return Answer(tuple(sorted(refused, key=lambda refusal: refusal.row)))

    def _settle(self, name: str, rows: Sequence[int], tell: Tell) -> list[Refusal]:
        if name not in self._answers:
            try:
                self._answers[name] = tell(name, rows)
            except Unfit as unfit:
                self._answers[name] = unfit
        answer = self._answers[name]
        if not isinstance(answer, Unfit):
            return list(answer)
        if len(rows) == 1:
            return [Refusal(rows[0], answer.status, answer.answer)]
        half = len(rows) // 2
        return [
            *self._settle(f"{name}/0", rows[:half], tell),
            *self._settle(f"{name}/1", rows[half:], tell),
        ]
