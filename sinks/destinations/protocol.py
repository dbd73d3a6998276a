"""What is sent, what comes back, and what every kind of sender promises.

Decides the words that planning and senders share. Must never know a kind of destination.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

ANSWER = 2_000  # characters of a tool's answer that are kept
REMOVE = "remove"


class Row(NamedTuple):
    """One contact point: a normalised e-mail address or an E.164 number.

    `action` is "add", "update" or "remove"; `fields` are JSON values by target column, none for a removal.
    """

    contact: str
    action: str
    fields: Mapping[str, Any]


class Sending(NamedTuple):
    """Rows that are sent together. The same rows are always sent again under the same `id`.

    `at` is when the change was decided, UTC without a zone.
    """

    id: str
    destination: str
    segment: str
    purpose: str
    contact_kind: str
    at: datetime
    rows: tuple[Row, ...]


class Refusal(NamedTuple):
    """A row that the tool will not take, however often it is sent: its index, and what the tool said."""

    row: int
    status: int | None
    answer: str


class Answer(NamedTuple):
    """What became of a sending: all rows that are not refused are taken."""

    refused: tuple[Refusal, ...] = ()


class Unavailable(Exception):
    """The tool cannot take anything now: send the same again later, after so many seconds if it said."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        """`reason` is a sentence for people; it holds no secret."""
        super().__init__(reason)
        self.retry_after = retry_after


class Sender(Protocol):
    """Sends to one destination; one sending at a time, in any thread without a running event loop.

    A sending that ended in Unavailable may have been taken in part; sent again under its id, it goes on.
    """

    def send(self, sending: Sending) -> Answer:
        """Raises Unavailable."""

    def close(self) -> None:
        """Lets go of connections."""


def told(text: str) -> str:
    """What a tool said, as it can be kept and shown: short, and without signs that steer a terminal."""
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text[:ANSWER])


def write_json(value: Any, *, is_sorted: bool = False) -> bytes:
    """A value as JSON; what JSON lacks becomes null (not a number) or a text (times, decimals)."""
    text = json.dumps(
        _finite(value), ensure_ascii=False, sort_keys=is_sorted, separators=(",", ":"), default=str
    )
    return text.encode("utf-8", "replace")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value
