"""The connection that writes: it belongs to one thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sinks.duckdb.database import Database


def test_another_thread_is_refused(tmp_path: Path) -> None:
    """Two threads on one connection would take each other's answers."""
    database = Database(tmp_path / "store.duckdb")
    try:
        with ThreadPoolExecutor(1) as aside, pytest.raises(RuntimeError, match="ask a Desk"):
            aside.submit(database.value, "SELECT 1").result()
        assert database.value("SELECT 1") == 1
    finally:
        database.close()
