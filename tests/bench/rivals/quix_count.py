"""Quix Streams, decoding and counting per customer: `python -m tests.bench.rivals.quix_count ...`.

Decides nothing that Quix Streams leaves at its default. Must never do more than decode and count by key.
It runs in an environment of its own: quix.txt.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench.rivals.clock import Clock
from tests.bench.rivals.wire import Decoder


def main(bootstrap: str, registry: str, topic: str, events: int, folder: str) -> None:
    """Reads so many events, says how long they took, and ends."""
    quix: Any = import_module("quixstreams")  # not there where types are checked
    app = quix.Application(
        bootstrap,
        consumer_group=Path(folder).name,
        auto_offset_reset="earliest",
        state_dir=folder,
        loglevel="WARNING",
    )
    clock, decoder = Clock(events), Decoder(registry)

    def count(view: Any, state: Any) -> None:
        assert view["event_id"]
        state.set("views", state.get("views", 0) + 1)
        if clock.count():
            clock.say()
            os._exit(0)

    frame = app.dataframe(app.topic(topic, value_deserializer="bytes"))
    frame.apply(decoder.decode).update(count, stateful=True)
    app.run()


if __name__ == "__main__":
    bootstrap, registry, topic, events, folder = sys.argv[1:]
    main(bootstrap, registry, topic, int(events), folder)
