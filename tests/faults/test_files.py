"""Files that are no store, may not be opened, or cannot grow: said in a sentence, and nothing is damaged."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import tempfile
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from signal import SIGTERM
from typing import Any

import duckdb
import pytest

from sinks.duckdb.database import Database, StoreBusy, StoreError
from sinks.duckdb.digest import digest
from sinks.duckdb.store import Store
from streams.core.model import Batch, Place
from streams.inlet import embedded_inlet
from streams.owner import Owner
from streams.pipeline import Pipeline
from streams.registry.sqlite import SqliteRegistry
from streams.settings import Project
from tests.feed import (
    LANDED,
    LOG,
    batch_of,
    blank_store,
    catalogue,
    check_books,
    land,
    land_whole,
    new_store,
    registry_file,
    says,
)
from tests.living import RUNDUM, Started, append, check, landed, new_project, pages, running, wait_for

FRESH = multiprocessing.get_context("forkserver")


def test_a_file_of_another_program_stays_as_it_is(tmp_path: Path) -> None:
    other = tmp_path / "sales.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("CREATE TABLE sale AS SELECT 1 AS id")
    before = other.read_bytes()
    with pytest.raises(StoreError, match=r"sales\.duckdb is a DuckDB file of another program; name"):
        Store(other, catalogue())
    assert other.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"name;town\n" * 9000, b"SQLite format 3\0" + bytes(9000)])
def test_what_is_no_database_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "customers.duckdb"
    file.write_bytes(content)
    with pytest.raises(StoreError, match=re.escape(str(file))) as caught:
        Store(file, catalogue())
    assert len(str(caught.value).splitlines()) == 1
    assert file.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.97])
def test_a_truncated_store_is_refused_and_stays_as_it_is(tmp_path: Path, kept: float) -> None:
    path = blank_store(tmp_path / "store.duckdb")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(StoreError, match=re.escape(str(path))) as caught:
        Store(path, catalogue())
    assert len(str(caught.value).splitlines()) == 1
    assert path.read_bytes() == whole[: int(len(whole) * kept)]


def test_a_folder_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        Store(tmp_path, catalogue())
    with pytest.raises(StoreError, match="there is no folder"):
        Store(tmp_path / "missing" / "store.duckdb", catalogue())


def open_as_nobody(path: Path, told: Connection) -> None:
    """Opens a store without the rights of root, and tells what came of it."""
    if os.geteuid() == 0:
        os.setuid(65534)
    told.send(outcome_of(lambda: Database(path)))


def outcome_of(action: Any) -> str:
    """The sentence of a StoreError; the name of any other exception."""
    try:
        action()
    except StoreError as error:
        return f"StoreError: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def told_by(target: Any, *words: Any) -> str:
    """What a process says that is started for it."""
    hears, tells = FRESH.Pipe(duplex=False)
    process = FRESH.Process(target=target, args=(*words, tells))
    process.start()
    tells.close()
    said: str = hears.recv()
    hears.close()
    process.join(60)
    return said


def test_without_rights_the_file_is_named(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o755)
    path = blank_store(tmp_path / "store.duckdb")
    path.chmod(0o400)
    assert "store.duckdb may not be read and written by this user" in told_by(open_as_nobody, path)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for file in (closed / "new.duckdb", blank_store(closed / "store.duckdb")):
        said = told_by(open_as_nobody, file)
        assert said.startswith("StoreError"), said
    tmp_path.chmod(0o555)
    said = told_by(open_as_nobody, tmp_path / "new.duckdb")
    tmp_path.chmod(0o755)
    assert said.startswith("StoreError"), said


def land_on_a_full_disk(
    path: Path, registry: Path, batches: list[Batch], room: int, told: Connection
) -> None:
    """Lands batches while no file may grow beyond `room` bytes."""
    pipeline = Pipeline(Store(path, catalogue()), SqliteRegistry(registry))
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))

    def work() -> None:
        for at, batch in enumerate(batches):
            pipeline.handle(batch, LANDED + timedelta(seconds=at))

    told.send(outcome_of(work))


def make_on_a_full_disk(path: Path, told: Connection) -> None:
    """Makes a store while no file may grow beyond 20 kB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    told.send(outcome_of(lambda: Store(path, catalogue())))


