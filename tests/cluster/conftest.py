"""A machine that lacks what a test wants to find missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.artefacts import java_version
from tests.cluster.bare import BarePath


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BarePath:
    """A PATH with nothing on it."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    java_version.cache_clear()
    return BarePath(folder)
