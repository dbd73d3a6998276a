"""Decides that no JVM outlives the Python process that started it, however that ends.

A small process of its own hears which JVMs live; when the pipe to it closes, it kills those that are left.
Must never import more than the standard library, nor be in the foreground group: Ctrl-C would end it first.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache
from threading import Lock

_one_at_a_time = Lock()


def guard(pid: int) -> None:
    """From now on this process dies with us."""
    _tell(f"+{pid}\n")


def release(pid: int) -> None:
    """This process has ended; its number may soon be somebody else's."""
    _tell(f"-{pid}\n")


def _tell(line: str) -> None:
    with _one_at_a_time:
        hearer = _warden().stdin
        assert hearer
        hearer.write(line.encode())
        hearer.flush()


@cache
def _warden() -> subprocess.Popen[bytes]:
    warden = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    atexit.register(warden.communicate)
    return warden


def watch() -> None:
    """Hears who lives until nobody can say more, then kills them."""
    living: set[int] = set()
    for line in sys.stdin:
        (living.add if line[0] == "+" else living.discard)(int(line[1:]))
    for pid in living:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    watch()
