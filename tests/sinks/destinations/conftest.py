"""A tool to send to, and sendings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tool import Tool


@pytest.fixture(scope="module")
def shared_tool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """One process for the tests of a module."""
    with Tool(tmp_path_factory.mktemp("tool")) as tool:
        yield tool


@pytest.fixture
def tool(shared_tool: Tool) -> Tool:
    """The tool, answering well, to which nothing was told yet."""
    shared_tool.behave()
    shared_tool.forget()
    return shared_tool


@pytest.fixture
def own_tool(tmp_path: Path) -> Iterator[Tool]:
    """A tool of the test's own, which may die."""
    with Tool(tmp_path) as tool:
        yield tool
