"""What a serving copy is told: the shapes of an update.

Decides what a profile, a name, a membership and a change are. Must never say where they come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Profile(NamedTuple):
    """A customer as they are served. `body` is a JSON object as text."""

    customer_id: str
    body: str


class Name(NamedTuple):
    """An identifier, normalised, and the customer it means now.

    The kind `customer_id` is for ids that were given out before: an alias and the id of today.
    """

    kind: str
    value: str
    customer_id: str


class Member(NamedTuple):
    """A customer in a segment. `since` is ISO, UTC; `reason` a JSON object as text."""

    segment: str
    customer_id: str
    since: str
    reason: str


class Change(NamedTuple):
    """A customer entered a segment or left it. Numbers rise from one change to the next."""

    change_id: int
    segment: str
    customer_id: str
    entered: bool
    at: str
    reason: str


class Update(NamedTuple):
    """What one transaction does to a copy, in this order.

    `segments`, if told, are the names of all there are: others go with their members and changes. `gone` are
    ids that are no customers any more: profile, names and memberships are deleted. `names` and `members`
    replace all those of the customers in `profiles`; `members` also those of `regrouped`, customers of whom
    nothing else has changed. `changes` are appended unless they are known; `forgotten` is the last change
    that the feed itself no longer tells. `upto` is the last number of the feed that this update holds.
    """

    upto: int
    gone: Sequence[str] = ()
    profiles: Sequence[Profile] = ()
    names: Sequence[Name] = ()
    members: Sequence[Member] = ()
    changes: Sequence[Change] = ()
    regrouped: Sequence[str] = ()
    segments: Sequence[str] | None = None
    forgotten: int = 0
