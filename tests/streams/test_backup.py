"""Backups of real projects, with and without a process that lands meanwhile, killed and damaged."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from sinks.duckdb.digest import Digests, digest
from sinks.gateway.access import Access
from streams.backup import MANIFEST, back_up
from streams.cli import main
from streams.copying import LOG, STORE, BackupError, check_room
from streams.inlet import embedded_inlet
from streams.log.sqlite import SqliteLog
from streams.owner import Owner
from streams.restore import read_manifest, restore
from streams.settings import Project, init_project, read_project
from streams.sources.synthetic import Parameters, generate
from tests.feed import Said, catalogue
from tests.living import append, check, command, landed, new_project, running, typed, wait_for

EVENTS = [
    Said(one.type, one.datum)
    for one in generate(Parameters(people=12, events=360, seed=9, conflicts=0, duplicates=0))
]
HALF = len(EVENTS) // 2


def run(*words: str | Path) -> str:
    """What a command says that goes well."""
    done = CliRunner().invoke(main, [*map(str, words)])
    assert done.exit_code == 0, done.output
    return done.output


def refused(*words: str | Path) -> str:
    """The one sentence of a command that is refused."""
    done = CliRunner().invoke(main, [*map(str, words)])
    assert done.exit_code == 1, done.output
    assert len(done.output.splitlines()) == 1, done.output
    return done.output


def digests(project: Project) -> Digests:
    with Access(project.store) as access:
        return digest(access.reader, catalogue())


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with half of the events landed, and ten more in the log."""
    project = new_project(tmp_path_factory.mktemp("half") / "shop")
    append(project, EVENTS[:HALF])
    run("land", "--project", project.root)
    append(project, EVENTS[HALF : HALF + 10])
    return project.root


@pytest.fixture
def shop(half: Path, tmp_path: Path) -> Project:
    """A copy of it."""
    return read_project(Path(shutil.copytree(half, tmp_path / "shop")))


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup, to be damaged in copies."""
    folder = tmp_path_factory.mktemp("backup")
    project = new_project(folder / "shop")
    (project.root / "schemas").mkdir(exist_ok=True)
    (project.root / "schemas" / "README.md").write_text("ours")
    append(project, EVENTS[:40])
    run("land", "--project", project.root)
    run("backup", "--project", project.root, folder / "whole")
    return folder / "whole"


def copy_of(backup: Path, folder: Path) -> Path:
    """A backup's copy, by hand."""
    for file in (file for file in backup.rglob("*") if file.is_file()):
        target = folder / file.relative_to(backup)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    return folder


@contextmanager
def appending(project: Project, events: list[Said]) -> Iterator[Callable[[], int]]:
    """While events are appended, ten at a time; how many are."""
    done, stop = [0], threading.Event()

    def work() -> None:
        while done[0] < len(events) and not stop.is_set():
            append(project, events[done[0] : done[0] + 10])
            done[0] += 10

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield lambda: done[0]
    finally:
        stop.set()
        thread.join()


def test_what_is_restored_is_what_was_and_goes_on(shop: Project, tmp_path: Path) -> None:
    before = digests(shop)
    said = run("backup", "--project", shop.root, tmp_path / "safe")
    assert "10 of them waiting to land" in said
    assert before.profiles in said
    assert digests(shop) == before
    said = run("restore", tmp_path / "safe", tmp_path / "deep" / "again")
    assert "its digests are those of the backup" in said
    again = read_project(tmp_path / "deep" / "again")
    assert digests(again) == before
    assert sorted(file.name for file in again.root.iterdir()) == [
        ".gitignore", "destinations", "kpis", LOG, "rundum.toml", "schemas", "segments", STORE, "traits"
    ]  # fmt: skip
    for project in (shop, again):
        append(project, EVENTS[HALF + 10 :])
        assert f"{len(EVENTS) - HALF} new" in run("land", "--project", project.root)
        check(project, EVENTS)
    assert digests(again) == digests(shop)


