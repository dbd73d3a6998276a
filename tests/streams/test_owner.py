"""The process that has a store open: what it does between batches, under pressure, and when it trims."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sinks.duckdb.database import StoreBusy, StoreError
from sinks.duckdb.reader import QueryError
from sinks.duckdb.store import Landing, StoreCrowded
from sinks.gateway.access import Access, Caller
from sinks.gateway.door import place_of
from streams.core.model import Place
from streams.inlet import embedded_inlet
from streams.log.protocol import Outgoing
from streams.owner import Owner
from streams.pipeline import micros, utc_now
from streams.settings import Project
from tests.feed import SECOND, catalogue
from tests.living import append, check, new_project, outgoing, pages, running

LONG = "SELECT i FROM range(100000000000) r(i)"
PLACE = Place("web.tracking", 0)
HUNGRY = "SELECT list(repeat(i::VARCHAR, 20)) FROM range(40000000) r(i)"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new project."""
    return new_project(tmp_path / "shop")


@contextmanager
def owning(project: Project) -> Iterator[Owner]:
    with embedded_inlet(project.log, catalogue()) as inlet, Owner(project, catalogue(), [inlet]) as owner:
        yield owner


def test_it_lands_batch_by_batch_and_everybody_sees_each(project: Project) -> None:
    append(project, pages(10))
    with owning(project) as owner, Access(project.store) as access:
        seen = []
        for landing in owner.land(batch_size=4):
            seen.append((landing.landed, access.reader.value("SELECT count(*) FROM ops.event")))
        assert seen == [(4, 4), (4, 8), (2, 10)]
        assert owner.reader.value("SELECT count(*) FROM ops.event") == 10


def test_a_question_reads_no_other_file(project: Project) -> None:
    with owning(project), Access(project.store) as access:
        for file in ("read_text('/etc/passwd')", "'/etc/passwd'", f"read_blob('{project.log}')"):
            with pytest.raises(QueryError, match=r"disabled by configuration|does not exist"):
                access.reader.rows(f"FROM {file}")


def test_jobs_are_done_by_the_thread_that_lands_between_two_batches(project: Project) -> None:
    append(project, pages(6))
    with owning(project) as owner:
        told: list[dict[str, Any]] = []

        def ask(count: int) -> None:
            job = {"count": count, "thread": threading.get_ident()}
            told.append(owner.between(lambda: job | {"did": threading.get_ident()}))

        def broken() -> dict[str, Any]:
            raise KeyError("missing")

        def fail() -> None:
            try:
                owner.between(broken)
            except QueryError as error:
                told.append({"error": str(error)})

        landings = owner.land(batch_size=2)
        assert next(landings).landed == 2
        askers = [threading.Thread(target=ask, args=(at,)) for at in range(2)]
        askers.append(threading.Thread(target=fail))
        for asker in askers:
            asker.start()
        time.sleep(0.2)
        assert told == []
        assert next(landings).landed == 2
        for asker in askers:
            asker.join(30)
        assert sum(1 for one in told if one.get("did") == threading.get_ident()) == 2
        assert {"error": "'missing'"} in told
        assert sum(landings, Landing()).landed == 2
        late = threading.Thread(target=ask, args=(7,))
        late.start()
        began = time.monotonic()
        owner.serve(30)
        assert time.monotonic() - began < 25
        late.join(30)
        assert told[-1]["count"] == 7


def test_queries_that_need_the_memory_are_ended_and_the_batch_lands(project: Project) -> None:
    """A question holds all memory that the store may use; what lands goes first."""
    told = pages(20_000, url="https://shop.example/" + "x" * 500)
    append(project, told)
    small = replace(project, memory_limit="150MB")
    with owning(small) as owner:
        said: list[str] = []
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                try:
                    owner.reader.rows(HUNGRY)
                except QueryError as error:
                    said.append(str(error))

        askers = [threading.Thread(target=ask) for _ in range(2)]
        for asker in askers:
            asker.start()
        try:
            while not owner.desk.running:
                time.sleep(0.01)
            assert sum(owner.land(), Landing()).landed == len(told)
        finally:
            stop.set()
            owner.desk.interrupt("enough")
            for asker in askers:
                asker.join(60)
        assert all("memory" in text or text == "enough" for text in said)
    check(project, told)


