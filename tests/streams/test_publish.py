"""Snapshots for stock DuckDB clients, beside a process that lands and by itself."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from streams.copying import BackupError
from streams.publish import publish
from streams.settings import Project
from tests.living import append, land, landed, new_project, pages, running, typed, wait_for

COUNT = "SELECT count(*) FROM events WHERE source = 'web/tracking'"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = new_project(tmp_path / "shop")
    append(made, pages(30))
    land(made)
    return made


def seen(file: Path, sql: str = COUNT) -> object:
    """What a stock client sees."""
    with duckdb.connect(str(file), read_only=True) as client:
        return client.execute(sql).fetchall()[0][0]


def test_a_snapshot_holds_all_but_the_secret(project: Project, tmp_path: Path) -> None:
    file = publish(project, tmp_path / "out")
    assert file == tmp_path / "out" / "store.duckdb"
    assert seen(file) == 30
    assert seen(file, "SELECT count(*) FROM customers") == 30
    assert seen(file, "SELECT count(*) FROM guide WHERE meaning <> ''") != 0
    assert seen(file, "SELECT count(*) FROM ops.meta WHERE key = 'secret'") == 0
    with duckdb.connect(str(project.store), read_only=True) as store:
        secret = store.execute("SELECT value FROM ops.meta WHERE key = 'secret'").fetchall()[0][0]
    assert secret.encode() in project.store.read_bytes()
    assert secret.encode() not in file.read_bytes()
    assert [one.name for one in file.parent.iterdir()] == ["store.duckdb"]


def test_it_can_be_attached_and_used(project: Project, tmp_path: Path) -> None:
    file = publish(project, tmp_path / "out")
    with duckdb.connect() as client:
        client.execute(f"ATTACH '{file}' AS shop (READ_ONLY); USE shop")
        assert client.execute(COUNT).fetchall() == [(30,)]


def test_the_next_one_takes_its_place_while_readers_go_on(project: Project, tmp_path: Path) -> None:
    file = publish(project, tmp_path / "out")
    with running(project), duckdb.connect(str(file), read_only=True) as client:
        append(project, pages(20, first=30))
        wait_for(lambda: landed(project) == 50)
        assert typed(project.root, "publish", tmp_path / "out")[0] == 0
        assert client.execute(COUNT).fetchall() == [(30,)]
    assert seen(file) == 50


def test_one_that_fails_leaves_the_last_one(project: Project, tmp_path: Path) -> None:
    file = publish(project, tmp_path / "out")
    (tmp_path / "no folder").touch()
    with pytest.raises(BackupError, match="no folder"):
        publish(project, tmp_path / "no folder")
    project.store.write_bytes(b"no database" * 5000)
    code, said = typed(project.root, "publish", tmp_path / "out")
    assert (code, "restore" in said.error) == (1, True)
    assert seen(file) == 30