def test_it_is_private_and_holds_nothing_of_others(shop: Project, tmp_path: Path) -> None:
    (tmp_path / "outside.toml").write_text("secret")
    source = shop.root / "schemas" / "shop" / "till"
    source.mkdir(parents=True)
    (source / "source.toml").write_text("a")
    (source / "link.toml").symlink_to(source / "source.toml")
    (source / "outside.toml").symlink_to(tmp_path / "outside.toml")
    (source / "folder").symlink_to(tmp_path)
    (shop.root / "notes.txt").write_text("not the project's")
    manifest = back_up(shop, catalogue(), tmp_path / "safe")
    assert [Path(name).name for name in manifest.left_out] == ["folder", "outside.toml"]
    found = {file.relative_to(tmp_path / "safe").as_posix() for file in (tmp_path / "safe").rglob("*.*")}
    assert found == {*manifest.files, MANIFEST}
    assert "project/schemas/shop/till/link.toml" in found
    assert not any(name.endswith(("notes.txt", "outside.toml")) for name in found)
    for path in (tmp_path / "safe", *(tmp_path / "safe").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert not (tmp_path / "safe.partial").exists()


def test_beside_a_process_that_lands(tmp_path: Path) -> None:
    project = new_project(tmp_path / "shop")
    with running(project) as owner, appending(project, EVENTS) as appended:
        wait_for(lambda: landed(project) > 20)
        for number in range(2):
            seen = landed(project)
            code, said = typed(project.root, "backup", tmp_path / f"safe{number}")
            assert code == 0, said
            manifest = read_manifest(tmp_path / f"safe{number}")
            assert manifest.counts["events"] >= seen
            assert manifest.counts["log_records"] <= appended() + 20  # ticks
        wait_for(lambda: landed(project) == len(EVENTS))
        assert owner.end(signal.SIGTERM) == 0
    check(project, EVENTS)
    for number in range(2):
        run("restore", tmp_path / f"safe{number}", tmp_path / f"again{number}")
        again = read_project(tmp_path / f"again{number}")
        append(again, EVENTS)  # what is there already is not counted twice
        run("land", "--project", again.root)
        check_all(again)


def test_an_owner_that_goes_does_not_keep_it(shop: Project, tmp_path: Path) -> None:
    """Whoever has the store open for a moment ends without copying; the copy is then made without it."""
    with (
        embedded_inlet(shop.log, catalogue()) as inlet,
        command(shop.root, "backup", tmp_path / "safe") as asking,
    ):
        owner = Owner(shop, catalogue(), [inlet])
        wait_for((tmp_path / "safe.partial").exists)
        time.sleep(0.5)
        owner.close()
        assert asking.end() == 0, asking.said
    assert read_manifest(tmp_path / "safe").counts["waiting"] == 10


def check_all(project: Project) -> None:
    """All events are there once; copies of some are told as such."""
    assert landed(project) == len(EVENTS)
    with Access(project.store) as access:
        assert access.reader.value("SELECT count(*) FROM ops.conservation WHERE NOT balanced") == 0
    assert digests(project).rules
    said = run("rebuild", "--project", project.root)
    assert "Equal." in said


def is_whole(backup: Path) -> bool:
    """Whether the last word of a backup was written."""
    with suppress(OSError, ValueError):
        return bool(json.loads((backup / MANIFEST).read_text("utf-8")))
    return False


@pytest.mark.parametrize("lives", [True, False], ids=["beside an owner", "alone"])
def test_killed_at_any_moment(shop: Project, tmp_path: Path, lives: bool) -> None:
    chance, owner = Random(5), running(shop) if lives else None
    folder = tmp_path / "safe"
    try:
        for number in range(5):
            with command(shop.root, "backup", folder) as killed:
                time.sleep(0.5 + chance.random() * 1.5)
                killed.end(signal.SIGKILL)
            if folder.exists():
                restore(folder, tmp_path / f"again{number}")
                folder = tmp_path / f"safe{number}"
            elif is_whole(folder.with_name(f"{folder.name}.partial")):  # killed just before it got its name
                restore(folder.with_name(f"{folder.name}.partial"), tmp_path / f"again{number}")
            else:
                with pytest.raises(BackupError, match=r"is no backup|is damaged"):
                    restore(folder.with_name(f"{folder.name}.partial"), tmp_path / "never")
            append(shop, EVENTS[HALF + 10 + number :][:1])
        if owner:
            wait_for(lambda: landed(shop) == HALF + 15)
        assert typed(shop.root, "backup", folder)[0] == 0
    finally:
        if owner:
            owner.end(signal.SIGTERM)
    assert not folder.with_name("safe.partial").exists()
    assert read_manifest(folder).counts["events"] >= HALF
    restore(folder, tmp_path / "last")
    assert not (tmp_path / "never").exists()


def flip(file: Path, at: float) -> None:
    """Changes one byte of a file, so far into it."""
    content = bytearray(file.read_bytes())
    content[int(len(content) * at)] ^= 1
    file.write_bytes(content)


def edit(backup: Path, part: str, key: str, value: str) -> None:
    manifest = json.loads((backup / MANIFEST).read_text())
    manifest[part][key] = value
    (backup / MANIFEST).write_text(json.dumps(manifest))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bit of the store": (lambda backup: flip(backup / STORE, 0.5), r"store\.duckdb is not as it was"),
    "a bit of the log": (lambda backup: flip(backup / LOG, 0.9), r"log\.sqlite is not as it was"),
    "a shorter store": (lambda backup: os.truncate(backup / STORE, 9999), r"store\.duckdb is not as it was"),
    "no store": (lambda backup: (backup / STORE).unlink(), r"is not whole: store\.duckdb is missing"),
    "no log": (lambda backup: (backup / LOG).unlink(), r"is not whole: log\.sqlite is missing"),
    "no contract": (lambda backup: (backup / "project/schemas/README.md").unlink(), "README.md is missing"),
    "no manifest": (lambda backup: (backup / MANIFEST).unlink(), r"backup\.json is missing"),
    "half a manifest": (lambda backup: os.truncate(backup / MANIFEST, 200), r"backup\.json is damaged"),
    "a list for a manifest": (
        lambda backup: (backup / MANIFEST).write_text("[]"),
        r"backup\.json is damaged",
    ),
    "another digest": (lambda backup: edit(backup, "digests", "profiles", "0"), "says something else"),
    "another hash": (lambda backup: edit(backup, "files", LOG, "0"), r"log\.sqlite is not as it was"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused(backup: Path, tmp_path: Path, damage: str) -> None:
    change, sentence = DAMAGES[damage]
    change(copy_of(backup, tmp_path / "copy"))
    done = CliRunner().invoke(main, ["restore", str(tmp_path / "copy"), str(tmp_path / "again")])
    assert done.exit_code == 1
    assert len(done.output.splitlines()) == 1
    with pytest.raises(BackupError, match=sentence):
        restore(tmp_path / "copy", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_manifest_cannot_lead_out_of_the_folder(backup: Path, tmp_path: Path) -> None:
    copy = copy_of(backup, tmp_path / "copy")
    (tmp_path / "evil").write_text("evil")
    edit(copy, "files", "project/../../evil", "0")
    restore(copy, tmp_path / "deep" / "again")
    assert not (tmp_path / "deep" / "evil").exists()
    assert (tmp_path / "evil").read_text() == "evil"


@pytest.mark.parametrize("name", ["rundum.toml", STORE, f"{STORE}.wal", LOG, "schemas/README.md"])
def test_nothing_is_overwritten(backup: Path, tmp_path: Path, name: str) -> None:
    mine = tmp_path / "mine" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert f"{mine} is there already; choose an empty folder" in refused("restore", backup, tmp_path / "mine")
    assert [file for file in (tmp_path / "mine").rglob("*") if file.is_file()] == [mine]
    assert mine.read_text() == "mine"
    assert "mine is there already; choose another folder" in refused(
        "backup", "--project", backup.parent / "shop", tmp_path / "mine"
    )


def test_a_killed_restore_is_repeated(backup: Path, tmp_path: Path) -> None:
    for wait in (0.6, 0.9, 1.2):
        with command(tmp_path, "restore", backup, "again") as killed:
            time.sleep(wait)
            killed.end(signal.SIGKILL)
        if (tmp_path / "again" / "rundum.toml").exists():
            break
    else:
        run("restore", backup, tmp_path / "again")
    check(read_project(tmp_path / "again"), EVENTS[:40])


def test_stores_elsewhere_come_back_to_their_place(tmp_path: Path) -> None:
    settings = {"store": {"path": "data/customers.duckdb"}, "log": {"path": str(tmp_path / "far.sqlite")}}
    project = init_project(tmp_path / "shop")
    (project.root / "data").mkdir()
    lines = [f'[{name}]\npath = "{table["path"]}"\n' for name, table in settings.items()]
    (project.root / "rundum.toml").write_text("".join(lines))
    project = read_project(project.root)
    append(project, EVENTS[:20])
    run("land", "--project", project.root)
    before = digests(project)
    run("backup", "--project", project.root, tmp_path / "safe")
    assert "far.sqlite is there already" in refused("restore", tmp_path / "safe", tmp_path / "again")
    assert not (tmp_path / "again").exists()
    with SqliteLog(project.log) as log:
        log_id = log.id
    project.log.unlink()
    run("restore", tmp_path / "safe", tmp_path / "again")
    again = read_project(tmp_path / "again")
    assert again.store == tmp_path / "again" / "data" / "customers.duckdb"
    assert digests(again) == before
    with SqliteLog(again.log) as log:
        assert log.id == log_id


def test_what_cannot_be_backed_up(shop: Project, tmp_path: Path) -> None:
    init_project(tmp_path / "empty")
    words = ("backup", "--project", tmp_path / "empty", tmp_path / "safe")
    assert "is not there yet" in refused(*words)
    other = new_project(tmp_path / "other")
    append(other, EVENTS[:5])
    run("land", "--project", other.root)
    shop.log.unlink()
    assert "log.sqlite is not there" in refused("backup", "--project", shop.root, tmp_path / "safe")
    other.log.rename(shop.log)
    assert "is not the log that" in refused("backup", "--project", shop.root, tmp_path / "safe")
    shutil.copyfile(shop.store, tmp_path / "alone.duckdb")
    words = ("backup", "--store", tmp_path / "alone.duckdb", tmp_path / "safe")
    assert "only a whole project" in refused(*words)
    (tmp_path / "safe.partial").mkdir()
    handle = os.open(tmp_path / "safe.partial", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert "is being made; wait for it" in refused("backup", "--project", shop.root, tmp_path / "safe")
    os.close(handle)
    with pytest.raises(BackupError, match=r"needs 1,000,000\.0 MB and its disk has .* left; make room"):
        check_room(tmp_path, 10**12)
    assert not (tmp_path / "safe").exists()
