"""What topics have lost before it landed is said loudly, and nothing moves until a person accepts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.shared import Cluster
from tests.faults.kafka.losses import made_anew, store_lost, truncated

SHORT, LONG = 3, 1_500


def test_retention_has_passed_a_position(tmp_path: Path, kafka: Cluster) -> None:
    assert truncated(tmp_path / "shop", kafka, 1).sound


@pytest.mark.parametrize("running", [False, True], ids=["before the start", "in mid-run"])
@pytest.mark.parametrize("count", [SHORT, LONG], ids=["shorter", "longer"])
def test_a_topic_made_anew(tmp_path: Path, kafka: Cluster, count: int, running: bool) -> None:
    assert made_anew(tmp_path / "shop", kafka, 2, count, running=running).sound


def test_a_store_that_is_lost_comes_again(tmp_path: Path, kafka: Cluster) -> None:
    assert store_lost(tmp_path / "shop", kafka, 3).sound
