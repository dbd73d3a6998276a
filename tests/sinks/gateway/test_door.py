"""The door: processes that ask, die, stop reading, or find it closed."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow.flight as flight
import pytest

from sinks.duckdb.database import Database
from sinks.duckdb.reader import Limits, QueryError, Reader
from sinks.gateway.access import Caller, DoorClosed
from sinks.gateway.desk import Desk
from sinks.gateway.door import LONGEST, Action, Door, place_of
from tests.feed import blank_store
from tests.living import ROOT, wait_for

ENDLESS = "SELECT count(*) FROM range(100000000000) a, range(10) b"
LONG = "SELECT i FROM range(100000000000) r(i)"
CLIENT = """
import sys, time
from pathlib import Path
from sinks.gateway.access import Caller
caller = Caller(Path(sys.argv[1]))
print("asking", flush=True)
answer = caller.ask(sys.argv[2])
first = next(answer.batches)
print("reading", flush=True)
time.sleep(600)
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    """A store that is open."""
    database = Database(blank_store(tmp_path / "store.duckdb"))
    yield database
    database.close()


def greet(body: dict[str, object]) -> dict[str, object]:
    if body.get("name") == "nobody":
        raise QueryError("nobody is called so")
    return {"pid": os.getpid(), **body}


ACTIONS: dict[str, Action] = {"hello": greet}


@contextmanager
def opened(store: Database, limits: Limits = Limits()) -> Iterator[Desk]:  # noqa: B008
    desk = Desk(store.connection, limits)
    door = Door(place_of(store.path), desk, ACTIONS)
    try:
        yield desk
    finally:
        door.close()


@contextmanager
def calling(store: Database) -> Iterator[Caller]:
    caller = Caller(store.path)
    try:
        yield caller
    finally:
        caller.close()


