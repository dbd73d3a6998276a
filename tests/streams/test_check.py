"""Every check passes on a store that is well, and fails on one that is damaged just so."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import duckdb
import pytest

from schemas.catalogue import load
from sinks.duckdb.database import StoreError, open_read_only
from sinks.duckdb.digest import Digests, digest
from sinks.gateway.access import Access
from sinks.gateway.door import place_of
from streams.check import check_all
from streams.check.deep import check_derived
from streams.check.files import check_room
from streams.check.finding import Finding, Repair, State
from streams.check.repair import mend, plan, would
from streams.decisions import CANNOT, MUST, Words, block, constrain, identifier
from streams.house import House
from streams.log.protocol import Outgoing
from streams.log.sqlite import SqliteLog
from streams.pipeline import utc_now
from streams.settings import Project, init_project, read_project
from streams.sources.synthetic import Parameters, generate

CATALOGUE = load()
PARAMETERS = Parameters(people=12, events=400, seed=7, conflicts=0.05, duplicates=0.1)
WAITING = 5
BLOCK, HEADERS = 262_144, 12_288  # of a DuckDB file
TYPED = "web_tracking.page_viewed"
STRANGER = """
    INSERT INTO ops.contract SELECT * REPLACE ('no/such/thing' AS event_type) FROM ops.contract LIMIT 1"""
DAMAGE = {
    "contracts": f"DROP TABLE {TYPED}",
    "contracts, a column": "ALTER TABLE shop_standard.order_paid DROP COLUMN amount_minor",
    "contracts, a table": "CREATE TABLE web_tracking.nobodys (i INTEGER)",
    "conservation": "DELETE FROM ops.rejected",
    "conservation, a row": f"DELETE FROM {TYPED} WHERE landed_seq = (SELECT min(landed_seq) FROM {TYPED})",
    "conservation, a conflict": "DELETE FROM ops.conflict",
    "events": f"DELETE FROM {TYPED} WHERE landed_seq = (SELECT min(landed_seq) FROM {TYPED})",
    "events, a time": f"UPDATE {TYPED} SET occurred_at = occurred_at + INTERVAL 1 SECOND",
    "rows": "DELETE FROM ops.event WHERE landed_seq = (SELECT min(landed_seq) FROM ops.event)",
    "rows, twice": f"INSERT INTO {TYPED} FROM {TYPED} LIMIT 1",
    "keys": "INSERT INTO ops.event SELECT * REPLACE (-1 AS landed_seq) FROM ops.event LIMIT 1",
    "keys, a number": "UPDATE ops.event SET landed_seq = 7 WHERE landed_seq < 20",
    "anchors": "UPDATE ops.event SET node = uuid() WHERE landed_seq < 20",
    "anchors, in a row": f"UPDATE {TYPED} SET node = NULL",
    "identifiers": "DELETE FROM identity.identifier WHERE node = (SELECT min(node) FROM identity.node)",
    "identifiers, twice": "INSERT INTO identity.identifier FROM identity.identifier LIMIT 1",
    "customers": "UPDATE identity.node SET customer = uuid() WHERE events = 1",
    "edges": "DELETE FROM identity.node WHERE node = (SELECT min(a) FROM identity.edge)",
    "edges, that join": "UPDATE identity.edge SET outcome = 'joined'",
    "profiles": "DELETE FROM identity.node WHERE node = (SELECT min(node) FROM profile.trait)",
    "profiles, an event": "UPDATE profile.consent SET event_id = 'nobody said it'",
    "history": "DELETE FROM identity.assignment WHERE node = (SELECT min(node) FROM identity.node)",
    "history, another": "UPDATE identity.assignment SET customer = uuid() WHERE known_to IS NULL",
    "keys, in history": "INSERT INTO identity.assignment FROM identity.assignment WHERE known_to IS NULL",
    "version": "UPDATE ops.meta SET value = '1' WHERE key = 'version'",
    "rules": STRANGER,
    "digests": STRANGER,
    "positions": "UPDATE ops.position SET next_offset = next_offset + 1000",
    "positions, of another": "UPDATE ops.meta SET value = 'another' WHERE key = 'log_id'",
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a small shop, with conflicts, copies, rejects, and what people decided; some waits."""
    folder = tmp_path_factory.mktemp("whole") / "shop"
    with House(init_project(folder), CATALOGUE, lambda *_: None) as house:
        inlet = house.inlet
        records = [inlet.outgoing(CATALOGUE.events[said.type], said.datum) for said in generate(PARAMETERS)]
        landed, waiting = records[:-WAITING], records[-WAITING:]
        inlet.log.append([*landed, Outgoing("web.tracking", b"no frame"), Outgoing("web.tracking", None)])
        house.land()
        texts = house.reader.rows("SELECT value FROM identifiers WHERE kind = 'email' ORDER BY ALL LIMIT 4")
        kind = CATALOGUE.kinds["email"]
        one, two, three, four = (identifier(house.reader, kind, text) for (text,) in texts)
        words = Words("It was seen.", "tests", utc_now())
        constrain(house, (one, two), MUST, words)
        constrain(house, (two, three), CANNOT, words)
        block(house, four, True, words)
        inlet.log.append(waiting)
    return folder


