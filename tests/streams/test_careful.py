"""Records by ever smaller groups, in children: everything lands, and what ends them is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.duckdb.database import StoreBusy, StoreError
from streams.attempts import Span
from streams.careful import land_carefully
from streams.core.model import Place
from streams.inlet import embedded_inlet
from streams.settings import Project
from tests.feed import catalogue
from tests.living import append, check, new_project, pages, running

WEB = Place("web.tracking", 0)


def carefully(project: Project, spans: list[Span]) -> int:
    with embedded_inlet(project.log, catalogue()) as inlet:
        log_id = inlet.log.id
    return land_carefully(project, log_id, spans)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose log holds 30 page views."""
    made = new_project(tmp_path / "shop")
    append(made, pages(30))
    return made


def test_records_that_harm_nobody_all_land(project: Project) -> None:
    assert carefully(project, [Span(WEB, 0, 30)]) == 0
    check(project, pages(30))


def test_what_has_landed_meanwhile_is_left_alone(project: Project) -> None:
    assert carefully(project, [Span(WEB, 0, 20)]) == 0
    assert carefully(project, [Span(WEB, 0, 20), Span(WEB, 5, 7)]) == 0
    assert carefully(project, [Span(WEB, 10, 30)]) == 0
    check(project, pages(30))


def test_what_is_wrong_with_the_world_is_said_and_blames_no_record(project: Project) -> None:
    with running(project), pytest.raises(StoreBusy, match="nothing is lost"):
        carefully(project, [Span(WEB, 0, 30)])
    with embedded_inlet(project.log, catalogue()) as inlet:
        inlet.log.trim({WEB: 30})
    project.store.write_bytes(b"no database" * 5000)
    with pytest.raises(StoreError, match="restore it"):
        carefully(project, [Span(WEB, 0, 30)])
