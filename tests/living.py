"""`rundum run` and other commands as processes of their own, in projects on disk."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, Self

from sinks.duckdb.digest import Digests, digest
from sinks.duckdb.store import Landing, Store
from sinks.gateway.access import Access
from streams.house import House
from streams.inlet import Inlet, embedded_inlet
from streams.log.protocol import Outgoing
from streams.settings import Project, init_project, read_project
from tests.feed import Said, blank_store, catalogue, check_books, land_whole, new_store, says

ROOT = Path(__file__).parents[1]
RUNDUM = str(Path(sys.executable).with_name("rundum"))
PATIENCE = 60.0  # seconds, on a machine with much to do
LANDING = r"landing into"
THEIRS = "topic NOT LIKE 'own.%'"


class Started:
    """A process whose words are heard as they come."""

    def __init__(self, command: list[str], folder: Path) -> None:
        """Starts it in a folder."""
        self.process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.said = ""
        self._hearers = [
            threading.Thread(target=self._hear, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for hearer in self._hearers:
            hearer.start()

    def until(self, pattern: str) -> re.Match[str]:
        """Waits until it has said something that fits."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            has_ended = self.process.poll() is not None
            if has_ended:
                self._join()
            if found := re.search(pattern, self.said):
                return found
            if has_ended:
                break
            time.sleep(0.02)
        raise AssertionError(f"it never said {pattern!r}, but: {self.said}")

    @property
    def error(self) -> str:
        """The sentence it ended with; empty if there is none, or more than a sentence."""
        found = re.search(r"^Error: (.*)\n\Z", self.said, re.MULTILINE)
        return found[1] if found and "Traceback" not in self.said else ""

    def end(self, how: signal.Signals | None = None) -> int:
        """Sends a signal, if one is given, and waits for the end; the exit code."""
        if how is not None:
            self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self._join()
        return code

    def __enter__(self) -> Self:
        """The process itself; leaving kills it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kills it, if it still lives, and closes its streams."""
        self.process.kill()
        self.end()

    def _hear(self, stream: IO[str] | None) -> None:
        assert stream
        with stream:
            for line in stream:
                self.said += line

    def _join(self) -> None:
        for hearer in self._hearers:
            hearer.join(PATIENCE)


def command(folder: Path, *words: str | Path) -> Started:
    """`rundum ...` in a folder."""
    return Started([RUNDUM, *map(str, words)], folder)


def typed(folder: Path, *words: str | Path) -> tuple[int, Started]:
    """Exit code of `rundum ...`, and the process, once it has ended."""
    with command(folder, *words) as started:
        return started.end(), started


def running(project: Project) -> Started:
    """`rundum run`, which has the store open."""
    started = command(project.root, "run", "--port", "0")
    started.until(LANDING)
    return started


def port_of(run: Started) -> int:
    """Where a running process can be asked how it is."""
    return int(run.until(r"on 127\.0\.0\.1:(\d+)")[1])


def asked(port: int, path: str) -> tuple[int, str]:
    """Status and text of a page of a running process."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def health(port: int) -> tuple[int, dict[str, Any]]:
    """Status and document of /health."""
    status, text = asked(port, "/health")
    return status, json.loads(text)


def wait_for(true: Callable[[], object]) -> None:
    """Waits until something is so."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)


def new_project(folder: Path, **settings: Mapping[str, Any]) -> Project:
    """A project with a store without an event; `settings` are tables of its rundum.toml."""
    init_project(folder)
    lines = [f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
             for name, table in settings.items()]  # fmt: skip
    (folder / "rundum.toml").write_text("".join(lines), "utf-8")
    project = read_project(folder)
    if not project.store.exists():
        blank_store(project.store)
    return project


def pages(count: int, first: int = 0, **fields: Any) -> list[Said]:
    """Page views of `count` devices, the events numbered from `first`."""
    told = {"url": "https://shop.example/"} | fields
    return [
        says("web/tracking/page_viewed", f"v{at}", at, device_id=f"d{at}", **told)
        for at in range(first, first + count)
    ]


def append(project: Project, events: Iterable[Said]) -> None:
    """Appends events to a project's log."""
    with embedded_inlet(project.log, catalogue()) as inlet:
        inlet.log.append([outgoing(inlet, said) for said in events])


def outgoing(inlet: Inlet, said: Said) -> Outgoing:
    """A record of an event for the log."""
    event = catalogue().events[said.type]
    return inlet.outgoing(
        event, {entry["name"]: entry.get("default") for entry in event.schema["fields"]} | said.datum
    )


def land(project: Project) -> Landing:
    """Lands what is in a project's log, in this process."""
    with House(project, catalogue(), lambda *_: None) as house:
        return house.land()


def landed(project: Project) -> int:
    """How many events of others are in the store, whoever has it open."""
    with Access(project.store) as access:
        count: int = access.reader.value(f"SELECT count(*) FROM ops.event WHERE {THEIRS}")
        return count


def check(project: Project, told: Sequence[Said]) -> None:
    """Checks a store that nobody has open: it says what a clean run over these events and its ticks gives."""
    store = Store(project.store, catalogue())
    try:
        rows = store.database.rows
        check_books(store, sum(row[0] for row in rows("SELECT accepted FROM ops.ledger")))
        assert sum(row[0] for row in rows(f"SELECT count(*) FROM ops.event WHERE {THEIRS}")) == len(told)
        ticks = [
            Said("own/clock/ticked", {"event_id": event_id, "occurred_at": micros})
            for event_id, micros in rows("SELECT event_id, epoch_us(occurred_at) FROM own_clock.ticked")
        ]
        found, wanted = digest(store.database, catalogue()), clean_run(json.dumps([*told, *ticks]))
        assert found == wanted, f"{found} is not {wanted}"
    finally:
        store.close()


@cache
def clean_run(told: str) -> Digests:
    """What events give that land at once in a new store; the events as JSON."""
    with new_store() as store:
        land_whole(store, [Said(*one) for one in json.loads(told)])
        return digest(store.database, catalogue())
