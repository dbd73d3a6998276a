"""What holds for every command: help, --project and --store, sentences instead of stack traces, signals."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import click
import duckdb
import pytest

from streams.cli import main
from tests.streams.cli.conftest import Run, cdnow, held, start

DEEP = [("sql", "SELECT 1"), ("land",), ("digest",), ("rejected", "list")]


def commands(
    command: click.Command, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner
            yield from commands(inner, (*words, name))


@pytest.mark.parametrize(
    ("words", "command"), list(commands(main)), ids=lambda x: " ".join(x) if isinstance(x, tuple) else ""
)
def test_every_command_shows_an_example_and_takes_the_places(
    rundum: Run, words: tuple[str, ...], command: click.Command
) -> None:
    shown = rundum(*words, "--help")
    assert shown.exit_code == 0
    assert "Example:\n    rundum " in shown.output
    assert "--project DIR" in shown.output
    assert "--store FILE" in shown.output
    assert command.help


def test_a_command_imports_nothing_that_only_others_need(project: Path) -> None:
    process = start("land", cwd=project, PYTHONPROFILEIMPORTTIME="1")
    out, err = process.communicate(timeout=60)
    assert out == "0 new, 0 seen before, 0 conflicting, 0 rejected\n"
    imported = {line.rpartition("|")[2].strip() for line in err.splitlines()}
    assert "duckdb" in imported
    assert not imported & {"pandas.core", "faker", "faust", "prometheus_client", "streams.cli.demo"}


@pytest.mark.parametrize("words", ["--project {p} schemas check", "schemas --project {p} check",
                                   "schemas check --project {p}"])  # fmt: skip
def test_the_project_is_named_before_or_after(project: Path, rundum: Run, words: str) -> None:
    (project / "schemas" / "x" / "y").mkdir(parents=True)
    (project / "schemas" / "x" / "y" / "z.avsc").write_text("{")
    said = rundum(*words.format(p=project).split())
    assert said.exit_code == 1
    assert "z.avsc: no source.toml beside it" in said.output


def test_init_never_overwrites(project: Path, rundum: Run) -> None:
    said = rundum("init", project)
    assert said.exit_code == 1
    assert said.stderr == f"Error: {project / 'rundum.toml'}: is there already; choose another folder\n"


def test_outside_any_project(rundum: Run, tmp_path: Path) -> None:
    said = rundum("land")
    assert said.exit_code == 1
    assert f"{tmp_path}: is in no project; make one with `rundum init DIR`" in said.stderr
    assert rundum("land", "--store", "mine.duckdb").exit_code == 0
    assert {file.name for file in tmp_path.iterdir()} == {"mine.duckdb", "mine.log.sqlite"}


def test_wrong_stores_are_sentences(project: Path, rundum: Run) -> None:
    with duckdb.connect("other.duckdb") as other:
        other.execute("CREATE TABLE t AS SELECT 1 AS a")
    Path("text.duckdb").write_text("no database at all\n" * 500)
    rundum("land")
    Path("short.duckdb").write_bytes((project / "store.duckdb").read_bytes()[:300_000])
    Path("folder.duckdb").mkdir()
    wrong = {
        "other.duckdb": "is a DuckDB file of another program",
        "text.duckdb": "DuckDB file, or is damaged",
        "short.duckdb": "short.duckdb",
        "folder.duckdb": "is a folder",
    }
    for name, why in wrong.items():
        for words in (("land",), ("sql", "SELECT 1")):
            said = rundum(*words, "--store", name)
            assert (said.exit_code, said.stdout) == (1, ""), name
            assert said.stderr.startswith("Error: ")
            assert name in said.stderr
            assert why in said.stderr
            assert len(said.stderr.splitlines()) == 1


def test_a_foreign_log_is_a_sentence(bare: Path, rundum: Run) -> None:
    with sqlite3.connect("log.sqlite") as other:
        other.execute("CREATE TABLE t (a)")
    other.close()
    said = rundum("land")
    assert said.exit_code == 1
    assert "log.sqlite: it is another program's database" in said.stderr
    assert not (bare / "store.duckdb").exists()


def test_debug_shows_where(project: Path, rundum: Run) -> None:
    (project / "rundum.toml").write_text("[")
    assert rundum("land").exception.__class__ is SystemExit
    assert rundum("land", "--debug").exception.__class__.__name__ == "SettingsError"


@pytest.mark.usefixtures("impatient")
def test_a_store_in_use_is_a_sentence(project: Path, rundum: Run) -> None:
    assert rundum("land").exit_code == 0
    with held(project / "store.duckdb"):
        for words in DEEP:
            said = rundum(*words)
            assert (said.exit_code, said.stdout) == (1, "")
            assert "store.duckdb is " in said.stderr
            assert "wait for it or stop it" in said.stderr


@pytest.mark.parametrize(("number", "code", "wait"), [(signal.SIGINT, 130, 0.5), (signal.SIGTERM, 143, 0)])
def test_a_stopped_command_says_that_nothing_is_lost(
    project: Path, number: signal.Signals, code: int, wait: float
) -> None:
    process = start("ingest", cdnow(), "--as", "shop/cdnow/purchase", cwd=project)
    while not (project / "log.sqlite-wal").exists():
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(wait)
    process.send_signal(number)
    said, wrong = process.communicate(timeout=30)
    assert (process.returncode, said) == (code, "")
    assert wrong == "stopped; nothing is lost, run the same command to go on\n"
