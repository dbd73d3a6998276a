"""The store's write-ahead log, taken into its file: readers who never pause would keep DuckDB from that.

Decides when readers have to wait, and when they have to end. Must never hold up what lands.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from sinks.duckdb.store import Store
from sinks.gateway.desk import Desk
from streams.core.model import Place

MUCH = 512 * 2**20  # bytes of a write-ahead log from which on newcomers wait; DuckDB itself begins at 256 MB
TOO_MUCH = 4 * MUCH  # from here on those who are still reading are ended
WAIT = 20.0  # seconds that newcomers wait at most; shorter than their patience
PAUSE = 60.0  # seconds to the next such wait
WHY = "the store has to put its files in order, and long queries have kept it from that; ask again"


class Tidy:
    """Keeps one store's write-ahead log in bounds. `filed` is how far its file has it, without that log."""

    def __init__(self, store: Store, desk: Desk, log_id: str) -> None:
        """Holds nobody up yet. `log_id`: the log that is landed."""
        self.filed: Mapping[Place, int] = {}
        self.is_due = False  # whether a checkpoint is wanted whatever the size
        self._store, self._desk, self._log_id = store, desk, log_id
        self._wal = store.database.path.with_name(f"{store.database.path.name}.wal")
        self._held_at: float | None = None
        self._again_at = 0.0

    def checkpoint(self) -> bool:
        """Tries one now; whether it succeeded."""
        if not self._store.checkpoint():
            return False
        self.filed, self.is_due = self._store.positions(self._log_id), False
        self._release()
        return True

    def look(self) -> None:
        """Between two batches: whether newcomers must wait, or need no longer."""
        size = self._wal.stat().st_size if self._wal.exists() else 0
        now = monotonic()
        if size < MUCH and not self.is_due:
            self._release()
        elif self._held_at is None:
            if now >= self._again_at:
                self._desk.hold()
                self._held_at = now
        elif self._desk.running == 0 or size > TOO_MUCH:
            if size > TOO_MUCH:
                self._desk.interrupt(WHY)
            self.checkpoint()
        elif now - self._held_at > WAIT:
            self._again_at = now + PAUSE
            self._release()

    def _release(self) -> None:
        self._held_at = None
        self._desk.release()
