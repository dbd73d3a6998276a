"""A stock Faust agent that only decodes: `python -m tests.bench.rivals.faust_agent BOOTSTRAP ...`.

Decides nothing that Faust leaves at its default. Must never do more than decode to a typed record and count.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import faust
from faust.serializers.codecs import Codec

from tests.bench.rivals.clock import Clock
from tests.bench.rivals.wire import Decoder


class PageViewed(faust.Record):
    """A page view."""

    event_id: str
    occurred_at: int
    device_id: str
    user_id: str | None
    session_id: str | None
    title: str | None
    url: str | None
    referrer: str | None
    user_agent: str | None
    locale: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None


class Framed(Codec):
    """Avro in Confluent's frame."""

    def __init__(self, decoder: Decoder) -> None:
        """Decodes with a registry's schemas."""
        super().__init__()
        self._decoder = decoder

    def _loads(self, s: bytes) -> Any:
        return self._decoder.decode(s)


def main(bootstrap: str, registry: str, topic: str, events: int, folder: str) -> None:
    """Reads so many events, says how long they took, and ends."""
    app = faust.App(
        Path(folder).name,
        broker=f"kafka://{bootstrap}",
        consumer_auto_offset_reset="earliest",
        datadir=folder,
        topic_disable_leader=True,
        web_enabled=False,
    )
    views = app.topic(
        topic, key_type=bytes, value_type=PageViewed, value_serializer=Framed(Decoder(registry))
    )
    clock = Clock(events)

    @app.agent(views)
    async def read(stream: faust.StreamT[PageViewed]) -> None:
        async for view in stream:
            assert view.event_id
            if clock.count():
                clock.say()
                os._exit(0)

    faust.Worker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    bootstrap, registry, topic, events, folder = sys.argv[1:]
    main(bootstrap, registry, topic, int(events), folder)