@pytest.fixture
def project(whole: Path, tmp_path: Path) -> Project:
    """A copy of it, to be damaged."""
    shutil.copytree(whole, tmp_path / "shop")
    return read_project(tmp_path / "shop")


@contextmanager
def at_hand(project: Project) -> Iterator[None]:
    """While this process has the store open for reading, if it can: each check then opens it in no time."""
    with ExitStack() as kept:
        with suppress(StoreError):
            kept.enter_context(closing(open_read_only(project.store, project.memory_limit)))
        yield


def found(project: Project) -> dict[str, Finding]:
    """Every finding by the name of its check."""
    with at_hand(project):
        return {finding.check: finding for finding in check_all(project, CATALOGUE)}


def run_sql(project: Project, *statements: str) -> None:
    with closing(duckdb.connect(str(project.store))) as connection:
        for statement in statements:
            connection.execute(statement)


def digests(project: Project) -> Digests:
    with Access(project.store) as access:
        return digest(access.reader, CATALOGUE)


def quiet(done: int, total: int) -> None:
    """Hears of progress."""


def test_all_is_well(project: Project) -> None:
    before = digests(project)
    findings = found(project)
    assert {finding.state for finding in findings.values()} == {State.OK}, findings
    assert findings["positions"].seen == (f"{WAITING} records wait to be landed",)
    assert findings["digests"].seen[1:] == tuple(
        f"{part} {getattr(before, part)}" for part in ("events", "identities", "profiles")
    )
    with SqliteLog(project.log) as log:
        kept = sum(ends.head - ends.start for ends in log.ends().values())
    assert findings["records"].seen == (f"{kept:,} records read",)
    assert digests(project) == before
    assert check_derived(project, CATALOGUE, quiet).state == State.OK
    assert sorted(file.name for file in project.root.iterdir() if file.name.startswith("store")) == [
        "store.duckdb"
    ]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found(project: Project, damage: str) -> None:
    run_sql(project, DAMAGE[damage])
    wanted = damage.partition(",")[0]
    with at_hand(project):
        finding = next(finding for finding in check_all(project, CATALOGUE) if finding.check == wanted)
    assert finding.state == State.WRONG
    assert finding.count >= 1
    assert all(finding.seen)


def test_what_changed_or_was_never_derived_so(project: Project) -> None:
    run_sql(project, "UPDATE profile.measure SET total = total + 1")
    assert all(finding.state == State.OK for finding in found(project).values())
    deep = check_derived(project, CATALOGUE, quiet)
    assert (deep.state, deep.seen) == (State.WRONG, ("the digest of profiles is another",))
    run_sql(project, "UPDATE ops.meta SET value = 'of old' WHERE key = 'rules'")
    rules = found(project)["rules"]
    assert (rules.state, rules.repair) == (State.ADVICE, Repair.REBUILD)
    assert check_derived(project, CATALOGUE, quiet).state == State.ADVICE


