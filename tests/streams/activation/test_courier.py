"""A courier whose sender fails as nobody expected, and how long it waits after failures."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sinks.destinations.kinds import Folder, Kafka
from sinks.destinations.protocol import Answer, Sending, Unavailable
from sinks.destinations.settings import Destination, read_destination
from streams.activation.courier import Courier, Means
from streams.activation.sending import audience_of, retry_at
from tests.compared import compared, mail, person
from tests.divided import time_of
from tests.feed import SECOND, catalogue
from tests.reached import WEBHOOK, consent

TOLD = {"segment": "everybody", "purpose": "newsletter", "exclude": "[]", "max_change": 1.0, "timeout": 2,
        "url": "http://tool.example"}  # fmt: skip


class Faulty:
    """A sender that fails as often as it is told to, and forgets to say so properly."""

    def __init__(self, times: int) -> None:
        """It is not asked yet."""
        self.times, self.asked = times, list[Sending]()

    def send(self, sending: Sending) -> Answer:
        """Raises what no sender should."""
        self.asked.append(sending)
        if len(self.asked) <= self.times:
            raise ZeroDivisionError("as nobody expected\x1b[31m")
        return Answer()

    def close(self) -> None:
        """Raises what no sender should, too."""
        raise ZeroDivisionError


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    """A webhook."""
    file = tmp_path / "mail.toml"
    file.write_text(WEBHOOK.format(**TOLD), "utf-8")
    return replace(read_destination(file), fields={})


def test_what_fails_as_nobody_expected_is_a_failure_of_the_tool(destination: Destination) -> None:
    with compared(held=5) as shop:
        shop.land(person(7), consent(7, 1 * SECOND))
        cursor, sender = shop.store.database.connection.cursor, Faulty(1)
        courier = Courier(destination, Means(cursor, lambda _: sender, catalogue, threading.Lock()))
        assert not courier.look()
        assert not courier.look()
        assert not courier.look()
        assert len(sender.asked) == 1, "not again without a pause"
        ((trouble, attempts),) = shop.at.rows(
            "SELECT trouble, attempts FROM activation.delivery WHERE sent_at IS NULL"
        )
        assert trouble == "ZeroDivisionError: as nobody expected\ufffd[31m"
        assert attempts == 1
        shop.at.run("UPDATE activation.delivery SET next_at = decided_at")
        assert courier.look()
        assert sender.asked[0] == sender.asked[1]
        assert mail(7) in shop.holds()
        courier.close()


def test_pauses_grow_to_half_a_minute_and_never_end() -> None:
    failure, now = Unavailable("down"), time_of(0)
    pauses = [(retry_at(now, attempts, failure) - now).total_seconds() for attempts in range(2_000)]
    assert pauses[:7] == [1, 2, 4, 8, 16, 30, 30]
    assert sum(pauses) > 4 * 3600
    assert max(pauses) == 30
    assert retry_at(now, 10**9, failure) - now == timedelta(seconds=30)
    assert retry_at(now, 0, Unavailable("busy", 3600.0)) - now == timedelta(hours=1)


def test_a_delivery_is_a_few_requests_or_one_file(destination: Destination) -> None:
    assert audience_of(destination).portion == 40
    assert audience_of(replace(destination, how=Folder("out", "csv"))).portion > 10**9
    assert audience_of(replace(destination, how=Kafka("audience"))).portion == 10_000
