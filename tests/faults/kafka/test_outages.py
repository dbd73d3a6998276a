"""Broker and registry go for a while: the worker says so, waits, and goes on by itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.broker import Broker
from tests.cluster.registry import Registry
from tests.cluster.shared import Cluster, need_maven
from tests.faults.kafka.outages import (
    broker_killed,
    broker_paused,
    broker_restarted,
    ended_in_an_outage,
    registry_down_at_the_start,
    registry_down_in_mid_run,
)


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Registry]]:
    """A broker and a registry that only these tests use."""
    need_maven()
    folder = tmp_path_factory.mktemp("frail")
    broker, registry = Broker(folder / "broker"), Registry(folder / "registry")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for jvm in (registry, broker):
            stack.callback(jvm.kill)
            jvm.launch()
        broker.wait()
        registry.wait()
        yield broker, registry


@pytest.fixture
def broker(frail: tuple[Broker, Registry]) -> Broker:
    return frail[0]


@pytest.fixture
def registry(frail: tuple[Broker, Registry]) -> Registry:
    return frail[1]


@pytest.fixture
def served(broker: Broker, registry: Registry) -> Cluster:
    return Cluster(broker.address, registry.url)


def test_a_broker_that_restarts(tmp_path: Path, served: Cluster, broker: Broker) -> None:
    assert broker_restarted(tmp_path / "shop", served, 1, broker, 3).sound


def test_a_broker_that_is_killed_for_long_enough_to_be_missed(
    tmp_path: Path, served: Cluster, broker: Broker
) -> None:
    assert broker_killed(tmp_path / "shop", served, 2, broker, 13).sound


def test_a_broker_that_is_paused(tmp_path: Path, served: Cluster, broker: Broker) -> None:
    assert broker_paused(tmp_path / "shop", served, 3, broker, 5).sound


def test_an_outage_holds_up_no_end(tmp_path: Path, served: Cluster, broker: Broker) -> None:
    assert ended_in_an_outage(tmp_path / "shop", served, 4, broker).sound


def test_a_registry_that_is_not_there_at_the_start(
    tmp_path: Path, kafka: Cluster, registry: Registry
) -> None:
    assert registry_down_at_the_start(tmp_path / "shop", kafka, 5, registry).sound


def test_a_registry_that_goes_in_mid_run(tmp_path: Path, kafka: Cluster, registry: Registry) -> None:
    assert registry_down_in_mid_run(tmp_path / "shop", kafka, 6, registry).sound
