"""The command line in this process, and as a process of its own that can be killed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from tests.feed import blank_store

ROOT = Path(__file__).parents[3]
START = "import sys; sys.argv[0] = 'rundum'; from streams.cli import start; start()"
HOLD = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
HEADER = "event_id,occurred_at,order_id,user_id,customer_no,payment_id,amount_minor,currency,payment_method"

Run = Callable[..., Result]


@pytest.fixture
def rundum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return run


@pytest.fixture
def project(bare: Path) -> Path:
    """A project with a store that holds nothing yet, in which commands are run."""
    blank_store(bare / "store.duckdb")
    return bare


@pytest.fixture
def bare(rundum: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project without a store, in which commands are run."""
    assert rundum("init", "shop").exit_code == 0
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands wait no longer than a moment for a foreign program that has the store open."""
    for module in ("streams.house", "sinks.gateway.access"):
        monkeypatch.setattr(f"{module}.PATIENCE", 0.3)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def start(*words: str | Path, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """`rundum ...` as a process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-c", START, *map(str, words)]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@contextmanager
def held(store: Path) -> Iterator[None]:
    """While another process has a store open."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        yield
        holder.communicate("")


def cdnow() -> Path:
    """CDNOW_master.txt, which comes with the package lifetimes."""
    found = importlib.util.find_spec("lifetimes")
    assert found
    assert found.origin
    return Path(found.origin).parent / "datasets" / "CDNOW_master.txt"


def payment(event_id: str, **changes: str) -> str:
    """A line of a file of shop/standard/order_paid."""
    cells = {
        "event_id": event_id,
        "occurred_at": "2026-03-01T10:00:00Z",
        "order_id": f"R-{event_id}",
        "user_id": f"u-{event_id}",
        "customer_no": "",
        "payment_id": f"pay-{event_id}",
        "amount_minor": "1000",
        "currency": "EUR",
        "payment_method": "card",
    }
    return ",".join((cells | changes).values())


def payments(*lines: str) -> str:
    return "\n".join([HEADER, *lines, ""])
