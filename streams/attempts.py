"""A mark beside the store: which records are being landed, and for the how-manieth time.

Decides when a batch has ended its process too often to be tried as a whole. Must never be needed to be right:
a lost mark costs a try.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sinks.duckdb.database import StoreError
from streams.core.model import Batch, Place
from streams.log.protocol import LogError
from streams.registry.protocol import RegistryError

MOST = 2  # tries of a whole batch; the third goes record by record


class Span(NamedTuple):
    """Records of one place, from `start` to before `end`."""

    place: Place
    start: int
    end: int


class Attempts:
    """The mark of one store."""

    def __init__(self, store: Path) -> None:
        """Reads nothing yet."""
        self._file = store.with_name(f"{store.name}.attempt")

    @contextlib.contextmanager
    def marked(self, batch: Batch, positions: Mapping[Place, int]) -> Iterator[None]:
        """Within, the batch that begins at the positions is being landed.

        What the world does to it (a full disk, a person who stops it) is no fault of its records.
        """
        spans = [[*place, positions.get(place, 0), end] for place, end in batch.positions.items()]
        tries = 1 + (self._tries if [span[:3] for span in spans] == self._starts else 0)
        self._write({"log": batch.log_id, "tries": tries, "spans": spans})
        try:
            yield
        except (StoreError, LogError, RegistryError, KeyboardInterrupt):
            self.clear()
            raise
        self.clear()

    def clear(self) -> None:
        """Takes the mark away."""
        with contextlib.suppress(OSError):
            self._file.unlink()

    def deadly(self, log_id: str) -> list[Span]:
        """The records that have ended the process too often; none if the mark speaks of another log."""
        mark = self._read()
        if mark.get("log") != log_id or self._tries < MOST:
            return []
        return [Span(Place(topic, partition), start, end) for topic, partition, start, end in mark["spans"]]

    @property
    def _tries(self) -> int:
        return int(self._read().get("tries", 0))

    @property
    def _starts(self) -> list[list[Any]]:
        return [span[:3] for span in self._read().get("spans", [])]

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            mark = json.loads(self._file.read_text("utf-8"))
            return mark if isinstance(mark, dict) else {}
        return {}

    def _write(self, mark: Mapping[str, Any]) -> None:
        """Whole or not at all; not synced, for it is processes that die here, not machines."""
        fresh = self._file.with_name(f"{self._file.name}.new")
        with contextlib.suppress(OSError):
            fresh.write_text(json.dumps(mark), "utf-8")
            os.replace(fresh, self._file)
