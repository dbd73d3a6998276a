"""The worker is killed, paused and replaced: nothing is lost, doubled or derived otherwise."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.shared import Cluster
from tests.faults.kafka.kills import (
    killed_again_and_again,
    killed_amid_statements,
    killed_in_checkpoints,
    paused_beside_a_standby,
)


def test_killed_again_and_again_while_events_come(tmp_path: Path, kafka: Cluster) -> None:
    assert killed_again_and_again(tmp_path / "shop", kafka, 1, 20_000, 3).sound


def test_killed_amid_a_commit(tmp_path: Path, kafka: Cluster) -> None:
    assert killed_amid_statements(tmp_path / "shop", kafka, 2, 2_000, 3).sound


def test_killed_amid_a_checkpoint(tmp_path: Path, kafka: Cluster) -> None:
    assert killed_in_checkpoints(tmp_path / "shop", kafka, 3, 3_000, 3).sound


def test_a_paused_worker_keeps_the_store_and_a_killed_one_is_replaced(tmp_path: Path, kafka: Cluster) -> None:
    assert paused_beside_a_standby(tmp_path / "shop", kafka, 4, 3_000, 5).sound
