"""A process that drains a log is killed, again and again: nothing is lost, doubled, or derived otherwise."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random

import pytest

from sinks.duckdb.digest import Digests, digest
from sinks.duckdb.store import Store
from streams.log.protocol import Outgoing
from streams.log.sqlite import SqliteLog
from streams.pipeline import drain, utc_now
from streams.sources.synthetic import Parameters, generate
from tests.faults.mortal import Paths, drain_log
from tests.feed import (
    Said,
    blank_store,
    catalogue,
    check_books,
    new_store,
    pipeline,
    registry_file,
    value_of,
)

EVENTS = list(generate(Parameters(people=12, events=360, seed=7, conflicts=0.05, duplicates=0.1)))
BATCH = 4
ROOT = Path(__file__).parents[2]
FRESH = multiprocessing.get_context("forkserver")  # forks from a process that has not opened anything
FRESH.set_forkserver_preload(["tests.faults.mortal"])
PROGRAM = """
import sys
from pathlib import Path
from streams.cli.stopping import stop_if_asked, stoppable
from tests.faults.mortal import Paths, drain_log
class Told:
    def send(self, word):
        stop_if_asked()
        print(word, flush=True)
with stoppable():
    drain_log(Paths(*map(Path, sys.argv[1:4])), int(sys.argv[4]), 0, Told())
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of a small generated shop, copies and conflicts included, over several partitions."""
    path = tmp_path_factory.mktemp("log") / "log.sqlite"
    chance = Random(1)
    with SqliteLog(path) as made:
        made.append(
            [
                Outgoing(event.topic, value_of(Said(event.type, event.datum)), None, chance.randrange(2),
                         None, event.appended_at)
                for event in EVENTS
            ]
        )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def clean(log: Path) -> Digests:
    """What a run that nobody disturbs gives."""
    with new_store() as store, SqliteLog(log) as reading:
        list(drain(pipeline(store), reading, utc_now))
        check_books(store, len(EVENTS))
        return digest(store.database, catalogue())


class Drain:
    """A store, and processes that drain the log into it, one after another."""

    def __init__(self, folder: Path, log: Path) -> None:
        """With a store that holds nothing yet."""
        self.paths = Paths(blank_store(folder / "store.duckdb"), log, registry_file())

    def start(self, batch: int = BATCH, dies_after: int = 0) -> tuple[ForkServerProcess, Connection]:
        """A process at work, and what it tells; it dies before the given use of the database, 0 for never."""
        hears, tells = FRESH.Pipe(duplex=False)
        process = FRESH.Process(target=drain_log, args=(self.paths, batch, dies_after, tells))
        process.start()
        tells.close()
        return process, hears

    def finish(self) -> None:
        """Drains what is left, undisturbed, in a process of its own."""
        process, hears = self.start(batch=1000)
        process.join(120)
        hears.close()
        assert process.exitcode == 0

    def check(self, clean: Digests) -> None:
        """What is there now equals what an undisturbed run gives."""
        store = Store(self.paths.store, catalogue())
        try:
            check_books(store, len(EVENTS))
            assert digest(store.database, catalogue()) == clean
        finally:
            store.close()


def test_killed_at_any_moment(tmp_path: Path, log: Path, clean: Digests) -> None:
    draining, chance = Drain(tmp_path, log), Random(20)
    for _ in range(24):
        process, hears = draining.start()
        for _ in range(chance.randint(1, 3)):
            hears.recv()
        time.sleep(chance.random() * 0.05)
        process.kill()
        process.join(120)
        hears.close()
        assert process.exitcode == -signal.SIGKILL
    draining.finish()
    draining.check(clean)


def test_killed_between_any_two_statements(tmp_path: Path, log: Path, clean: Digests) -> None:
    """Each process dies at another statement of a commit; some batches die many times before they land."""
    draining, chance = Drain(tmp_path, log), Random(21)
    for _ in range(25):
        process, hears = draining.start(dies_after=chance.randint(1, 300))
        process.join(120)
        hears.close()
        assert process.exitcode == -signal.SIGKILL
    draining.finish()
    draining.check(clean)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stopped_politely(tmp_path: Path, log: Path, clean: Digests, how: signal.Signals) -> None:
    draining = Drain(tmp_path, log)
    for wait in (0.0, 0.1):
        program = [sys.executable, "-c", PROGRAM, *map(str, draining.paths), str(BATCH)]
        process = subprocess.Popen(
            program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(wait)
        process.send_signal(how)
        _, complaint = process.communicate(timeout=120)
        assert process.returncode != 0
        assert "KeyboardInterrupt" in complaint, complaint
    draining.finish()
    draining.check(clean)
