"""The store that version 1 left behind: refused, upgraded, checked, undone; and one of a version to come."""

from __future__ import annotations

import lzma
import re
import shutil
import signal
import tarfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from sinks.duckdb.database import VERSION, Database
from sinks.duckdb.digest import Digests, digest
from sinks.duckdb.store import Store
from sinks.duckdb.upgrade import FIRST
from streams.backup import MANIFEST, Manifest
from streams.cli import main
from streams.copying import STORE, hash_of
from streams.core.model import Place
from streams.log.protocol import Ends
from streams.log.sqlite import SqliteLog
from streams.restore import read_manifest
from streams.settings import Project, read_project
from tests.feed import blank_store, catalogue, check_books
from tests.living import command, typed
from tests.streams.cli.conftest import held

OLD = Path(__file__).parents[1] / "data" / "store_1.tar.xz"
WAITING = 20  # records in its log
COLUMNS = """
    SELECT schema_name, table_name, column_name, data_type, is_nullable, column_default, comment
    FROM duckdb_columns() WHERE NOT internal"""
OTHERS = (
    ("land",), ("sql", "SELECT 1"), ("digest",), ("rebuild",), ("show", "email:a@b.de"), ("rejected", "list"),
    ("backup", "safe"), ("merge", "user_id:u1", "user_id:u2", "--reason", "r"),
)  # fmt: skip


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of version 1, for all tests together."""
    folder = tmp_path_factory.mktemp("unpacked")
    with lzma.open(OLD) as packed, tarfile.open(fileobj=packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / "old"


@pytest.fixture
def old(unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A copy of it, in which commands are run."""
    shutil.copytree(unpacked, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    yield read_project(tmp_path / "old")
    assert not list((tmp_path / "old").glob("*.upgrade*"))


def run(*words: str | Path) -> str:
    """What a command says that goes well."""
    done = CliRunner().invoke(main, [*map(str, words)])
    assert done.exit_code == 0, done.output
    return done.output


def refused(*words: str | Path) -> str:
    """What a command says that is refused."""
    done = CliRunner().invoke(main, [*map(str, words)])
    assert done.exit_code == 1, done.output
    return done.stderr


def state(project: Project) -> tuple[int, Digests]:
    """Version and digests of a store of any version."""
    database = Database(project.store, oldest=FIRST)
    try:
        return int(database.meta("version") or 0), digest(database, catalogue())
    finally:
        database.close()


def parts(digests: Digests) -> dict[str, str]:
    """What must be equal even if a new contract makes the rules others."""
    return {part: text for part, text in asdict(digests).items() if part != "rules"}


def heads(project: Project) -> dict[Place, Ends]:
    """How far the log goes."""
    with SqliteLog(project.log) as log:
        return log.ends()


def before_upgrade(project: Project) -> Manifest:
    (folder,) = (project.root / "backups").iterdir()
    assert not folder.name.endswith(".partial")
    return read_manifest(folder)


@pytest.mark.parametrize("words", OTHERS, ids=" ".join)
def test_an_older_store_is_refused_until_upgraded(old: Project, words: tuple[str, ...]) -> None:
    before = hash_of(old.store), heads(old)
    assert f"store version 1, now {VERSION}); run `rundum upgrade`" in refused(*words)
    assert (hash_of(old.store), heads(old)) == before
    assert not Path("safe").exists()


def test_it_says_what_will_change_and_does_not_begin_unasked(old: Project) -> None:
    before = hash_of(old.store)
    done = CliRunner().invoke(main, ["upgrade"])
    assert done.exit_code == 1
    assert f"version 1, 19.9 MB; this Rundum has {VERSION}" in done.output
    assert "Every contract gets a number" in done.output
    assert "Backup first" in done.output
    assert "nothing was changed; give --yes to go on" in done.output
    assert hash_of(old.store) == before
    assert not (old.root / "backups").exists()


def test_upgraded_undone_upgraded_again_it_goes_on(old: Project, tmp_path: Path) -> None:
    version, before = state(old)
    assert version == FIRST
    said = run("upgrade", "--yes")
    assert "Equal before and after." in said
    assert before.profiles in said
    version, after = state(old)
    assert (version, parts(after)) == (VERSION, parts(before))
    manifest = before_upgrade(old)
    assert (manifest.store_version, manifest.digests) == (1, asdict(before))
    assert manifest.counts["waiting"] == WAITING

    assert "is of version 1 again" in run("upgrade", "--undo", "--yes")
    assert state(old) == (1, before)
    assert "run `rundum upgrade`" in refused("land")

    run("upgrade", "--yes", "--backup", tmp_path / "second")
    assert "up to date" in run("upgrade")
    assert parts(state(old)[1]) == parts(before)
    assert f"{WAITING} new, 0 seen before, 0 conflicting, 0 rejected" in run("land")
    store = Store(old.store, catalogue())
    check_books(store, store.database.value("SELECT sum(accepted) FROM ops.ledger"))
    store.close()
    assert run("rebuild").endswith("Equal.\n")


def test_its_tables_are_those_of_a_new_store(old: Project, tmp_path: Path) -> None:
    run("upgrade", "--yes")
    columns = []
    for store in (old.store, blank_store(tmp_path / "new.duckdb")):
        database = Database(store)
        columns.append(sorted(map(repr, database.rows(COLUMNS))))
        assert database.rows("SELECT DISTINCT version FROM ops.contract") == [(1,)]
        database.close()
    assert columns[0] == columns[1]


def test_a_backup_of_an_older_store_is_restored_and_then_upgraded(old: Project, tmp_path: Path) -> None:
    _, before = state(old)
    run("upgrade", "--yes", "--backup", tmp_path / "safe")
    said = run("restore", tmp_path / "safe", tmp_path / "again")
    assert "Its store is of version 1; go on with" in said
    again = read_project(tmp_path / "again")
    assert state(again) == (1, before)
    assert "Equal before and after." in run("upgrade", "--yes", "--project", again.root)
    assert f"{WAITING} new" in run("land", "--project", again.root)
    run("land")
    assert state(again) == state(old)


def test_under_other_rules_everything_is_derived_again(old: Project) -> None:
    (old.root / "schemas" / "identifiers.toml").write_text(
        '[loyalty_card]\nrank = 75\nperson = true\nlimit = 3\ndoc = "Card."\n'
    )
    said = run("upgrade", "--yes")
    assert "everything is derived again" in said
    database = Database(old.store)
    assert database.rows("SELECT rank FROM identity.kind WHERE kind = 'loyalty_card'") == [(75,)]
    database.close()
    run("upgrade", "--undo", "--yes")
    run("upgrade", "--yes")
    assert f"{WAITING} new" in run("land")
    assert run("rebuild").endswith("Equal.\n")


def test_killed_at_any_moment_it_is_the_one_or_the_other(old: Project) -> None:
    _, before = state(old)
    chance, folder = Random(6), old.root / "backups"
    for number in range(5):
        with command(old.root, "upgrade", "--yes", "--backup", folder / f"b{number}") as killed:
            time.sleep(0.8 + chance.random() * 2.5)
            killed.end(signal.SIGKILL)
        version, found = state(old)
        assert version in (1, VERSION)
        assert parts(found) == parts(before)
        if version == VERSION:
            break
    code, said = typed(old.root, "upgrade", "--yes")
    assert code == 0, said
    assert f"{WAITING} new" in run("land")


def test_a_store_that_is_open_elsewhere_stays(old: Project) -> None:
    with held(old.store):
        assert re.search(r"is open in .*\(PID \d+\)", refused("upgrade", "--yes"))
    run("upgrade", "--yes")
    with held(old.store):
        assert re.search(r"is open in .*\(PID \d+\)", refused("upgrade", "--undo", "--yes"))
    assert state(old)[0] == VERSION


def test_what_cannot_be_undone(old: Project, unpacked: Path, tmp_path: Path) -> None:
    assert "holds no backup from before an upgrade" in refused("upgrade", "--undo", "--yes")
    run("upgrade", "--yes", "--backup", tmp_path / "safe")
    before = state(old)
    undo = ("upgrade", "--undo", "--yes", "--backup", tmp_path / "safe")
    run("land")  # its records are older than the log keeps them
    assert "the log has forgotten some of what landed since" in refused(*undo)
    shutil.copyfile(unpacked / "log.sqlite", old.log)
    content = bytearray((tmp_path / "safe" / STORE).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "safe" / STORE).write_bytes(content)
    assert "is not as it was when it was backed up" in refused(*undo)
    (tmp_path / "safe" / MANIFEST).unlink()
    assert "is no backup" in refused(*undo)
    old.log.unlink()
    assert state(old)[0] == VERSION
    assert parts(state(old)[1]) != parts(before[1])


@pytest.mark.parametrize("words", [*OTHERS, ("upgrade", "--yes")], ids=" ".join)
def test_a_newer_store_is_always_refused(old: Project, words: tuple[str, ...]) -> None:
    database = Database(old.store, oldest=FIRST)
    database.set_meta("version", str(VERSION + 1))
    database.close()
    before = hash_of(old.store), heads(old)
    sentence = f"made by a newer Rundum (store version {VERSION + 1}, this one knows {VERSION})"
    assert sentence in refused(*words)
    assert (hash_of(old.store), heads(old)) == before


@pytest.mark.usefixtures("old")
def test_a_backup_of_a_newer_store_is_not_restored(tmp_path: Path) -> None:
    run("upgrade", "--yes", "--backup", tmp_path / "safe")
    manifest = tmp_path / "safe" / MANIFEST
    was = hash_of(tmp_path / "safe" / STORE)
    database = Database(tmp_path / "safe" / STORE, oldest=FIRST)
    database.set_meta("version", str(VERSION + 1))
    database.close()
    manifest.write_text(manifest.read_text().replace(was, hash_of(tmp_path / "safe" / STORE)))
    assert "made by a newer Rundum" in refused("restore", tmp_path / "safe", tmp_path / "again")
    assert not (tmp_path / "again").exists()
