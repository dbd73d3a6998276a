"""Producers of two versions of a contract side by side, and rolled back: one table, migrated once."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import Catalogue
from schemas.conform import conform
from sinks.duckdb.digest import digest
from sinks.duckdb.store import Store
from streams.house import House
from streams.registry.protocol import RegistryError
from streams.settings import Project
from tests.cluster.shared import Cluster
from tests.feed import blank_store
from tests.grown import grown_project, inlet_of
from tests.sinks.duckdb.test_migrate import EVENT, V1, V2, events, write_contract

Versioned = tuple[int, dict[str, Any]]


@pytest.fixture
def versions(tmp_path: Path) -> dict[int, Catalogue]:
    return {1: write_contract(tmp_path / "v1", V1), 2: write_contract(tmp_path / "v2", V2)}


def produce(project: Project, versions: dict[int, Catalogue], told: Iterable[Versioned]) -> None:
    """Each producer writes its events with its own version of the contract."""
    with ExitStack() as opened:
        inlets = {
            number: opened.enter_context(inlet_of(project, contracts))
            for number, contracts in versions.items()
        }
        for version, datum in told:
            event = versions[version].events[EVENT]
            record = inlets[version].outgoing(event, conform(event.schema, datum))
            inlets[version].log.append([record])


def land(project: Project, contracts: Catalogue) -> None:
    with House(project, contracts, lambda *_: None) as house:
        house.land()


def test_mixed_and_rolled_back(tmp_path: Path, kafka: Cluster, versions: dict[int, Catalogue]) -> None:
    project, told = grown_project(tmp_path / "shop", kafka), events(3)
    produce(project, versions, told[:20])
    land(project, versions[1])
    produce(project, versions, told[20:40])
    land(project, versions[1])
    land(project, versions[2])
    produce(project, versions, told[40:50])
    land(project, versions[2])
    produce(project, versions, ((1, datum) for version, datum in told[50:] if version == 1))
    produce(project, versions, (one for one in told[50:] if one[0] == 2))
    land(project, versions[2])
    straight = Project(tmp_path, "straight", blank_store(tmp_path / "straight.duckdb"), tmp_path / "none",
                       None, kafka=project.kafka)  # fmt: skip
    land(straight, versions[2])
    first, second = Store(project.store, versions[2]), Store(straight.store, versions[2])
    try:
        assert digest(first.database, versions[2]) == digest(second.database, versions[2])
        version = "SELECT version FROM ops.contract WHERE event_type = ?"
        assert first.database.value(version, [EVENT]) == 2
        assert first.database.value("SELECT count(*) FROM ops.rejected") == 0
        landed = first.database.value("SELECT count(*) FROM app_loyalty.points_earned")
        assert landed == len({datum["event_id"] for _, datum in told})
        schemas = "SELECT count(*) FROM ops.writer WHERE schema LIKE '%PointsEarned%'"
        assert first.database.value(schemas) == 2
        assert first.database.rows("FROM ops.conservation WHERE NOT balanced") == []
    finally:
        first.close()
        second.close()


def test_a_version_that_cannot_read_the_old_one_is_refused_before_anything_is_sent(
    tmp_path: Path, kafka: Cluster, versions: dict[int, Catalogue]
) -> None:
    project = grown_project(tmp_path / "shop", kafka)
    produce(project, versions, [(1, {"event_id": "a", "earned_at": "2026-01-01T00:00:00Z", "points": 1,
                                     "email": "a@x-y.de"})])  # fmt: skip
    needed = [*V1, {"name": "branch", "type": "string", "doc": "Branch."}]
    broken = {3: write_contract(tmp_path / "v3", needed)}
    datum = {"event_id": "b", "earned_at": "2026-01-01T00:00:00Z", "points": 1, "branch": "x"}
    with pytest.raises(RegistryError, match="give new fields a default"):
        produce(project, broken, [(3, datum)])
    with inlet_of(project, versions[1]) as inlet:
        assert sum(ends.head for ends in inlet.log.ends().values()) == 1
