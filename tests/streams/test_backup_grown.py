"""Backups of a project on Kafka: the store is the record, and goes on in the topics where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sinks.duckdb.digest import Digests, digest
from sinks.gateway.access import Access
from streams.backup import back_up
from streams.check import check_all
from streams.check.finding import State
from streams.copying import LOG
from streams.house import House
from streams.log.protocol import CLOCK, PositionError
from streams.restore import restore
from streams.settings import Project
from tests.cluster.shared import Cluster
from tests.feed import catalogue
from tests.grown import grown_project, inlet_of, produce, working
from tests.living import append, landed, pages, typed


@pytest.fixture
def project(tmp_path: Path, kafka: Cluster) -> Project:
    made = grown_project(tmp_path / "shop", kafka, partitions=2)
    produce(made, pages(40))
    land(made)
    return made


def land(project: Project) -> None:
    """Lands what the topics hold."""
    with House(project, catalogue(), lambda *_: None) as house:
        house.land()


def digests(project: Project) -> Digests:
    with Access(project.store) as access:
        return digest(access.reader, catalogue())


def forget(project: Project, after: int) -> None:
    """Has Kafka forget what was there `after` records before each head, but for what people decided."""
    with inlet_of(project) as inlet:
        inlet.log.trim(
            {
                place: max(ends.start, ends.head - after)
                for place, ends in inlet.log.ends().items()
                if place.topic != CLOCK
            }
        )


def test_a_restored_store_goes_on_in_the_topics(project: Project, tmp_path: Path) -> None:
    back_up(project, catalogue(), tmp_path / "safe")
    assert not (tmp_path / "safe" / LOG).exists()
    produce(project, pages(25, first=40))
    land(project)
    manifest, again = restore(tmp_path / "safe", tmp_path / "again")
    assert manifest.counts["events"] == 40
    assert landed(again) == 40
    land(again)
    assert digests(again) == digests(project)
    assert {one.check: one.state for one in check_all(again, catalogue())}["topics"] == State.OK


def test_what_kafka_has_forgotten_comes_from_the_backup(project: Project, tmp_path: Path) -> None:
    back_up(project, catalogue(), tmp_path / "safe")
    forget(project, 0)
    produce(project, pages(10, first=40))
    land(project)
    _, again = restore(tmp_path / "safe", tmp_path / "again")
    land(again)
    assert digests(again) == digests(project)
    fresh = replace(project, store=tmp_path / "fresh.duckdb")
    land(fresh)  # without the backup it begins at what is left
    assert landed(fresh) == 10


def test_a_backup_that_is_too_old_stops_loudly(project: Project, tmp_path: Path) -> None:
    back_up(project, catalogue(), tmp_path / "safe")
    produce(project, pages(20, first=40))
    land(project)
    forget(project, 0)
    _, again = restore(tmp_path / "safe", tmp_path / "again")
    with pytest.raises(PositionError, match="before the start"):
        land(again)
    found = next(one for one in check_all(again, catalogue()) if one.check == "topics")
    assert found.state == State.WRONG
    assert "records are lost" in found.seen[0]


def test_the_log_of_before_is_backed_up_too(tmp_path: Path, kafka: Cluster) -> None:
    project = grown_project(tmp_path / "shop", kafka)
    append(project, pages(15))
    produce(project, pages(30))
    with working(project):
        code, said = typed(project.root, "backup", tmp_path / "safe")
        assert code == 0, said.said
    assert (tmp_path / "safe" / LOG).exists()
    _, again = restore(tmp_path / "safe", tmp_path / "again")
    land(again)
    land(project)
    assert digests(again) == digests(project)
