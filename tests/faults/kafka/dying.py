"""`rundum`, which dies by its own hand before the use of the database whose turn it is.

Run as `dying.py statement|checkpoint COUNT COMMAND ...`: before that statement since the store was opened,
or while that checkpoint is being written.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

import sinks.duckdb.store
import streams.owner
from sinks.duckdb.database import Database
from sinks.duckdb.store import Store

HOW, MOMENT = sys.argv[1], int(sys.argv[2])
MICROSECONDS = 300  # between two moments of a checkpoint


class Dying(Database):
    """Counts the uses of the database once a batch lands."""

    left = MOMENT

    def __getattribute__(self, name: str) -> Any:
        if name == "connection" and HOW == "statement":
            Dying.left -= 1
            if Dying.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().__getattribute__(name)


class Filed(Store):
    """Takes every batch into the file at once, and dies amid it."""

    def commit(self, *words: Any) -> Any:
        """Lands a batch, then checkpoints."""
        landing = super().commit(*words)
        threading.Thread(target=_die).start()
        self.checkpoint()
        os.kill(os.getpid(), signal.SIGKILL)
        return landing


def _die() -> None:
    time.sleep(MOMENT * MICROSECONDS / 1_000_000)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sinks.duckdb.store.Database = Dying  # type: ignore[attr-defined]
    if HOW == "checkpoint":
        streams.owner.Store = Filed  # type: ignore[attr-defined]
    from streams.cli import main

    main(args=sys.argv[3:], prog_name="rundum")
