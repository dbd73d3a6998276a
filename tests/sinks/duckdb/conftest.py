"""Stores with a segment of everybody, for tests of destinations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compared import (
    Compared,
    compared,
)


@pytest.fixture
def fresh() -> Iterator[Compared]:
    """A store without people."""
    with compared() as made:
        yield made


@pytest.fixture
def five() -> Iterator[Compared]:
    """Five people whom the tool holds."""
    with compared(held=5) as made:
        yield made