@pytest.mark.parametrize("room", [20_000, 100_000])
def test_on_a_full_disk_what_landed_stays_and_the_rest_lands_later(tmp_path: Path, room: int) -> None:
    told = [
        says("web/tracking/page_viewed", f"e{at}", at, device_id=f"d{at}", url=f"https://{at}" * 200)
        for at in range(60)
    ]
    batches = [batch_of(told[at : at + 10], first=at) for at in range(0, 60, 10)]
    path = blank_store(tmp_path / "store.duckdb")
    said = told_by(land_on_a_full_disk, path, registry_file(), batches, room)
    assert re.match(r"StoreError: .*store\.duckdb cannot be written: .*; make room on the disk", said), said
    store = Store(path, catalogue())
    landed = store.positions(LOG).get(Place("web.tracking", 0), 0)
    assert landed in range(0, 60, 10)
    check_books(store, landed)
    land(store, batches[landed // 10 :])
    check_books(store, 60)
    with new_store() as clean:
        land_whole(clean, told)
        assert digest(store.database, catalogue()) == digest(clean.database, catalogue())
    store.close()


def test_a_new_store_on_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    said = told_by(make_on_a_full_disk, tmp_path / "store.duckdb")
    assert said.startswith("StoreError"), said
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_use_says_who_has_it() -> None:
    with new_store() as store:
        said = told_by(open_as_myself, store.database.path)
    assert said.startswith("StoreError"), said
    assert issubclass(StoreBusy, StoreError)
    assert f"PID {os.getpid()}" in said, said


def open_as_myself(path: Path, told: Connection) -> None:
    """Opens a store, and tells what came of it."""
    told.send(outcome_of(lambda: Database(path)))


def test_a_store_whose_maker_was_killed_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    duckdb.connect(str(path)).close()
    store = Store(path, catalogue())
    assert store.database.value("SELECT count(*) FROM customers") == 0
    store.close()


def test_run_on_a_full_disk_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    project = new_project(tmp_path / "shop")
    told = pages(3000, url="https://shop.example/" + "x" * 200)
    append(project, told)
    limited = ["sh", "-c", f"ulimit -f 600; exec {RUNDUM} run --port 0"]
    with Started(limited, project.root) as run:
        assert run.end() == 1, run.said
        assert re.match(r".*store\.duckdb cannot be written: .*; make room on the disk", run.error), run.said
    with running(project) as run:
        wait_for(lambda: landed(project) == len(told))
        assert run.end(SIGTERM) == 0
    check(project, told)


def own_as_nobody(project: Project, folder: Path, told: Connection) -> None:
    """Owns a store without the rights of root, and tells what came of it."""
    tempfile.tempdir = str(folder)
    if os.geteuid() == 0:
        os.setuid(65534)

    def own() -> None:
        with embedded_inlet(project.log, catalogue()) as inlet, Owner(project, catalogue(), [inlet]):
            pass

    told.send(outcome_of(own))


def everybodys(path: Path) -> Path:
    """A folder made with its parents, all of which everybody may enter and write."""
    path.mkdir(parents=True)
    for folder in (path, *path.parents):
        if folder.is_relative_to(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o777)
    return path


def test_a_folder_in_which_no_door_can_be_is_named(tmp_path: Path) -> None:
    """Store and log may be written, but nothing may be made beside the store."""
    store, log = everybodys(tmp_path / "store"), everybodys(tmp_path / "log")
    project = new_project(tmp_path / "shop", store={"path": str(store / "store.duckdb")},
                          log={"path": str(log / "log.sqlite")})  # fmt: skip
    project.store.chmod(0o666)
    store.chmod(0o555)
    said = told_by(own_as_nobody, project, tmp_path)
    store.chmod(0o777)
    assert re.match(rf"StoreError: .*{re.escape(str(store))}.*rights", said), said


def test_a_folder_for_doors_that_is_somebody_elses_is_not_used(tmp_path: Path) -> None:
    """A path too long for a socket has its door in a folder of the user's: others must not make it."""
    deep = everybodys(tmp_path / ("a" * 100))
    project = new_project(tmp_path / "shop", store={"path": str(deep / "store.duckdb")},
                          log={"path": str(deep / "log.sqlite")})  # fmt: skip
    project.store.chmod(0o666)
    user = 65534 if os.geteuid() == 0 else os.getuid()
    with tempfile.TemporaryDirectory() as short:
        doors = everybodys(Path(short) / f"rundum-{user}")
        said = told_by(own_as_nobody, project, doors.parent)
        assert re.match(r"StoreError: .*rundum-\d+ is not this user's alone; ", said), said
        doors.rmdir()
        assert told_by(own_as_nobody, project, doors.parent) == "nothing"
        assert doors.stat().st_mode & 0o777 == 0o700
