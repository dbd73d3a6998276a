"""What runs beside a `rundum run` or `worker`, and these: `python -m tests.beside PROGRAM PROJECT ...`.

Decides what readers and appenders do, for ever. Must never use but what people have: the door and the log.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any, Self

from schemas.catalogue import load
from sinks.duckdb.customer import find, read_customer
from sinks.duckdb.database import StoreError
from sinks.duckdb.reader import QueryError
from sinks.gateway import connect
from sinks.gateway.access import Access
from streams.inlet import Inlet, embedded_inlet, open_inlet
from streams.log.protocol import Outgoing
from streams.settings import read_project
from streams.sources.synthetic import Parameters, generate
from tests.bench.workload import framed_views

ROOT = Path(__file__).parents[1]
RUNDUM = Path(sys.executable).with_name("rundum")
READY = "ready"
STEP = 0.02  # seconds between two appends
PEOPLE = 20_000
NUMBER = re.compile(r"[uBKCT]\d{6,7}")  # as the generated shop counts accounts, orders, customers, tickets
SCAN = """
    SELECT event_type, count(DISTINCT node), max(occurred_at), count(DISTINCT event_id)
    FROM events GROUP BY ALL"""
SOME = "SELECT kind || ':' || value FROM identity.identifier USING SAMPLE 20"


class Beside:
    """A program beside; what it says goes to a file."""

    def __init__(self, said: Path, *command: str | Path) -> None:
        """Starts it."""
        self.said = said
        with said.open("w") as out:
            self.process = subprocess.Popen([*map(str, command)], cwd=ROOT, stdout=out)

    @property
    def lines(self) -> list[str]:
        """What it has said so far, whole lines only."""
        return self.said.read_text("utf-8").rpartition("\n")[0].splitlines()

    def await_line(self, word: str, seconds: float = 60) -> str:
        """The first line with a word in it. Raises TimeoutError if none comes."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in self.lines:
                if word in line:
                    return line
            time.sleep(0.02)
        raise TimeoutError(f"{self.said} says no {word!r}: {self.lines[-3:]}")

    def end(self, number: int = signal.SIGKILL) -> int:
        """Ends it; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def __enter__(self) -> Self:
        """The program; leaving kills it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kills it."""
        self.end()


def program(name: str, project: Path, *arguments: Any, number: int = 0) -> Beside:
    """A program of this module, beside a project."""
    said = project / f"{name}{number}.txt"
    return Beside(said, sys.executable, "-m", "tests.beside", name, project, *map(str, arguments))


class Running(Beside):
    """`rundum run`, or `worker`, on a project, from when it can be asked."""

    def __init__(self, project: Path, command: str = "run") -> None:
        """Starts it."""
        super().__init__(project / "run.txt", RUNDUM, command, "--port", "0", "--project", project)
        self._url = f"http://127.0.0.1:{self.await_line('/health').rpartition(':')[2]}"

    def health(self) -> dict[str, Any]:
        """What /health says."""
        try:
            with urllib.request.urlopen(f"{self._url}/health", timeout=30) as answer:
                said: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            said = json.load(error)
        return said

    def metrics(self) -> str:
        """What /metrics says."""
        with urllib.request.urlopen(f"{self._url}/metrics", timeout=30) as answer:
            return str(answer.read(), "utf-8")

    def await_health(
        self, is_so: Callable[[dict[str, Any]], bool], seconds: float = 300, pause: float = 0.02
    ) -> dict[str, Any]:
        """What /health says once it is so, asked after each pause. Raises TimeoutError."""
        until = time.monotonic() + seconds
        while not is_so(health := self.health()):
            if time.monotonic() > until:
                raise TimeoutError(f"/health still says {health}")
            time.sleep(pause)
        return health

    def status(self) -> dict[str, str]:
        """What the kernel says of it: /proc/PID/status."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text("utf-8").splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def mebibytes(self, name: str) -> float:
        """VmRSS, what it holds of memory now, or VmHWM, the most that it ever held."""
        return int(self.status()[name].split()[0]) / 1024

    def cpu_seconds(self) -> float:
        """What the processors have spent on it."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scan(project: Path) -> None:
    """Aggregates over all events, one question after the other; says how long each took."""
    connection = connect(project)
    _repeat(lambda: connection.sql(SCAN))


def look(project: Path) -> None:
    """Finds customers by any identifier and reads all about them, like `rundum show`."""
    found = read_project(project)
    kinds = load().kinds
    with Access(found.store, found.memory_limit, found.limits) as access:
        values: Iterator[str] = iter(())

        def one() -> None:
            nonlocal values
            value = next(values, None)
            if value is None:
                values = iter([text for (text,) in access.reader.rows(SOME)])
                time.sleep(STEP)
            else:
                for customer in find(access.reader, kinds, value).customers[:1]:
                    read_customer(access.reader, customer)

        _repeat(one)


def _repeat(ask: Callable[[], Any]) -> None:
    print(READY, flush=True)
    while True:
        began = time.monotonic()
        try:
            ask()
        except (QueryError, StoreError) as error:
            print("refused", error, flush=True)
            time.sleep(STEP)
        else:
            print(began, time.monotonic() - began, flush=True)


def track(project: Path, rate: int, people: int = PEOPLE) -> None:
    """Appends page views at a rate; says of each append its partition, its last offset, and when it began."""
    with open_inlet(read_project(project), load()) as inlet:
        views = framed_views(inlet.registry, 10**9, people, seed=int(time.time()))
        _append(inlet, (Outgoing(topic, value) for topic, value, _ in views), rate)


def shop(project: Path, rate: int) -> None:
    """Appends the generated shop at a rate, half a year after the other, each with new people."""
    catalogue = load()
    with embedded_inlet(read_project(project).log, catalogue) as inlet:
        told = (
            inlet.outgoing(catalogue.events[one.type], _of(seed, one.datum))
            for seed in count(1)
            for one in generate(Parameters(people=1000, events=20_000, seed=seed))
        )
        _append(inlet, told, rate)


def _of(seed: int, value: Any) -> Any:
    """A datum whose accounts, orders and tickets are no other seed's."""
    if isinstance(value, dict):
        return {key: _of(seed, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_of(seed, one) for one in value]
    return f"{value}-{seed}" if isinstance(value, str) and NUMBER.fullmatch(value) else value


def _append(inlet: Inlet, records: Iterator[Outgoing], rate: int) -> None:
    """Each append goes to one partition of the topic, one after the other."""
    chunk = [next(records)]
    partitions = [place.partition for place in inlet.log.ends() if place.topic == chunk[0].topic] or [0]
    began = time.monotonic()
    for number in count(1):
        partition, at = partitions[number % len(partitions)], time.monotonic()
        offsets = inlet.log.append([one._replace(partition=partition) for one in chunk])
        print(partition, max(offsets), at, flush=True)
        chunk = [*islice(records, max(1, round(rate * STEP)))]
        time.sleep(max(0.0, began + number * STEP - time.monotonic()))


PROGRAMS: dict[str, Callable[..., None]] = {one.__name__: one for one in (scan, look, track, shop)}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](Path(sys.argv[2]), *map(int, sys.argv[3:]))
