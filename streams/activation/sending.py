"""Between what the store decides and what senders send.

Decides how an item reads to a sender, and how long it waits after a failure. Must never alter a row.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

from sinks.destinations.kinds import Folder, Kafka
from sinks.destinations.protocol import Answer, Row, Sending, Unavailable
from sinks.destinations.settings import Destination
from sinks.duckdb.activation import Audience, Delivery, Refused

FIRST_PAUSE = 1.0  # seconds; each further one is twice as long,
# until they no longer grow: a tool that is back must hear of a withdrawal within a minute. None is the last.
LONGEST_PAUSE = 30.0
REQUESTS, FEWEST, MOST = 4, 20, 10_000  # what a delivery may take until the next look at what has changed


def audience_of(destination: Destination) -> Audience:
    """Whom the destination should hold."""
    return Audience(
        destination.name,
        destination.segment,
        destination.purpose,
        destination.contact,
        destination.fields,
        destination.exclude,
        destination.max_change,
        _portion_of(destination),
    )


def _portion_of(destination: Destination) -> int:
    """How many rows go between two looks at consents; a file is one thing, and holds all of a change."""
    how = destination.how
    if isinstance(how, Folder):
        return sys.maxsize
    return MOST if isinstance(how, Kafka) else max(how.batch * REQUESTS, FEWEST)


def sending_of(destination: Destination, delivery: Delivery) -> Sending:
    """A delivery as senders take it."""
    rows = tuple(Row(item.contact, item.action, item.fields) for item in delivery.items)
    return Sending(
        delivery.delivery_id,
        destination.name,
        destination.segment,
        destination.purpose,
        destination.contact,
        delivery.decided_at,
        rows,
    )


def refused_of(delivery: Delivery, answer: Answer) -> list[Refused]:
    """What a destination has refused, by the items' places."""
    return [Refused(delivery.items[one.row].place, one.status, one.answer) for one in answer.refused]


def retry_at(now: datetime, attempts: int, failure: Unavailable) -> datetime:
    """When it is tried again after so many attempts (UTC, no zone); never sooner than the tool asks for."""
    pause = min(FIRST_PAUSE * 2 ** min(attempts, 20), LONGEST_PAUSE)
    return now + timedelta(seconds=max(pause, failure.retry_after or 0.0))
