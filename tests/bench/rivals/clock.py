"""The clock of a rival: from its first event to its last.

Decides what is timed. Must never count a start.
"""

from __future__ import annotations

import json
import time


class Clock:
    """Counts events; says seconds of the wall and of the processors after the last one."""

    def __init__(self, events: int) -> None:
        """So many events are to come."""
        self._events, self._count = events, 0
        self._wall = self._cpu = 0.0

    def count(self) -> bool:
        """One event more; whether it was the last."""
        if not self._count:
            self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._count += 1
        return self._count >= self._events

    def say(self) -> None:
        """Prints the figures, on a line of their own."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        print("\n" + json.dumps({"events": self._count, "wall": wall, "cpu": cpu}), flush=True)