@contextmanager
def client(store: Database, sql: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Another process that asks, takes the first piece of the answer and then sleeps."""
    command = [sys.executable, "-c", CLIENT, str(store.path), sql]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout
        assert process.stdout.readline() == "asking\n"
        try:
            yield process, process.stdout
        finally:
            process.kill()


def test_who_asks_gets_what_was_committed_before(store: Database) -> None:
    with opened(store), calling(store) as caller:
        reader = Reader(caller.ask)
        for count in range(1, 4):
            store.run("INSERT INTO ops.meta VALUES (?, 'x')", [f"key{count}"])
            assert reader.value("SELECT count(*) FROM ops.meta WHERE key LIKE 'key%'") == count


def test_parameters_and_values_travel(store: Database) -> None:
    with opened(store), calling(store) as caller:
        rows = Reader(caller.ask).rows(
            "SELECT $text, $number + 1, $nothing, list_sum($list::INT[]), sum(i), DATE '2026-01-01' "
            "FROM range(3) r(i)",
            {"text": "Ü'; DROP", "number": 2**40, "nothing": None, "list": [1, 2]},
        )
        text, number, nothing, total, summed, day = rows[0]
        assert (text, number, nothing, total, summed) == ("Ü'; DROP", 2**40 + 1, None, 3, 3)
        assert str(day) == "2026-01-01"
        assert Reader(caller.ask).rows("SELECT 1 WHERE false") == []


def test_the_owners_words_arrive_as_they_are(store: Database) -> None:
    with opened(store, Limits(rows=10, seconds=0.3)), calling(store) as caller:
        with pytest.raises(QueryError, match=r"^ask one SELECT at a time"):
            caller.ask("DROP TABLE ops.meta")
        with pytest.raises(QueryError, match="no_such_table"):
            caller.ask("FROM no_such_table")
        with pytest.raises(QueryError, match=r"more than 10 rows"):
            Reader(caller.ask).rows(LONG)
        with pytest.raises(QueryError, match=r"longer than 0\.3 seconds"):
            Reader(caller.ask).rows(ENDLESS)
        assert Reader(caller.ask).value("SELECT 1") == 1


def test_actions_answer_and_refuse(store: Database) -> None:
    with opened(store), calling(store) as caller:
        assert caller.owner == {"pid": os.getpid()}
        assert caller.act("hello", name="Anna") == {"pid": os.getpid(), "name": "Anna"}
        with pytest.raises(QueryError, match=r"^nobody is called so$"):
            caller.act("hello", name="nobody")
        with pytest.raises(QueryError, match="knows no fly; is it older"):
            caller.act("fly")


def test_what_is_no_question_harms_nobody(store: Database) -> None:
    with opened(store), calling(store) as caller:
        stranger = flight.connect(f"grpc+unix://{place_of(store.path)}")
        for ticket in (b"", b"{}", b"[1]", json.dumps({"sql": 3, "parameters": None}).encode()):
            with pytest.raises((flight.FlightError, OSError, ValueError, TypeError, KeyError)):
                stranger.do_get(flight.Ticket(ticket)).read_all()
        stranger.close()
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(place_of(store.path)))
            raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert Reader(caller.ask).value("SELECT 1") == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_client_that_dies_while_its_question_runs_has_it_cancelled(
    store: Database, how: signal.Signals
) -> None:
    with opened(store) as desk, client(store, ENDLESS) as (process, _):
        wait_for(lambda: desk.running == 1)
        process.send_signal(how)
        wait_for(lambda: desk.running == 0)


def test_a_client_that_dies_amid_its_answer_has_it_cancelled(store: Database) -> None:
    with opened(store, Limits(rows=10**12)) as desk, client(store, LONG) as (process, said):
        assert said.readline() == "reading\n"
        assert desk.running == 1
        process.kill()
        wait_for(lambda: desk.running == 0)


def test_a_client_that_stops_reading_is_ended_when_its_time_is_up(store: Database) -> None:
    with opened(store, Limits(seconds=1, rows=10**12)) as desk, client(store, LONG) as (process, said):
        assert said.readline() == "reading\n"
        process.send_signal(signal.SIGSTOP)
        assert desk.running == 1
        wait_for(lambda: desk.running == 0)
        store.run("FORCE CHECKPOINT")  # waits for every transaction


def test_a_closing_door_does_not_wait_for_a_client_that_reads_no_more(store: Database) -> None:
    with client_of_a_short_lived_door(store) as took:
        assert took < 4


@contextmanager
def client_of_a_short_lived_door(store: Database) -> Iterator[float]:
    """How long it took to close a door at which a client has stopped amid an answer."""
    desk = Desk(store.connection, Limits(rows=10**12))
    door = Door(place_of(store.path), desk, ACTIONS)
    with client(store, LONG) as (_, said):
        assert said.readline() == "reading\n"
        began = time.monotonic()
        door.close()
        yield time.monotonic() - began


def test_as_many_at_once_as_allowed_and_others_wait_their_turn(store: Database) -> None:
    with opened(store, Limits(queries=2, patience=0.2, rows=10**12)) as desk:
        with client(store, ENDLESS), client(store, ENDLESS):
            wait_for(lambda: desk.running == 2)
            with calling(store) as caller, pytest.raises(QueryError, match=r"door\.queries"):
                caller.ask("SELECT 1")
        wait_for(lambda: desk.running == 0)
        with calling(store) as caller:
            assert Reader(caller.ask).value("SELECT 1") == 1


def test_only_the_user_may_knock(store: Database) -> None:
    before = os.umask(0)
    try:
        with opened(store):
            mode = place_of(store.path).stat().st_mode
            assert stat.S_ISSOCK(mode)
            assert stat.S_IMODE(mode) & 0o077 == 0
            assert os.umask(0) == 0
    finally:
        os.umask(before)
    assert not place_of(store.path).exists()


def test_a_store_whose_path_is_too_long_for_a_socket_has_a_door_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / ("ü" * 60) / ("b" * 120)
    folder.mkdir(parents=True)
    store = Database(blank_store(folder / "store.duckdb"))
    other = Database(blank_store(folder / "other.duckdb"))
    place = place_of(store.path)
    assert len(os.fsencode(place)) <= LONGEST
    assert place != place_of(other.path)
    try:
        with opened(store), opened(other), calling(store) as caller:
            assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
            assert Reader(caller.ask).value("SELECT 1") == 1
    finally:
        store.close()
        other.close()
    assert not place.exists()


def test_the_door_is_the_same_by_every_name_of_the_store(tmp_path: Path) -> None:
    path = blank_store(tmp_path / "store.duckdb")
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "link.duckdb").symlink_to(path)
    assert place_of(tmp_path / "link" / "store.duckdb") == place_of(path)
    assert place_of(tmp_path / "link.duckdb") == place_of(path)


def test_a_socket_that_a_killed_process_left_is_no_door_and_in_nobodys_way(store: Database) -> None:
    place = place_of(store.path)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place))
    with pytest.raises(DoorClosed):
        Caller(store.path)
    with opened(store), calling(store) as caller:
        assert Reader(caller.ask).value("SELECT 1") == 1


def test_without_a_door_nobody_answers(store: Database) -> None:
    with pytest.raises(DoorClosed, match=r"store\.duckdb"):
        Caller(store.path)


def test_an_owner_that_goes_amid_an_answer_says_so(store: Database) -> None:
    with opened(store, Limits(rows=10**12)):
        caller = Caller(store.path)
        answer = caller.ask(LONG)
        next(answer.batches)
    with pytest.raises(QueryError, match=r"amid the answer; ask again"):
        list(answer.batches)
    with pytest.raises(DoorClosed):
        caller.ask("SELECT 1")
    caller.close()
