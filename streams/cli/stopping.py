"""Ctrl-C and SIGTERM: a command ends at once, with everything closed on the way.

Decides when a command is told to stop. Must never lose the wish to.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_asked: list[int] = []


@contextmanager
def stoppable() -> Iterator[list[int]]:
    """Within, the signals raise KeyboardInterrupt; gives the list of those that came, by number."""
    _asked.clear()
    if threading.current_thread() is not threading.main_thread():
        yield _asked
        return
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    try:
        yield _asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_if_asked() -> None:
    """Raises KeyboardInterrupt once more: native code that was just importing can swallow the first."""
    if _asked:
        raise KeyboardInterrupt


def _stop(number: int, _: object) -> None:
    _asked.append(number)
    raise KeyboardInterrupt
