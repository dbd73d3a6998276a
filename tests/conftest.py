"""Stores, and a broker and a registry, that several tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from schemas.catalogue import Catalogue
from streams.pipeline import BATCH
from streams.sources.synthetic import DEMO, generate
from tests.cluster.artefacts import Unavailable
from tests.cluster.broker import Broker
from tests.cluster.registry import Registry
from tests.cluster.shared import Cluster, folder_of_run, give_up, need_maven, shared
from tests.fed import Event, Fed, fed

# Tests start hundreds of processes, which need not each compile the house again where bytecode is not kept.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


class Feed(Protocol):
    """Makes a store and lands events in it through log, registry and pipeline."""

    def __call__(
        self, events: Iterable[Event] = (), *, batch_size: int = BATCH, contracts: Catalogue | None = None
    ) -> Fed:
        """The store with these events, told in this order and landed in batches of that many."""


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fed]:
    """The generated shop of the demo. For all tests together: only read it."""
    made = fed(tmp_path_factory.mktemp("shop"))
    made.tell(((event.type, event.datum) for event in generate(DEMO)), batch_size=4_000)
    yield made
    made.close()


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Feed]:
    """A function that makes stores, closed after the test."""
    made: list[Fed] = []

    def feed(
        events: Iterable[Event] = (), *, batch_size: int = BATCH, contracts: Catalogue | None = None
    ) -> Fed:
        folder = tmp_path / f"fed{len(made)}"
        folder.mkdir()
        made.append(fed(folder, contracts))
        made[-1].tell(events, batch_size)
        return made[-1]

    yield feed
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The broker and the registry of this run. For all tests together: take topic names of your own."""
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(shared(folder_of_run(tmp_path_factory.getbasetemp())))
        except Unavailable as error:
            give_up(str(error))
        yield cluster


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of the test's own, to be stopped, killed and paused."""
    need_maven()
    with Broker(tmp_path / "broker") as broker:
        yield broker
    shutil.rmtree(broker.data, ignore_errors=True)


@pytest.fixture
def own_registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry of the test's own, to be stopped, killed and paused."""
    need_maven()
    with Registry(tmp_path / "registry") as registry:
        yield registry
