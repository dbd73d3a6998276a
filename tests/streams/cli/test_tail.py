"""What lands is told as it lands: each event once, in its order, whoever comes and goes."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.streams.cli.conftest import Run, payment, payments, start

PAID = "shop/standard/order_paid"
PATIENCE = 60.0


class Tail:
    """A `rundum tail` beside, and what it has said so far."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.process = start("tail", *words, cwd=folder)
        self.lines: list[str] = []

    def wait(self, enough: Callable[[list[str]], bool]) -> list[str]:
        """Reads lines until there are enough."""
        assert self.process.stdout
        until = time.monotonic() + PATIENCE
        while not enough(self.lines):
            assert time.monotonic() < until, self.lines
            self.lines.append(self.process.stdout.readline())
        return self.lines

    def end(self) -> tuple[str, str]:
        """Ends it by Ctrl-C; the rest of what it said, and its complaints."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=30)


@contextmanager
def tailing(folder: Path, *words: str) -> Iterator[Tail]:
    made = Tail(folder, *words)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.communicate()


def ingest(folder: Path, first: int, count: int, *words: str) -> None:
    """Ingests payments by their numbers in a process of its own."""
    lines = [payment(str(number), amount_minor=str(number)) for number in range(first, first + count)]
    (folder / "p.csv").write_text(payments(*lines, *words))
    process = start("ingest", "p.csv", "--as", PAID, cwd=folder)
    out, err = process.communicate()
    assert process.returncode == 0, out + err


def amounts(lines: list[str]) -> list[int]:
    """The numbers of the payments that lines tell of, which are their amounts in cents."""
    found = [re.search(r"amount ([\d.,]+)", line) for line in lines]
    return [round(float(one[1].replace(",", "")) * 100) for one in found if one]


def test_each_event_once_while_others_land(bare: Path, rundum: Run) -> None:
    with tailing(bare, "--source", "shop/standard") as tail:
        time.sleep(1.5)
        ingest(bare, 1, 700)
        ingest(bare, 701, 50)
        assert rundum("rebuild").exit_code == 0
        ingest(bare, 751, 50)
        lines = tail.wait(lambda lines: len(amounts(lines)) >= 800)
        rest, complaints = tail.end()
        assert tail.process.returncode == 0
    assert rest == ""
    assert amounts(lines) == list(range(1, 801))
    assert complaints.count("waiting:") == 1
    assert "store.duckdb is not there yet" in complaints
    assert "Traceback" not in complaints


def test_it_goes_on_when_an_owner_comes_and_goes(project: Path) -> None:
    ingest(project, 1, 20)
    with tailing(project, "--last", "5") as tail:
        assert amounts(tail.wait(lambda lines: len(lines) == 5)) == [16, 17, 18, 19, 20]
        for first in (21, 41):
            owner = start("run", "--port", "0", cwd=project)
            try:
                ingest(project, first, 20)
                tail.wait(lambda lines, upto=first + 19: upto in amounts(lines))  # type: ignore[misc]
            finally:
                owner.kill()
                owner.communicate()
        ingest(project, 61, 20)
        lines = tail.wait(lambda lines: 80 in amounts(lines))
        tail.end()
    assert amounts(lines) == list(range(16, 81))


def test_a_flood_is_cut(project: Path) -> None:
    ingest(project, 1, 1)
    with tailing(project) as tail:
        tail.wait(lambda lines: bool(lines))
        ingest(project, 2, 5_000)
        lines = tail.wait(lambda lines: 5_001 in amounts(lines))
        tail.end()
    left_out = re.fullmatch(r"… ([\d,]+) events left out: more landed than can be read\n", lines[1])
    assert left_out
    told = amounts(lines[2:])
    assert told == list(range(5_002 - len(told), 5_002))
    assert int(left_out[1].replace(",", "")) + len(told) == 5_000


def test_rejects_and_what_a_terminal_would_obey(project: Path) -> None:
    bad = payment("bad", amount_minor="z\x1b[31mwölf")
    ingest(project, 1, 2, bad)
    with tailing(project, "--rejected", "--last", "3") as tail:
        lines = tail.wait(lambda lines: len(lines) == 3)
        tail.end()
    assert "rejected as 1" in lines[-1]
    assert "input_refused  amount_minor: " in lines[-1]
    assert "\x1b" not in "".join(lines)
    with tailing(project, "--source", "web/tracking", "--rejected") as tail:
        time.sleep(2)
        assert tail.end()[0] == ""


def test_a_source_that_nobody_knows(bare: Path, rundum: Run) -> None:
    said = rundum("tail", "--source", "shop/standart")
    assert said.exit_code == 1
    assert "did you mean shop/standard?" in said.stderr
    assert not (bare / "store.duckdb").exists()


@pytest.mark.usefixtures("project")
def test_a_reader_that_goes_away_ends_it(project: Path) -> None:
    ingest(project, 1, 5)
    process = start("tail", cwd=project)
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    ingest(project, 6, 5)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.stderr
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
