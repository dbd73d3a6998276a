"""What the Kafka clients and Faust say, a line a minute instead of thousands in an outage.

Decides how much of it people are told. Must never hold back that it held something back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

SECONDS = 60.0
LONGEST = 200
NEVER = logging.CRITICAL + 1
LANDING = "streams.worker.landing"


class Sparse(logging.Handler):
    """Passes on one line a minute of each logger, with the number of those that it kept back."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = monotonic) -> None:
        """`tell` takes a line; `clock` gives seconds."""
        super().__init__(logging.WARNING)
        self._tell, self._clock = tell, clock
        self._next: dict[str, float] = {}
        self._kept: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Passes a record on, or counts it."""
        now = self._clock()
        if now < self._next.get(record.name, now):
            self._kept[record.name] = self._kept.get(record.name, 0) + 1
            return
        self._next[record.name] = now + SECONDS
        kept = self._kept.pop(record.name, 0)
        more = f" (and {kept:,} more like it)" if kept else ""
        said = " ".join(record.getMessage().split())[:LONGEST]
        self._tell(f"{record.name}: {said}{more}")


def logging_config(handler: Sparse) -> dict[str, Any]:
    """The settings under which every logger of the process speaks through one Sparse.

    What Faust says of slow timers is no news, and of its end others say more.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"sparse": {"()": lambda: handler}},
        "root": {"level": "WARNING", "handlers": ["sparse"]},
        "loggers": {name: {"level": NEVER} for name in ("mode.timers", "faust.worker", LANDING)},
    }
