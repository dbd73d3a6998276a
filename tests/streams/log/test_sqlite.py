import json
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.core.model import Place
from streams.log.protocol import Ends, Log, LogError, Outgoing, PositionError
from streams.log.sqlite import BATCH_BYTES, SqliteLog
from tests.streams.log.conformance import LogConformance, OpenLog, read_on, values

TOPIC = "shop.standard"
PLACE = Place(TOPIC, 0)

APPEND_FOR_EVER = """
import sys
from streams.log.protocol import Outgoing
from streams.log.sqlite import SqliteLog
path, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
with SqliteLog(path, partitions={"shop.standard": 3}) as log:
    number = 0
    while number != rounds:
        values = [f"{name}:{number}:{part}".encode() for part in range(7)]
        offsets = log.append([Outgoing("shop.standard", value, value) for value in values])
        print(f"{name}:{number}", *offsets, flush=True)
        number += 1
"""


def appender(path: Path, name: str, rounds: int = -1) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPEND_FOR_EVER, str(path), name, str(rounds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def bytes_of(path: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in path.parent.iterdir() if one.is_file()}


class TestSqliteLog(LogConformance):
    @pytest.fixture
    def open_log(self, tmp_path: Path) -> OpenLog:
        def opened(partitions: Mapping[str, int]) -> Log:
            return SqliteLog(tmp_path / "log.sqlite", partitions=partitions)

        return opened


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    chance = random.Random(7)
    acknowledged: set[str] = set()
    for attempt in range(10):
        process = appender(path, f"p{attempt}")
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        rest = process.communicate()[0]
        lines = (first + rest).splitlines(keepends=True)
        acknowledged |= {line.split()[0] for line in lines if line.endswith("\n")}
    with SqliteLog(path) as log:
        records = read_on(log, {})
        ends = log.ends()
    parts = Counter((record.value or b"").decode().rpartition(":")[0] for record in records)
    assert acknowledged <= parts.keys()
    assert len(acknowledged) > 10
    assert set(parts.values()) == {7}, "a batch was kept in part"
    for place, (start, head) in ends.items():
        assert [r.offset for r in records if r.partition == place.partition] == list(range(start, head))


def test_four_processes_make_and_append_to_one_log(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    processes = [appender(path, f"p{number}", rounds=100) for number in range(4)]
    answers = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    with SqliteLog(path) as log:
        records = read_on(log, {})
        assert sum(ends.head for ends in log.ends().values()) == len(records) == 4 * 100 * 7
    found = {(record.value or b"").decode(): record.offset for record in records}
    for line in (line for answer in answers for line in answer.splitlines()):
        name, *offsets = line.split()
        assert [found[f"{name}:{part}"] for part in range(7)] == [int(offset) for offset in offsets]
    for name in ("p0", "p3"):
        for partition in range(3):
            mine = [r.value or b"" for r in records if r.partition == partition]
            numbers = [int(value.split(b":")[1]) for value in mine if value.startswith(name.encode())]
            assert numbers == sorted(numbers)


@pytest.mark.parametrize("kept", [0, 31, 0.3, 0.8, 0.999])
def test_a_torn_write_ahead_log_keeps_whole_batches(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "log.sqlite"
    with SqliteLog(path) as log:
        for number in range(20):
            log.append([Outgoing(TOPIC, b"%d" % number * 500)] * 5)
        (tmp_path / "torn").mkdir()
        torn = tmp_path / "torn" / "log.sqlite"
        shutil.copy(path, torn)
        tail = path.with_name("log.sqlite-wal").read_bytes()
    torn.with_name("log.sqlite-wal").write_bytes(tail[: int(kept if kept > 1 else kept * len(tail))])
    with SqliteLog(torn) as log:
        records = read_on(log, {})
        assert len(records) % 5 == 0
        assert log.ends().get(PLACE, Ends(0, 0)) == (0, len(records))
        assert (len(records) > 0) == (0.1 < kept < 1)
        assert log.append([Outgoing(TOPIC, b"next")]) == [len(records)]
        with pytest.raises(PositionError, match="newer state of this one"):
            log.poll({PLACE: 101}, 10)


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_another_programs_database_is_refused_untouched(tmp_path: Path, journal_mode: str) -> None:
    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    before = bytes_of(path)
    with pytest.raises(LogError, match="it is another program's database"):
        SqliteLog(path)
    assert bytes_of(path) == before
    connection.close()


def wrong_bytes(whole: bytes) -> dict[str, tuple[bytes, str]]:
    newer = whole[:60] + (99).to_bytes(4, "big") + whole[64:]
    return {
        "text": (b"milk, eggs\n" * 1000, "not a Rundum log"),
        "duckdb": (bytes(8) + b"DUCK" + bytes(12 * 1024), "not a Rundum log"),
        "short": (whole[:50], "not a Rundum log"),
        "newer": (newer, "version 99 and this Rundum knows 1; use the Rundum that wrote it"),
        "cut": (whole[: len(whole) // 2], "damaged; restore it from a backup"),
        "zeros": (whole[:8192] + bytes(len(whole) - 8192), "damaged; restore it from a backup"),
    }


@pytest.mark.parametrize("kind", ["text", "duckdb", "short", "newer", "cut", "zeros"])
def test_a_wrong_file_is_refused_untouched(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "log.sqlite"
    with SqliteLog(path) as log:
        log.append([Outgoing(TOPIC, bytes(2000))] * 50)
    content, reason = wrong_bytes(path.read_bytes())[kind]
    path.write_bytes(content)
    with pytest.raises(LogError, match=f"log.sqlite: .*{reason}"), SqliteLog(path) as log:
        log.poll({}, 100)
    assert bytes_of(path) == {"log.sqlite": content}


def test_a_path_that_cannot_be_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"there is no directory [^;]+gone; make it"):
        SqliteLog(tmp_path / "gone" / "log.sqlite")
    with pytest.raises(LogError, match="it is a directory; give the path of a file"):
        SqliteLog(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match="there is no directory"):
        SqliteLog(tmp_path / "file" / "log.sqlite")
    assert not (tmp_path / "gone").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_log_without_rights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    SqliteLog(path).close()
    for target, mode in ((path, 0o400), (tmp_path, 0o500)):
        target.chmod(mode)
        with pytest.raises(LogError, match="give this user the right to write"):
            SqliteLog(path)
        target.chmod(0o700)


def test_only_its_owner_may_read_a_new_log(tmp_path: Path) -> None:
    with SqliteLog(tmp_path / "log.sqlite") as log:
        log.append([Outgoing(TOPIC, b"a")])
        assert {one.stat().st_mode & 0o077 for one in tmp_path.iterdir()} == {0}


FILL = """
import json, sys
from streams.log.protocol import LogError, Outgoing
from streams.log.sqlite import SqliteLog
acknowledged, reason = 0, ""
with SqliteLog(sys.argv[1]) as log:
    try:
        while True:
            acknowledged += len(log.append([Outgoing("shop.standard", bytes(3000))] * 20))
    except LogError as error:
        reason = str(error)
    print(json.dumps([acknowledged, reason, len(log.poll({}, 10**6).records)]))
"""


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    largest = 5 * 2**20
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(path)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    acknowledged, reason, readable = json.loads(done.stdout)
    assert acknowledged == readable > 100
    assert "full" in reason
    assert "free some space" in reason or "check it" in reason
    with SqliteLog(path) as log:
        assert len(read_on(log, {})) == acknowledged
        assert log.append([Outgoing(TOPIC, b"next")]) == [acknowledged]


def test_offsets_go_on_after_trim_and_vacuum(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with SqliteLog(path) as log:
        log.append([Outgoing(TOPIC, bytes(100))] * 50_000)
        log.trim({PLACE: 50_000})
        log_id = log.id
    connection = sqlite3.connect(path)
    connection.execute("VACUUM")
    connection.close()
    assert path.stat().st_size < 200_000
    with SqliteLog(path) as log:
        assert (log.id, log.ends()) == (log_id, {PLACE: (50_000, 50_000)})
        assert log.append([Outgoing(TOPIC, b"a")]) == [50_000]


def test_trimmed_bytes_are_gone_from_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with SqliteLog(path) as log:
        log.append([Outgoing(TOPIC, b"anna@example.de" + bytes(size)) for size in (5, 9000) * 100])
        log.append([Outgoing(TOPIC, b"kept")])
        assert any(b"anna@" in content for content in bytes_of(path).values())
        log.trim({PLACE: 200})
        assert not any(b"anna@" in content for content in bytes_of(path).values())
        assert values(read_on(log, {PLACE: 200})) == [b"kept"]


def test_a_batch_is_bounded_in_bytes_and_goes_on(tmp_path: Path) -> None:
    large = b"l" * (BATCH_BYTES // 3)
    with SqliteLog(tmp_path / "log.sqlite", partitions={TOPIC: 2}) as log:
        sizes = [len(large)] * 4 + [BATCH_BYTES + 1, 1]
        log.append([Outgoing(TOPIC, b"l" * size, partition=0) for size in sizes])
        log.append([Outgoing(TOPIC, b"small", partition=1)] * 3)
        positions: dict[Place, int] = {}
        batches = []
        while (batch := log.poll(positions, 1000)).records:
            positions.update(batch.positions)
            batches.append([len(record.value or b"") for record in batch.records])
        assert sorted(size for batch in batches for size in batch) == sorted([*sizes, 5, 5, 5])
        assert all(sum(batch) <= BATCH_BYTES or len(batch) == 1 for batch in batches)
        assert 5 in batches[0] + batches[1], "the place of small records starved"


def test_a_clock_that_goes_back_does_not_turn_time_back(tmp_path: Path) -> None:
    ticks = iter([1000, 400, 2000])
    with SqliteLog(tmp_path / "log.sqlite", clock=lambda: next(ticks)) as log:
        for _ in range(3):
            log.append([Outgoing(TOPIC, b"a")])
        log.append([])
        assert [record.timestamp for record in read_on(log, {})] == [1000, 1000, 2000]


def test_records_deleted_by_hand_are_missed(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with SqliteLog(path) as log:
        log.append([Outgoing(TOPIC, b"a")] * 300)
        connection = sqlite3.connect(path)
        connection.execute("DELETE FROM record WHERE offset IN (200, 299)")
        connection.commit()
        connection.close()
        assert len(log.poll({}, 200).records) == 200
        for position in (0, 201, 299):
            with pytest.raises(LogError, match=f"from offset {position} on are missing"):
                log.poll({PLACE: position}, 1000)


def test_one_poll_sees_one_state(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    process = appender(path, "writer", rounds=300)
    with SqliteLog(path) as log:
        positions: dict[Place, int] = {}
        records = []
        while process.poll() is None or log.poll(positions, 1).records:
            records += read_on(log, positions, limit=50)
    process.communicate()
    assert len(records) == 300 * 7
    assert len({(record.partition, record.offset) for record in records}) == len(records)


def test_a_closed_log_says_so(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.close()
    log.close()
    with pytest.raises(LogError, match="closed"):
        log.append([Outgoing(TOPIC, b"a")])
