"""What the API answers, as its OpenAPI document describes it.

Decides the names in answers. Must never be needed to answer: the answers are made by the reader.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

_ID = Field(description="The customer's id now. Ids given out before go on finding the customer.")
_REASON = Field(description="What the segment's SQL gives beside the customer.")
_CHANGES = Field(description="From which change on to follow, once all pages are read.")


class Segment(BaseModel):
    """A segment."""

    name: str
    members: int


class Segments(BaseModel):
    """The segments that the token may see."""

    segments: list[Segment]


class Member(BaseModel):
    """A customer in the segment."""

    customer_id: str = _ID
    since: str = Field(description="ISO 8601, UTC.")
    reason: dict[str, Any] = _REASON


class Members(BaseModel):
    """A page of members in order of their ids."""

    segment: str
    members: list[Member]
    next: str | None = Field(description="The cursor of the next page; null on the last.")
    changes: str = _CHANGES


class Change(BaseModel):
    """A customer entered the segment or left it."""

    change_id: int = Field(description="Rises from one change to the next.")
    customer_id: str = _ID
    entered: bool = Field(description="false: left.")
    at: str = Field(description="ISO 8601, UTC.")
    reason: dict[str, Any] = _REASON


class Changes(BaseModel):
    """A page of changes, the oldest first."""

    segment: str
    changes: list[Change]
    next: str = Field(description="The cursor to ask with next time, even if nothing has changed.")
    more: bool = Field(description="Whether there are more already.")


class Membership(BaseModel):
    """A segment that the customer is in."""

    name: str
    since: str
    reason: dict[str, Any] = _REASON


class Customer(BaseModel):
    """A customer, for personalisation."""

    customer_id: str = _ID
    profile: dict[str, Any]
    segments: list[Membership] = Field(description="Of those that the token may see.")


class Health(BaseModel):
    """Whether there is something to answer from, and how old it is."""

    status: str = Field(description="ready or waiting.")
    why: str = ""
    applied_at: str | None = Field(None, description="When the copy was last told something (ISO 8601, UTC).")
    age_seconds: float | None = None
