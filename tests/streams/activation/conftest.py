"""One living project for the tests of a module: people, `rundum run`, and a tool that is told of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reached import SECRET, VARIABLE, Reach, reach


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reach]:
    """A project whose process runs, and a tool that holds everybody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, SECRET)
        with reach(tmp_path_factory.mktemp("reach")) as made:
            yield made


@pytest.fixture
def reached(living: Reach) -> Iterator[Reach]:
    """The same, with a tool that answers well; afterwards what it holds is looked at once more."""
    living.tool.behave()
    yield living
    living.tool.behave()
    living.check()
