"""/health and /metrics: what supervisors and Prometheus are told, by the process that owns and by others."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sinks.duckdb.reader import Reader
from sinks.gateway.access import Caller, DoorClosed
from streams.health import Health
from streams.inlet import embedded_inlet
from streams.log.protocol import Outgoing
from streams.settings import Project
from streams.state import BEHIND, LANDING, STANDBY, State
from tests.feed import catalogue
from tests.living import append, asked, health, landed, new_project, pages, port_of, running, wait_for

HUNGRY = "SELECT count(*) FROM range(100000000000) a, range(10) b"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new project."""
    return new_project(tmp_path / "shop")


@pytest.fixture
def told(project: Project) -> Iterator[tuple[State, int]]:
    """A state and what serves it, without a store."""
    state = State()
    served = Health(project, state, 0)
    yield state, served.port
    served.close()


def metrics(port: int) -> dict[str, float]:
    """Every sample by its name and labels."""
    status, text = asked(port, "/metrics")
    assert status == 200
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_running_process_is_ready_and_counts_what_it_did(project: Project) -> None:
    append(project, [*pages(5), *pages(2)])
    with embedded_inlet(project.log, catalogue()) as inlet:
        inlet.log.append([Outgoing("web.tracking", b"junk")])
    with running(project) as run:
        port = port_of(run)
        wait_for(lambda: landed(project) == 5)
        wait_for(lambda: health(port)[1]["waiting"] == 0)
        status, document = health(port)
        assert (status, document["status"], document["pid"]) == (200, "ready", run.process.pid)
        assert document["freshness_seconds"] < BEHIND
        assert document["landed"] >= 8
        told = metrics(port)
        assert told["rundum_owner"] == 1
        assert told["rundum_waiting_records"] <= 1
        assert told["rundum_events_total event_type=web/tracking/page_viewed"] == 5
        assert told["rundum_duplicates_total topic=web.tracking"] == 2
        assert told["rundum_accepted_total topic=web.tracking"] == 8
        assert [value for name, value in told.items() if name.startswith("rundum_rejects_total")] == [1]
        assert told["rundum_batch_seconds_count"] >= 1
        assert told["rundum_file_bytes file=store.duckdb"] == project.store.stat().st_size
        last = told["rundum_last_landed_timestamp_seconds event_type=web/tracking/page_viewed"]
        assert abs(last - time.time()) < 120
        assert asked(port, "/nothing")[0] == 404


def test_figures_come_while_questions_hold_every_place_at_the_door(project: Project) -> None:
    append(project, pages(2))

    def ask() -> None:
        with closing(Caller(project.store)) as caller:
            try:
                Reader(caller.ask).rows(HUNGRY)
            except DoorClosed as error:
                ended.append(str(error))

    ended: list[str] = []
    with running(project) as run:
        port = port_of(run)
        askers = [threading.Thread(target=ask) for _ in range(2)]
        for asker in askers:
            asker.start()
        wait_for(lambda: metrics(port)["rundum_queries_running"] == 2)
        append(project, pages(2, first=2))
        wait_for(lambda: metrics(port).get("rundum_events_total event_type=web/tracking/page_viewed") == 4)
        assert health(port)[1]["status"] == "ready"
        run.process.kill()
        for asker in askers:
            asker.join(60)
    assert len(ended) == 2


def test_every_role_says_what_it_is(told: tuple[State, int]) -> None:
    state, port = told
    assert health(port)[0] == 503
    assert health(port)[1]["status"] == "starting"
    state.role, state.note = STANDBY, "somebody has it"
    assert health(port)[0] == 200
    assert health(port)[1]["why"] == "somebody has it"
    assert metrics(port)["rundum_owner"] == 0
    state.role, state.note = LANDING, ""
    assert health(port)[0] == 200
    state.caught_up -= BEHIND + 1
    state.waiting = 3
    status, document = health(port)
    assert (status, document["status"], document["waiting"]) == (503, "behind", 3)
    assert metrics(port)["rundum_freshness_seconds"] > BEHIND
    state.beat -= BEHIND + 1
    assert health(port)[1]["status"] == "stuck"


def test_it_listens_on_this_machine_only_and_not_after_it_is_closed(project: Project) -> None:
    served = Health(project, State(), 0)
    with urllib.request.urlopen(f"http://{project.host}:{served.port}/metrics", timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
    with pytest.raises(OSError, match="in use"):
        Health(project, State(), served.port)
    served.close()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://{project.host}:{served.port}/health", timeout=30)
