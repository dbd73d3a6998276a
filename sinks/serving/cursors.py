"""Cursors: places in a list, as texts that mean nothing to who keeps them.

Decides what a place is made of. Must never hold what its owner may not see.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import NamedTuple

STORE_DIGITS = 8


class BadCursor(ValueError):
    """A text that this API never gave as a cursor of this list."""


class MemberPlace(NamedTuple):
    """After which customer to go on, and the last change before the first page was read."""

    store: str
    customer_id: str
    change: int


class ChangePlace(NamedTuple):
    """After which change to go on."""

    store: str
    change: int


def store_of(store_id: str) -> str:
    """As much of a store's id as tells it from another."""
    return store_id[:STORE_DIGITS]


def cursor_of(place: MemberPlace | ChangePlace) -> str:
    """A place as text."""
    told = json.dumps(["m" if isinstance(place, MemberPlace) else "c", *place], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def member_place(cursor: str) -> MemberPlace:
    """The place of a cursor of members. Raises BadCursor."""
    match _read(cursor):
        case ["m", str(store), str(customer), int(change)]:
            return MemberPlace(store, customer, change)
    raise BadCursor


def change_place(cursor: str) -> ChangePlace:
    """The place of a cursor of changes. Raises BadCursor."""
    match _read(cursor):
        case ["c", str(store), int(change)] if 0 <= change < 2**63:
            return ChangePlace(store, change)
    raise BadCursor


def _read(cursor: str) -> object:
    try:
        return json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise BadCursor from None
