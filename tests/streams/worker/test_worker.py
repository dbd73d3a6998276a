"""`rundum worker` on a real Kafka: what comes over topics becomes the store, and what follows from it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from streams.settings import Project
from tests.cluster.shared import Cluster
from tests.grown import await_landed, grown_project, heads, produce, working
from tests.living import append, check, health, landed, pages, port_of, wait_for


@pytest.fixture
def project(tmp_path: Path, kafka: Cluster) -> Project:
    return grown_project(tmp_path / "shop", kafka)


def test_what_comes_over_kafka_lands(project: Project) -> None:
    produce(project, pages(300))
    with working(project) as worker:
        await_landed(project, heads(project))
        produce(project, pages(50, first=300))
        wait_for(lambda: landed(project) == 350)
        status, told = health(port_of(worker))
        assert (status, told["status"], told["live"], told["standby"]) == (200, "ready", True, False)
        assert worker.end(signal.SIGTERM) == 0
    check(project, pages(350))


def test_what_the_embedded_log_holds_lands_first(tmp_path: Path, kafka: Cluster) -> None:
    project = grown_project(tmp_path / "shop", kafka)
    append(project, pages(40))
    produce(project, pages(80))  # half of them known already
    with working(project) as worker:
        await_landed(project, heads(project))
        wait_for(lambda: landed(project) == 80)
        worker.end(signal.SIGTERM)
    check(project, pages(80))