def test_a_flipped_byte_is_found(project: Project) -> None:
    run_sql(project, "CHECKPOINT")
    with closing(duckdb.connect(str(project.store), read_only=True)) as connection:
        (number,) = connection.execute(
            "SELECT block_id FROM pragma_storage_info('ops.event')"
            " WHERE column_name = 'event_id' AND segment_type = 'VARCHAR' AND block_id >= 0 LIMIT 1"
        ).fetchall()[0]
    with project.store.open("r+b") as file:
        file.seek(HEADERS + number * BLOCK + BLOCK // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    finding = found(project)["blocks"]
    assert finding.state == State.WRONG
    assert "ops.event" in " ".join(finding.seen)
    assert "backup" in finding.mend


def test_a_torn_file_is_found(project: Project) -> None:
    run_sql(project, "CHECKPOINT")
    with project.store.open("r+b") as file:
        file.truncate(project.store.stat().st_size // 3)
    findings = found(project)
    assert State.WRONG in {findings[name].state for name in ("version", "blocks") if name in findings}
    assert findings["log"].state == State.OK


def test_a_log_with_gaps_is_found(project: Project) -> None:
    with closing(sqlite3.connect(project.log)) as connection, connection:
        connection.execute(
            "DELETE FROM record WHERE place = 1 AND offset = (SELECT start + 2 FROM place WHERE id = 1)"
        )
    finding = found(project)["records"]
    assert finding.state == State.WRONG
    assert "records from offset" in finding.seen[0]


def test_schemas_that_nobody_knows_are_found(project: Project) -> None:
    value = (0).to_bytes(1, "big") + (4711).to_bytes(4, "big") + b"body"
    with SqliteLog(project.log) as log:
        log.append([Outgoing("web.tracking", value)])
    waiting = found(project)["records"]
    assert (waiting.state, waiting.seen) == (
        State.ADVICE, ("nobody knows the schemas 4711 of some records",)
    )  # fmt: skip
    with House(project, CATALOGUE, lambda *_: None) as house:
        assert house.land().rejected == 1
    assert found(project)["records"].state == State.OK
    with closing(sqlite3.connect(project.log)) as connection, connection:
        connection.execute("DELETE FROM writer_schema WHERE id = 1")
    assert found(project)["records"].state == State.WRONG


def test_a_log_that_is_damaged_or_lost_is_found(project: Project) -> None:
    with closing(sqlite3.connect(project.log)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    content = bytearray(project.log.read_bytes())
    content[8192 * 3 : 8192 * 4] = bytes(8192)
    project.log.write_bytes(content)
    assert found(project)["log"].state == State.WRONG
    project.log.unlink()
    finding = found(project)["log"]
    assert (finding.state, finding.repair) == (State.WRONG, Repair.TIE)
    assert not project.log.exists()
    run_sql(project, "DELETE FROM ops.meta WHERE key = 'log_id'")
    assert found(project)["log"].state == State.ADVICE


def test_trimmed_before_it_landed(project: Project) -> None:
    with SqliteLog(project.log) as log:
        log.trim({place: ends.head for place, ends in log.ends().items()})
    finding = found(project)["positions"]
    assert finding.state == State.WRONG
    assert "trimmed" in finding.mend


def test_what_killed_processes_left(project: Project) -> None:
    store = project.store
    for end in (".rebuild", ".rebuild.wal", ".attempt"):
        store.with_name(store.name + end).touch()
    store.with_name(f"{store.name}.upgrade").mkdir()
    place_of(store).touch()
    (project.root / "monday.partial").mkdir()
    findings = found(project)
    assert findings["leftovers"].count == 5
    assert findings["backups"].seen == (str(project.root / "monday.partial"),)
    assert {findings[name].state for name in ("leftovers", "backups")} == {State.ADVICE}
    said = mend(project, CATALOGUE, Repair.REMOVE, quiet)
    assert said == (
        "removed store.duckdb.rebuild, store.duckdb.rebuild.wal, store.duckdb.upgrade, store.duckdb.attempt, "
        "store.duckdb.door"
    )
    assert found(project)["leftovers"].state == State.OK


def hold(
    file: Path, told: multiprocessing.synchronize.Event, until: multiprocessing.synchronize.Event
) -> None:
    with closing(duckdb.connect(str(file))):
        told.set()
        until.wait(30)


def test_what_a_living_process_uses_is_left_alone(project: Project) -> None:
    fresh = multiprocessing.get_context("spawn")
    told, until = fresh.Event(), fresh.Event()
    rebuilding = project.store.with_name(f"{project.store.name}.rebuild")
    process = fresh.Process(target=hold, args=(rebuilding, told, until))
    process.start()
    assert told.wait(30)
    assert found(project)["leftovers"].state == State.OK
    until.set()
    process.join()
    assert found(project)["leftovers"].seen[0] == str(rebuilding)


def test_a_disk_without_room_is_told(tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    with store.open("wb") as file:
        file.truncate(shutil.disk_usage(tmp_path).free + 2**30)
    assert check_room(store).state == State.ADVICE


def test_what_was_derived_is_derived_again(project: Project) -> None:
    before = digests(project)
    derived = ("anchors", "identifiers", "customers", "edges", "profiles", "history")
    run_sql(project, *(sql for name, sql in DAMAGE.items() if name.partition(",")[0] in derived))
    findings = [*found(project).values()]
    assert {finding.check for finding in findings if finding.state != State.OK} == set(derived)
    assert plan(findings) == [Repair.REBUILD]
    mend(project, CATALOGUE, Repair.REBUILD, quiet)
    again = found(project)
    assert {finding.state for finding in again.values()} == {State.OK}, again
    assert digests(project) == before


def test_no_event_is_lost_by_a_repair(project: Project) -> None:
    run_sql(project, DAMAGE["rows"], DAMAGE["profiles"])
    findings = found(project)
    planned = plan([*findings.values()])
    assert planned == []
    assert "before a backup has mended" in would(findings["profiles"], planned)
    assert "restore" in would(findings["rows"], planned)


def test_a_store_is_tied_to_the_log_that_is_there(project: Project) -> None:
    before = digests(project)
    project.log.unlink()
    findings = [*found(project).values()]
    assert plan(findings) == [Repair.TIE]
    mend(project, CATALOGUE, Repair.TIE, quiet)
    assert found(project)["log"].state == State.OK
    with House(project, CATALOGUE, lambda *_: None) as house:
        said = list(generate(PARAMETERS))[-1]
        house.inlet.log.append([house.inlet.outgoing(CATALOGUE.events[said.type], said.datum)])
        assert house.land().landed == 1
    again = found(project)
    assert {finding.state for finding in again.values()} == {State.OK}, again
    assert digests(project).rules == before.rules
