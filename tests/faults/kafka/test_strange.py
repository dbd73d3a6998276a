"""What cannot be read is rejected, and read once it can be."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.registry import Registry
from tests.cluster.shared import Cluster
from tests.faults.kafka.strange import known_later, poison


def test_garbage_is_rejected_and_all_else_lands(tmp_path: Path, kafka: Cluster) -> None:
    assert poison(tmp_path / "shop", kafka, 1).sound


def test_a_schema_known_later_lands_by_itself(tmp_path: Path, kafka: Cluster, own_registry: Registry) -> None:
    assert known_later(tmp_path / "shop", kafka._replace(registry=own_registry.url), 2).sound
