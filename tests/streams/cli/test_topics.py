"""`rundum topics`, `lag`, `replay`: read on a real Kafka, and what a person accepts as lost."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from sinks.gateway.access import Access
from streams.core.model import Place
from streams.settings import Project
from tests.cluster import topics as cluster_topics
from tests.cluster.shared import Cluster
from tests.grown import grown_project, heads, inlet_of, kafka_of, produce, working
from tests.living import landed, pages, typed

WEB = "web.tracking"
WHAT = ("--source", "web/tracking", "--from", "2020-01-01")
AGAIN = "40 records read again: 0 new, 0 rejected"


@pytest.fixture
def project(tmp_path: Path, kafka: Cluster) -> Project:
    return grown_project(tmp_path / "shop", kafka, partitions=2)


def land(project: Project) -> str:
    """`rundum land`; what it said."""
    code, said = typed(project.root, "land")
    assert code == 0, said.said
    return said.said


def row(project: Project, command: str, *begins: str) -> list[str]:
    """The cells of the row that begins so."""
    code, said = typed(project.root, command)
    assert code == 0, said.said
    (found,) = (line.split() for line in said.said.splitlines() if line.split()[: len(begins)] == [*begins])
    return found


def test_topics_and_lag_say_what_is_left(project: Project) -> None:
    produce(project, pages(30))
    assert row(project, "topics", WEB)[1:] == ["2", "0", "30", "0", "30", "ok"]
    land(project)
    assert row(project, "topics", WEB)[1:] == ["2", "0", "30", "30", "0", "ok"]
    produce(project, pages(5, first=30))
    per_partition = [row(project, "lag", WEB, str(at)) for at in range(2)]
    assert sum(int(cells[3]) for cells in per_partition) == 35
    assert sum(int(cells[5]) for cells in per_partition) == 5


def test_records_that_are_lost_are_said_and_accepted(project: Project) -> None:
    produce(project, pages(20))
    land(project)
    produce(project, pages(20, first=20))
    with inlet_of(project) as inlet:
        inlet.log.trim({place: ends.head for place, ends in inlet.log.ends().items() if place.topic == WEB})
    code, said = typed(project.root, "land")
    assert code == 1
    assert re.search(r"web\.tracking/\d .*which is before the start: \d+ records were trimmed", said.error)
    assert "rundum topics accept web.tracking" in said.error
    assert row(project, "topics", WEB)[-3:] == ["records", "are", "lost"]
    code, said = typed(project.root, "topics", "accept", WEB, "--reason", "Test.", "--yes")
    assert code == 0, said.said
    assert f"{WEB}/0 goes on at" in said.said
    produce(project, pages(7, first=40))
    land(project)
    assert landed(project) == 27
    with Access(project.store) as access:
        lost = "SELECT topic, sum(after - before), max(reason) FROM own_rundum.loss_accepted GROUP BY 1"
        assert access.reader.rows(lost) == [(WEB, 20, "Test.")]
        assert access.reader.rows("FROM ops.conservation WHERE NOT balanced") == []
        gaps = "SELECT sum(gaps) FROM ops.ledger WHERE topic = $topic"
        assert access.reader.value(gaps, {"topic": WEB}) == 20


def test_a_topic_made_anew_is_said_and_accepted(project: Project) -> None:
    produce(project, pages(10))
    land(project)
    name = kafka_of(project).named(WEB)
    cluster_topics.delete(kafka_of(project).cluster.bootstrap, name)
    produce(project, pages(40, first=10))
    assert heads(project)[Place(WEB, 0)] > 5
    code, said = typed(project.root, "land")
    assert code == 1
    assert "was deleted and made anew" in said.error
    assert row(project, "topics", WEB)[-2:] == ["made", "anew"]
    code, said = typed(project.root, "topics", "accept", WEB, "--reason", "Test.", "--yes")
    assert code == 0, said.said
    land(project)
    assert landed(project) == 50


def test_a_replay_lands_what_is_missing_and_nothing_twice(project: Project) -> None:
    produce(project, pages(40))
    land(project)
    assert typed(project.root, "replay", *WHAT)[1].said.strip() == AGAIN
    assert landed(project) == 40
    with working(project) as worker:
        assert typed(project.root, "replay", *WHAT)[1].said.strip() == AGAIN
        worker.end(signal.SIGTERM)
    code, said = typed(project.root, "check")
    assert code == 0, said.said
