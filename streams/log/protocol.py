"""What every log promises: append, read from positions, trim.

Decides the shapes and the words of refusal that all logs share. Must never know where a log is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, Self

from streams.core.model import Batch, Place

OWN = "own."  # what people and Rundum itself have said is kept for ever,
CLOCK = "own.clock"  # but for the time


class LogError(Exception):
    """A log that cannot be opened, read or written; the text is one sentence with the mend."""


class LogUnreachable(LogError):
    """A log that cannot be reached now, and can be again without anybody's doing."""


class PositionError(LogError):
    """A position that the log does not hold. Never answered by a jump: events would be lost or read twice."""


class Outgoing(NamedTuple):
    """A record to be appended; `value` None is a tombstone.

    `partition` None takes the key's (0 without a key). `timestamp` is in microseconds since 1970, UTC, and
    is kept as given; None means now, never before an earlier record of the partition.
    """

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: bytes | None = None
    timestamp: int | None = None


class Ends(NamedTuple):
    """`start` is the first offset kept, `head` the next to be given; equal where nothing is kept."""

    start: int
    head: int


class Log(Protocol):
    """Records in places, each place in the order of its offsets. For one thread at a time."""

    @property
    def id(self) -> str:
        """Given at random when the log was made; positions mean something only together with it."""

    def append(self, records: Sequence[Outgoing]) -> list[int]:
        """Append all or nothing; the offsets, in the order given. Durable once it returns.

        Raises LogError, after which nothing was acknowledged.
        """

    def ends(self) -> dict[Place, Ends]:
        """The ends of every known place."""

    def poll(self, positions: Mapping[Place, int], limit: int) -> Batch:
        """Up to `limit` records of every known place, from the positions; absent places from offset 0.

        Returns at once, with an empty batch if there is nothing. No place starves, and a batch is bounded
        in bytes too. Raises PositionError for a position beyond the head or before the start, LogUnreachable.
        """

    def offsets_at(self, timestamp: int) -> dict[Place, int]:
        """The first offset of every place whose record is not older; the head where all are.

        `timestamp` is in microseconds since 1970, UTC. Exact where timestamps rise, near elsewhere.
        """

    def trim(self, positions: Mapping[Place, int]) -> None:
        """Forget the records below the positions, for ever. Offsets go on; topics of `own.` are kept whole,
        but for the clock's.

        Raises PositionError, before anything is trimmed, for a position beyond the head.
        """

    def close(self) -> None:
        """Let go of the log; a second time does nothing."""

    def __enter__(self) -> Self:
        """The log itself; leaving closes it."""

    def __exit__(self, *_: object) -> None:
        """Closes the log."""


def may_be_trimmed(topic: str) -> bool:
    """Whether the log may forget what has landed of a topic."""
    return topic == CLOCK or not topic.startswith(OWN)


def check_head(log_id: str, place: Place, position: int, ends: Ends) -> None:
    """Raise PositionError if the position lies beyond the head."""
    if position > ends.head:
        raise PositionError(
            f"{_where(log_id, place, position, ends)}, which is beyond the head: the position was taken from "
            "another log's file or from a newer state of this one; give the log it came from, or restore the "
            "backup of the store that belongs to this log"
        )


def check_start(log_id: str, place: Place, position: int, ends: Ends) -> None:
    """Raise PositionError if the position lies before the start."""
    if position < ends.start:
        raise PositionError(
            f"{_where(log_id, place, position, ends)}, which is before the start: {ends.start - position} "
            "records were trimmed before they landed; give the store that they landed in, restore a backup "
            "of the log that still holds them, or say that they are lost and go on without: `rundum topics "
            f"accept {place.topic}`"
        )


def lives_in(log: Log, ends: Mapping[Place, Ends]) -> Mapping[Place, str]:
    """What a log has in its places now, where it can tell; no record is read for it. Raises LogError."""
    return log.poll({place: one.head for place, one in ends.items()}, 1).lives


def check_life(log_id: str, place: Place, known: str, life: str | None) -> None:
    """Raise PositionError if the place is not the one that the position was taken from."""
    if known != life:
        what = "is not there any more" if life is None else "was deleted and made anew"
        raise PositionError(
            f"log {log_id}, {place.topic}/{place.partition}: the topic {what} since the store landed from "
            "it, and what had not landed is gone with it; bring the old topic back, or say that its rest is "
            f"lost and go on with the new one: `rundum topics accept {place.topic}`"
        )


def _where(log_id: str, place: Place, position: int, ends: Ends) -> str:
    kept = f"start {ends.start}, head {ends.head}"
    return f"log {log_id}, {place.topic}/{place.partition} ({kept}): reading was to go on at {position}"
