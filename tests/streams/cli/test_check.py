"""Whether all is well, in words and exit codes, beside a running process too."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from sinks.gateway.access import Caller, DoorClosed
from tests.streams.cli.conftest import Run, payment, payments, start

PAID = "shop/standard/order_paid"


@pytest.fixture
def store(project: Path, rundum: Run) -> Path:
    Path("a.csv").write_text(payments(*(payment(str(number)) for number in range(9))))
    assert rundum("ingest", "a.csv", "--as", PAID).exit_code == 0
    return project / "store.duckdb"


def damage(store: Path, sql: str) -> None:
    with closing(duckdb.connect(str(store))) as connection:
        connection.execute(sql)


@pytest.mark.usefixtures("store")
def test_well(rundum: Run) -> None:
    said = rundum("check", "--deep")
    assert said.exit_code == 0, said.output
    lines = said.stdout.splitlines()
    assert lines[-1] == "All is well."
    assert {line.split()[0] for line in lines[:-1] if not line.startswith(" ")} == {"ok"}
    assert lines[-2].startswith("ok      derived")
    told = json.loads(rundum("check", "--format", "json").stdout)
    assert told["well"]
    assert {one["state"] for one in told["checks"]} == {"ok"}
    digests = next(one["seen"] for one in told["checks"] if one["check"] == "digests")
    assert all(text in rundum("digest").stdout for text in (line.split()[1] for line in digests))
    assert rundum("check", "--repair").stdout.endswith("There is nothing to mend here.\n")


def test_what_a_backup_must_mend(store: Path, rundum: Run) -> None:
    damage(store, "DELETE FROM shop_standard.order_paid WHERE event_id = '3'")
    said = rundum("check")
    assert said.exit_code == 1
    assert "WRONG   events" in said.stdout
    assert "shop/standard/order_paid 3 has no row in its typed table" in said.stdout
    assert "only a backup can mend this" in said.stdout
    before = store.read_bytes()
    assert rundum("check", "--repair", "--yes").exit_code == 1
    assert store.read_bytes() == before


def test_a_repair_is_shown_agreed_to_and_checked(store: Path, rundum: Run) -> None:
    digest = rundum("digest").stdout
    damage(store, "DELETE FROM identity.node WHERE node = (SELECT min(a) FROM identity.edge)")
    store.with_name("store.duckdb.rebuild").touch()
    said = rundum("check", "--repair")
    assert said.exit_code == 1
    assert "derive identities and profiles again from the events" in " ".join(said.stdout.split())
    assert "Nothing was done; --yes does it." in said.stderr
    assert rundum("digest").stdout != digest
    done = rundum("check", "--repair", "--yes")
    assert done.exit_code == 0, done.output
    assert "removed store.duckdb.rebuild" in done.stdout
    assert done.stdout.splitlines()[-1] == "All is well."
    assert rundum("digest").stdout == digest


@pytest.mark.usefixtures("store")
def test_beside_a_running_process(project: Path, rundum: Run) -> None:
    owner = start("run", "--port", "0", cwd=project)
    try:
        until = time.monotonic() + 30
        while not _is_open(project / "store.duckdb"):
            assert time.monotonic() < until
            time.sleep(0.1)
        said = rundum("check")
        assert said.exit_code == 0, said.output
        deep = rundum("check", "--deep")
        assert deep.exit_code == 1
        assert f"process {owner.pid} has the store open" in deep.stderr
    finally:
        owner.kill()
        owner.communicate()
    left = rundum("check")
    assert left.exit_code == 0
    assert "advice  leftovers" in left.stdout
    assert "store.duckdb.door" in "".join(left.stdout.split())


@pytest.mark.usefixtures("bare")
def test_without_a_store(rundum: Run) -> None:
    said = rundum("check")
    assert said.exit_code == 1
    assert "store.duckdb is not there yet" in said.stderr


def test_a_store_of_another_version(store: Path, rundum: Run) -> None:
    damage(store, "UPDATE ops.meta SET value = '1' WHERE key = 'version'")
    said = rundum("check")
    assert said.exit_code == 1
    assert "run `rundum upgrade`" in " ".join(said.stdout.split())


def _is_open(store: Path) -> bool:
    try:
        Caller(store).close()
    except DoorClosed:
        return False
    return True
