"""The serving copy kept up to date: finished profiles and memberships, for the API in another process.

Decides what of a customer is served. Must never hold more than the store does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any, Protocol

from sinks.duckdb.scope import Scope
from sinks.duckdb.segments import Segments
from sinks.duckdb.sql import script
from sinks.serving.copy import ServingCopy
from sinks.serving.update import Change, Member, Name, Profile, Update

BEAT_SECONDS = 5.0
FILLED = 1  # what a copy's first number says once all customers were told


class Applied(Protocol):
    """Whatever takes updates: a copy, or the one that is being made anew."""

    def apply(self, update: Update) -> None:
        """Does what an update says, or nothing of it."""


class Serving:
    """Feeds one copy from the customers that segments have looked at. For the thread of the segments."""

    def __init__(self, copy: ServingCopy) -> None:
        """`copy` is open for as long as this is used."""
        self._copy, self._beat_at = copy, 0.0

    def is_filled(self, newest: int) -> bool:
        """Whether all customers were told once, of a store whose last change is `newest`: no older one."""
        upto, last = self._copy.cursor()
        return upto >= FILLED and last <= newest

    def fill(self, segments: Segments, now: datetime) -> None:
        """Makes the copy anew: tells of all customers there are."""
        with self._copy.rebuild() as fresh:
            for _ in range(segments.touch_all() // segments.at_once + 2):  # others may be touched meanwhile
                segments.refresh(now, partial(self.feed, target=fresh))
            self.follow(segments.scope, fresh)

    def feed(self, scope: Scope, target: Applied | None = None) -> None:
        """Tells of the customers at hand, and of all changes since. `target` is the copy unless named."""
        seen = self._rows(scope, "serving_members")
        (target or self._copy).apply(
            Update(
                0 if target else FILLED,
                gone=[node for (node,) in self._rows(scope, "serving_gone")],
                profiles=[Profile(*row) for row in self._rows(scope, "serving_profiles")],
                names=[Name(*row) for row in self._rows(scope, "serving_names")],
                members=[Member(*row) for row in seen],
            )
        )

    def follow(self, scope: Scope, target: Applied | None = None) -> None:
        """Tells of all changes of memberships since the last, and whom they concern."""
        last = 0 if target else self._copy.cursor()[1]
        changes = [Change(*row) for row in self._rows(scope, "serving_changes", last=last)]
        if not changes and target is None:
            if monotonic() >= self._beat_at:  # readers are told that all is well
                self._beat_at = monotonic() + BEAT_SECONDS
                self._copy.apply(Update(FILLED))
            return
        concerned = sorted({one.customer_id for one in changes})
        members = self._rows(scope, "serving_regrouped", customers=concerned) if target is None else []
        (target or self._copy).apply(
            Update(
                FILLED,
                changes=changes,
                regrouped=concerned if target is None else (),
                members=[Member(*row) for row in members],
                segments=[name for (name,) in self._rows(scope, "serving_segments")],
            )
        )

    def close(self) -> None:
        """Closes the copy."""
        self._copy.close()

    @staticmethod
    def _rows(scope: Scope, query: str, **asked: Any) -> Sequence[tuple[Any, ...]]:
        return scope.rows(script("queries", query).text.format(store=scope.store), asked or None)
