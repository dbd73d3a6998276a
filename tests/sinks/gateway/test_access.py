"""The way to a store: by the door or by the file, whoever comes and goes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sinks.duckdb.database import StoreBusy, StoreError, StoreMissing
from sinks.duckdb.reader import Limits, QueryError
from sinks.duckdb.store import Store
from sinks.gateway import connect
from sinks.gateway.access import Access
from streams.settings import Project
from tests.feed import catalogue
from tests.living import ROOT, append, land, new_project, pages, running, wait_for

ENDLESS = "SELECT count(*) FROM range(100000000000) a, range(10) b"
HOLDS = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
connection.close()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with three events in its store."""
    made = new_project(tmp_path / "shop")
    append(made, pages(3))
    assert land(made).landed == 3
    return made


@contextmanager
def held(project: Project) -> Iterator[subprocess.Popen[str]]:
    """While another program, which has no door, has the store open; a line to it has it close."""
    command = [sys.executable, "-c", HOLDS, str(project.store)]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        try:
            yield holder
        finally:
            holder.kill()


def test_a_store_that_nobody_has_open_is_read_from_its_file(project: Project) -> None:
    with Access(project.store) as one, Access(project.store) as other:
        for access in (one, other):
            assert access.reader.value("SELECT count(*) FROM ops.event") == 3
            with pytest.raises(QueryError, match="one SELECT"):
                access.reader.rows("DROP TABLE ops.event")


def test_limits_hold_without_an_owner_too(project: Project) -> None:
    with Access(project.store, limits=Limits(seconds=0.3, rows=100)) as access:
        with pytest.raises(QueryError, match=r"door\.rows"):
            access.reader.rows("SELECT * FROM range(101)")
        with pytest.raises(QueryError, match=r"door\.seconds"):
            access.reader.rows(ENDLESS)


def test_there_is_no_store_yet(tmp_path: Path) -> None:
    with Access(tmp_path / "store.duckdb") as access, pytest.raises(StoreMissing, match="rundum ingest"):
        access.reader.rows("SELECT 1")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_program_is_named(tmp_path: Path) -> None:
    other = tmp_path / "sales.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("CREATE TABLE sale AS SELECT 1 AS id")
    with Access(other) as access, pytest.raises(StoreError, match="another program"):
        access.reader.rows("SELECT 1")


def test_owners_come_and_go_between_questions(project: Project) -> None:
    count = "SELECT count(*) FROM ops.event WHERE topic = 'web.tracking'"
    with Access(project.store) as access:
        for events in (3, 5):
            with running(project) as run:
                wait_for(lambda: access.reader.value(count) == events)  # noqa: B023
                assert run.end(SIGTERM) == 0
            assert access.reader.value(count) == events
            access.close()
            append(project, pages(2, first=events))


def test_an_owner_that_is_killed_leaves_the_way_by_the_file(project: Project) -> None:
    with Access(project.store) as access, running(project) as run:
        assert access.reader.value("SELECT count(*) FROM ops.event WHERE topic = 'web.tracking'") == 3
        run.process.kill()
        assert access.reader.value("SELECT count(*) FROM ops.event WHERE topic = 'web.tracking'") == 3


def test_a_question_waits_for_a_program_that_is_about_to_close_the_store(project: Project) -> None:
    with held(project) as holder, Access(project.store) as access:
        assert holder.stdin
        threading.Timer(1, lambda: (holder.stdin.write("\n"), holder.stdin.flush())).start()  # type: ignore[union-attr]
        assert access.reader.value("SELECT count(*) FROM ops.event") == 3


def test_a_program_that_keeps_the_store_is_named(project: Project) -> None:
    with (
        held(project) as holder,
        Access(project.store, patience=0.5) as access,
        pytest.raises(StoreBusy, match=rf"PID {holder.pid}"),
    ):
        access.reader.rows("SELECT 1")


@pytest.mark.parametrize("owned", [False, True])
def test_people_get_what_they_calculate_with(project: Project, owned: bool) -> None:
    if not owned:
        ask(project)
        return
    with running(project):
        ask(project)


def ask(project: Project) -> None:
    """Asks as people do in a notebook."""
    store = connect(project.root)
    sql = "SELECT event_type, count(*) AS events FROM ops.event WHERE topic = $topic GROUP BY 1"
    answer = store.sql(sql, {"topic": "web.tracking"})
    assert repr(answer) == "1 rows: event_type, events"
    expected = [{"event_type": "web/tracking/page_viewed", "events": 3}]
    table, frame, polar = answer.arrow(), answer.df(), answer.pl()
    assert isinstance(table, pa.Table)
    assert table.to_pylist() == expected
    assert isinstance(frame, pd.DataFrame)
    assert frame.to_dict("records") == expected
    assert isinstance(polar, pl.DataFrame)
    assert polar.to_dicts() == expected
    assert answer.fetchall() == [("web/tracking/page_viewed", 3)]
    empty = store.sql("FROM customers WHERE false")
    assert empty.fetchall() == []
    assert "customer_id" in empty.arrow().column_names
    with pytest.raises(QueryError, match="one SELECT"):
        store.sql("DELETE FROM ops.event")


def test_a_connection_keeps_no_writer_out(project: Project) -> None:
    store = connect(project.root)
    kept = store.sql("FROM ops.event")
    Store(project.store, catalogue()).close()
    append(project, pages(2, first=3))
    assert land(project).landed == 2
    assert store.sql("SELECT count(*) FROM ops.event WHERE topic = 'web.tracking'").fetchall() == [(5,)]
    assert len(kept.fetchall()) == 3


def test_a_process_that_only_reads_needs_no_right_to_write(project: Project) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from sinks.gateway.access import Access\n"
        "os.setuid(65534)\n"
        "print(Access(Path(sys.argv[1])).reader.value('SELECT count(*) FROM ops.event'))"
    )
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    for folder in (project.root, *project.root.parents):
        if folder.is_relative_to(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o755)
    project.store.chmod(0o644)
    ended = subprocess.run(
        [sys.executable, "-c", program, str(project.store)], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.stdout == "3\n", ended.stderr
