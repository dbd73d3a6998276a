"""The serving copy says what the last state of each customer is, whatever happens to its writer."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.serving.copy import ServingCopy, copy_of
from sinks.serving.reader import CopyMissing, CopyReader, Forgotten
from sinks.serving.tables import CopyError
from sinks.serving.update import Change, Member, Name, Profile, Update
from tests.sinks.serving.told import SEGMENTS, STORE, Model, model_of, seen, updates

ROOT = Path(__file__).parents[3]
A, B = "0000000a-0000-4000-8000-000000000000", "0000000b-0000-4000-8000-000000000000"
MAIL = ("email", "anna@example.de")


@contextmanager
def open_copy(path: Path, store: str = STORE) -> Iterator[ServingCopy]:
    copy = ServingCopy(path, store)
    try:
        yield copy
    finally:
        copy.close()


@contextmanager
def reading(path: Path) -> Iterator[CopyReader]:
    with closing(CopyReader(path)) as reader:
        yield reader


def change(number: int, days: float = 0, segment: str = "vip") -> Change:
    at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    return Change(number, segment, A, True, at, "{}")


def customer(customer: str, *names: tuple[str, str], upto: int = 1) -> Update:
    return Update(upto, profiles=[Profile(customer, "{}")], names=[Name(*name, customer) for name in names])


STEPS = st.lists(st.sampled_from(["apply", "apply", "fail", "reopen", "rebuild", "again"]), max_size=25)


@given(STEPS, st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_the_copy_says_the_last_state_of_each_customer(steps: list[str], seed: int) -> None:
    told = updates(seed, len(steps) + 1)
    with TemporaryDirectory() as folder, reading(Path(folder) / "copy.sqlite") as reader:
        copy, model = ServingCopy(reader.path, STORE), Model()
        for step in ["apply", *steps]:
            update = told[model.upto]
            if step == "apply":
                copy.apply(update)
                model.apply(update)
            elif step == "again" and model.upto:
                copy.apply(Update(model.upto, changes=told[model.upto - 1].changes))
            elif step == "fail":
                with pytest.raises(CopyError):
                    copy.apply(update._replace(members=[Member("vip", A, None, "{}")]))  # type: ignore[arg-type]
            elif step == "reopen":
                copy.close()
                copy = ServingCopy(reader.path, STORE)
            elif step == "rebuild":
                with copy.rebuild() as fresh:
                    fresh.apply(model.whole())
            assert copy.cursor() == (model.upto, max(model.changes, default=0))
            assert seen(reader) == model.seen()
        copy.close()
        assert len([*Path(folder).glob("copy.*.sqlite")]) == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_writer_killed_at_any_moment_leaves_whole_updates(tmp_path: Path, seed: int) -> None:
    path, chance, told = tmp_path / "copy.sqlite", random.Random(seed), updates(seed, 400)
    command = [sys.executable, "-m", "tests.sinks.serving.told", str(path), str(seed), "400"]
    kills = 0
    with reading(path) as reader:
        for _ in range(3):
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as writer:
                assert writer.stdout
                assert writer.stdout.readline() == b"open\n"
                assert writer.stdout.readline()
                time.sleep(chance.uniform(0, 0.15))
                writer.send_signal(signal.SIGKILL)
            kills += writer.returncode == -signal.SIGKILL
            upto = reader.standing().upto
            assert seen(reader) == model_of(told[:upto]).seen()
            with open_copy(path) as copy:
                assert copy.cursor()[0] == upto
        assert kills
        with open_copy(path) as copy:
            for update in told[copy.cursor()[0] :]:
                copy.apply(update)
        assert seen(reader) == model_of(told).seen()
    assert len([*tmp_path.glob("copy*")]) <= 4  # the link, a file, and what a reader keeps open beside it


def test_a_merge_moves_the_names(tmp_path: Path) -> None:
    with open_copy(tmp_path / "c.sqlite") as copy, reading(copy.path) as reader:
        copy.apply(customer(A, MAIL))
        copy.apply(customer(B, ("phone", "+4930")))
        copy.apply(customer(A, MAIL, ("phone", "+4930"), ("customer_id", B))._replace(gone=[B], upto=2))
        for name in (MAIL, ("phone", "+4930"), ("customer_id", A), ("customer_id", B)):
            found = reader.customer(*name)
            assert found
            assert found["customer_id"] == A


def test_a_name_belongs_to_one_customer(tmp_path: Path) -> None:
    with open_copy(tmp_path / "c.sqlite") as copy, reading(copy.path) as reader:
        copy.apply(customer(A, MAIL))
        copy.apply(customer(B, MAIL))
        found = reader.customer(*MAIL)
        assert found
        assert found["customer_id"] == B
        copy.apply(customer(A))
        assert reader.customer(*MAIL) == found


def test_it_is_for_the_owner_alone(tmp_path: Path) -> None:
    path = copy_of(tmp_path / "store.duckdb")
    assert path == tmp_path / "store.serving.sqlite"
    with open_copy(path) as copy:
        copy.apply(customer(A, MAIL))
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_readers_wait_until_there_is_something(tmp_path: Path) -> None:
    with reading(tmp_path / "c.sqlite") as reader:
        with pytest.raises(CopyMissing, match="rundum run"):
            reader.segments()
        with open_copy(reader.path) as copy:
            with pytest.raises(CopyMissing):
                reader.segments()
            copy.apply(Update(1, segments=SEGMENTS))
            assert reader.segments() == [{"name": name, "members": 0} for name in SEGMENTS]


def test_a_copy_of_another_store_is_made_anew(tmp_path: Path) -> None:
    with reading(tmp_path / "c.sqlite") as reader:
        with open_copy(reader.path) as copy:
            copy.apply(customer(A, MAIL))
        with open_copy(reader.path, "another") as copy:
            assert copy.cursor() == (0, 0)
            with pytest.raises(CopyMissing):
                reader.customer(*MAIL)
            copy.apply(Update(7))
            assert reader.customer(*MAIL) is None
        assert len([*tmp_path.glob("c.*.sqlite")]) == 1


@pytest.mark.parametrize("harm", ["version", "bytes", "gone"])
def test_a_copy_that_cannot_be_used_is_made_anew(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "c.sqlite"
    with open_copy(path) as copy:
        copy.apply(customer(A, MAIL))
    file = path.resolve()
    if harm == "version":
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA user_version = 99")
        with reading(path) as reader, pytest.raises(CopyMissing, match="another version"):
            reader.segments()
    elif harm == "bytes":
        file.write_bytes(b"x" * 8192)
    else:
        file.unlink()
    with reading(path) as reader, pytest.raises(CopyMissing):
        reader.segments()
    with open_copy(path) as copy:
        assert copy.cursor() == (0, 0)


def test_what_is_no_copy_stays(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_text("mine")
    with pytest.raises(CopyError, match="move it away"):
        ServingCopy(path, STORE)
    assert path.read_text() == "mine"


def test_a_rebuild_that_fails_changes_nothing(tmp_path: Path) -> None:
    with open_copy(tmp_path / "c.sqlite") as copy, reading(copy.path) as reader:
        copy.apply(customer(A, MAIL, upto=3))
        nameless = customer(B)._replace(names=[Name("email", MAIL[1], None)])  # type: ignore[arg-type]
        with pytest.raises(CopyError), copy.rebuild() as fresh:
            fresh.apply(nameless)
        found = reader.customer(*MAIL)
        assert found
        assert found["customer_id"] == A
        assert copy.cursor() == (3, 0)
        copy.apply(customer(B, MAIL, upto=4))
        assert len([*tmp_path.glob("c.*.sqlite")]) == 1


def test_readers_see_one_state_while_copies_are_replaced(tmp_path: Path) -> None:
    wrong: list[object] = []
    over = threading.Event()
    with open_copy(tmp_path / "c.sqlite") as copy, reading(copy.path) as reader:
        copy.apply(_pair(0))

        def look() -> None:
            while not over.is_set():
                try:
                    found = reader.customer(*MAIL)
                    assert found
                    assert found["segments"][0]["reason"] == found["profile"]
                except Exception as error:
                    wrong.append(error)

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(1, 40):
            copy.apply(_pair(number))
            with copy.rebuild() as fresh:
                fresh.apply(_pair(number))
        over.set()
        for thread in threads:
            thread.join()
    assert not wrong
    assert len([*tmp_path.glob("c.*.sqlite")]) == 1


def _pair(number: int) -> Update:
    body = f'{{"n": {number}}}'
    members = [Member("vip", A, "2026-01-01T00:00:00Z", body)]
    return customer(A, MAIL, upto=number)._replace(profiles=[Profile(A, body)], members=members)


def test_changes_are_kept_for_a_time(tmp_path: Path) -> None:
    with open_copy(tmp_path / "c.sqlite") as copy, reading(copy.path) as reader:
        copy.apply(Update(1, changes=[change(1, 40), change(2, 31, "buyers"), change(3, 29), change(4)]))
        page = reader.changes("vip", None, 10)
        assert page
        assert [row["change_id"] for row in page.rows] == [3, 4]
        assert (reader.oldest_change("vip"), reader.oldest_change("buyers")) == (1, 2)
        assert reader.newest_change() == 4
        assert reader.changes("vip", 1, 10) == page
        with pytest.raises(Forgotten, match="not kept"):
            reader.changes("vip", 0, 10)
        with pytest.raises(Forgotten, match="another state"):
            reader.changes("vip", 5, 10)
        quiet = reader.changes("buyers", 2, 10)
        assert quiet
        assert not quiet.rows


def test_no_change_slips_in_below_a_cursor(tmp_path: Path) -> None:
    with open_copy(tmp_path / "c.sqlite") as copy, reading(copy.path) as reader:
        copy.apply(Update(1, changes=[change(9), change(3)]))
        copy.apply(Update(2, changes=[change(8), change(9), change(12)]))
        page = reader.changes("vip", None, 10)
        assert page
        assert [row["change_id"] for row in page.rows] == [3, 9, 12]


def test_a_new_copy_knows_what_it_was_not_told(tmp_path: Path) -> None:
    with open_copy(tmp_path / "c.sqlite") as copy, reading(copy.path) as reader:
        copy.apply(Update(1, changes=[change(50), change(51)]))
        assert reader.oldest_change("vip") == 49
        with pytest.raises(Forgotten):
            reader.changes("vip", 48, 10)
        with copy.rebuild() as fresh:
            fresh.apply(Update(2, segments=["vip"], forgotten=60))
        assert reader.oldest_change("vip") == 60


def test_a_rebuild_forgets_no_less(tmp_path: Path) -> None:
    with open_copy(tmp_path / "c.sqlite") as copy, reading(copy.path) as reader:
        copy.apply(Update(1, changes=[change(1, 40), change(2)]))
        key = reader.access_key()
        with copy.rebuild() as fresh:
            fresh.apply(Update(2, changes=[change(2)]))
        assert reader.oldest_change("vip") == 1
        assert reader.access_key() == key


def test_a_segment_that_is_gone_takes_its_members_along(tmp_path: Path) -> None:
    with open_copy(tmp_path / "c.sqlite") as copy, reading(copy.path) as reader:
        members = [Member(name, A, "2026-01-01T00:00:00Z", "{}") for name in ("vip", "buyers")]
        copy.apply(customer(A, MAIL)._replace(members=members, changes=[change(1), change(2)]))
        copy.apply(Update(2, segments=["buyers"]))
        assert reader.segments() == [{"name": "buyers", "members": 1}]
        assert reader.members("vip", None, 10) is None
        assert reader.changes("vip", None, 10) is None
        copy.apply(Update(3, segments=["buyers", "vip"]))
        assert reader.oldest_change("vip") == 2


def test_what_was_deleted_is_in_no_file(tmp_path: Path) -> None:
    with open_copy(tmp_path / "c.sqlite") as copy:
        copy.apply(customer(A, ("email", "secret@example.de")))
        copy.apply(Update(2, gone=[A]))
        copy.scrub()
        assert not [file for file in tmp_path.iterdir() if b"secret@" in file.read_bytes()]


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    if os.geteuid() == 0 and not Path("/dev/full").exists():
        pytest.skip("needs a disk that is full")
    with open_copy(tmp_path / "c.sqlite") as copy:
        copy.apply(customer(A, MAIL))
        copy._file._connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(CopyError, match="disk is full"):
            copy.apply(Update(2, profiles=[Profile(B, '"' + "x" * 10**6 + '"')]))
        assert copy.cursor()[0] == 1