def test_a_landing_that_is_too_large_by_itself_says_so(project: Project) -> None:
    told = pages(20_000, url="https://shop.example/" + "x" * 500)
    append(project, told)
    small = replace(project, memory_limit="25MB")
    with owning(small) as owner, pytest.raises(StoreCrowded, match=r"store\.memory_limit"):
        list(owner.land())
    with owning(project) as owner:
        assert sum(owner.land(), Landing()).landed == len(told)
    check(project, told)


def test_the_log_keeps_what_is_young_what_has_not_landed_and_what_people_said(project: Project) -> None:
    now, hour = micros(utc_now()), 3600 * SECOND
    with owning(replace(project, keep_hours=24)) as owner:
        events = pages(6)
        records = [
            outgoing(owner.inlet, said)._replace(timestamp=now - hours * hour)
            for said, hours in zip(events, (30, 25, 23, 1, 0, 0), strict=True)
        ]
        blocked = catalogue().events["own/rundum/identifier_blocked"]
        datum = {"event_id": "b", "occurred_at": 1, "kind": "user_id", "value": "u", "blocked": True,
                 "reason": "", "actor": ""}  # fmt: skip
        owner.inlet.log.append([*records, owner.inlet.outgoing(blocked, datum, at=now - 99 * hour)])
        owner.trim()
        assert {place.topic: ends.start for place, ends in owner.inlet.log.ends().items()} == {
            "web.tracking": 0, "own.rundum": 0,
        }  # fmt: skip
        assert sum(owner.land(), Landing()).landed == 7
        owner.inlet.log.append([Outgoing("web.tracking", records[0].value, timestamp=now - 90 * hour)])
        owner.trim()
        ends = {place.topic: ends for place, ends in owner.inlet.log.ends().items()}
        assert (ends["web.tracking"].start, ends["own.rundum"].start) == (2, 0)
        assert sum(owner.land(), Landing()).duplicate == 1
    with owning(replace(project, keep_hours=0)) as owner:
        owner.trim()
        ends = {place.topic: ends for place, ends in owner.inlet.log.ends().items()}
        assert ends["web.tracking"].start == ends["web.tracking"].head == 7
        assert ends["own.rundum"].start == 0


def test_what_is_trimmed_is_in_the_file_and_not_only_in_its_wal(project: Project) -> None:
    """A write-ahead log can be torn by a machine that fails; then the log must still hold what it held."""
    append(project, pages(4))
    with owning(replace(project, keep_hours=0)) as owner:
        list(owner.land())
        owner.trim()
        wal = project.store.with_name(f"{project.store.name}.wal")
        assert not wal.exists() or wal.stat().st_size == 0


def test_a_reader_amid_an_answer_puts_trimming_off_and_nothing_else(project: Project) -> None:
    append(project, pages(4))
    with owning(replace(project, keep_hours=0)) as owner:
        list(owner.land())
        reading = owner.reader.ask("SELECT node.node FROM identity.node, range(1000000)", None).batches
        next(reading)
        again = [
            one._replace(datum={**one.datum, "event_id": f"again {one.datum['event_id']}"})
            for one in pages(4)
        ]
        append(project, again)  # of the same devices, whose nodes are updated
        list(owner.land())
        assert not owner.trim()
        assert owner.inlet.log.ends()[PLACE].start == 0
        del reading
        assert owner.trim()
        assert owner.inlet.log.ends()[PLACE] == (8, 8)


def test_nobody_can_have_it_twice(project: Project) -> None:
    with running(project) as run, embedded_inlet(project.log, catalogue()) as inlet:
        with pytest.raises(StoreBusy, match=rf"PID {run.process.pid}"):
            Owner(project, catalogue(), [inlet])
        assert Caller(project.store).owner["pid"] == run.process.pid


def test_an_owner_that_cannot_be_leaves_nothing_open(project: Project, tmp_path: Path) -> None:
    with owning(project) as owner:
        log = owner.inlet.log.id
    with (
        embedded_inlet(tmp_path / "other.sqlite", catalogue()) as inlet,
        pytest.raises(StoreError, match="belongs to another project"),
    ):
        Owner(project, catalogue(), [inlet])
    assert not place_of(project.store).exists()
    with owning(project) as owner:
        assert owner.inlet.log.id == log
