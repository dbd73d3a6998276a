"""`rundum run`: the process that a company keeps going.

Decides what people see of it. Must never end but when it is told to or the world is broken.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from sinks.duckdb.reader import Limits
from sinks.gateway.desk import Desk
from streams.cli.session import Session
from streams.cli.stopping import SIGNALS
from streams.health import Health
from streams.owner import Owner
from streams.running import Runner
from streams.settings import Project
from streams.state import State

LINE_SECONDS = 60.0  # between two lines where nobody looks at a terminal
LIVE_SECONDS = 0.5
GRACE_SECONDS = 4.0  # from a signal to the end, whatever is being done
STOPPED = "stopped; nothing is lost"
METRICS = Limits(seconds=10, rows=100_000, queries=1, patience=5)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Of /health and /metrics; 0 takes a free one.")
@click.pass_obj
def run(session: Session, port: int | None) -> None:
    """Land whatever is appended, and answer questions meanwhile, until stopped.

    Every other command goes on working beside it. A second one on the same store stands by and takes over
    when the first has gone. Ctrl-C or SIGTERM ends it within seconds; killed, it loses nothing.

    \b
    Example:
      rundum run
    """
    project, state = session.project, State()
    if project.kafka:
        raise click.ClickException("this project's events come over Kafka: use `rundum worker`")
    with health_of(project, state, project.port if port is None else port) as health, line_of(state) as tell:
        tell(announced(health))

        def ready(owner: Owner) -> None:
            health.figures.running = lambda: owner.desk.running
            health.figures.reader = Desk(owner.store.database.connection, METRICS).reader()

        with stoppable_by(state.stop):
            Runner(project, session.catalogue, state, tell).run(ready)
        tell(STOPPED)
    sys.stdout.flush()
    os._exit(0)  # a reader that reads no more must not keep the process


def announced(health: Health) -> str:
    """Where the process can be asked how it is."""
    return f"/health and /metrics on {health.host}:{health.port}"


@contextmanager
def health_of(project: Project, state: State, port: int) -> Iterator[Health]:
    """Within, the process answers /health and /metrics."""
    try:
        health = Health(project, state, port)
    except OSError as error:
        raise click.ClickException(
            f"port {port} of {project.host} cannot be used ({error.strerror}); name another by --port, or as "
            f"run.port in {project.root / 'rundum.toml'}"
        ) from None
    try:
        yield health
    finally:
        health.close()


@contextmanager
def stoppable_by(stop: threading.Event) -> Iterator[None]:
    """Within, a signal asks for the end, and sees to it: what lands is not interrupted amid a batch.

    The signal is heard through a pipe, for the thread that lands can be in native code for seconds.
    """
    hears, tells = os.pipe()
    os.set_blocking(tells, False)
    before = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
    signal.set_wakeup_fd(tells)
    threading.Thread(target=_heed, args=(hears, stop), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(tells)


def _heed(hears: int, stop: threading.Event) -> None:
    """Ends the process if it does not end by itself; killed at any moment, it loses nothing."""
    if os.read(hears, 1):
        stop.set()
        time.sleep(GRACE_SECONDS)
        _say(STOPPED)
        os._exit(0)
    os.close(hears)


@contextmanager
def line_of(state: State) -> Iterator[Callable[[str], None]]:
    """A line that refreshes on a terminal, lines in a pipe; gives the way to say something beside it."""
    console = Console(highlight=False)
    if not console.is_terminal:
        stop = threading.Event()
        threading.Thread(target=_lines, args=(state, stop), daemon=True).start()
        try:
            yield _say
        finally:
            stop.set()
        return
    with Live(_Line(state), console=console, refresh_per_second=1 / LIVE_SECONDS, transient=True):
        yield lambda text: console.print(Text(_stamped(text)))


class _Line:
    def __init__(self, state: State) -> None:
        self._state = state

    def __rich__(self) -> Text:
        return Text(summary(self._state), style="dim")


def summary(state: State) -> str:
    """What the process is doing, in a line."""
    verdict, why = state.verdict()
    parts = [verdict, why] if why else [verdict]
    parts += [f"{state.landed:,} records landed"]
    if state.waiting:
        parts += [f"{state.waiting:,} wait", f"{state.rate:,.0f} a second"]
    return " · ".join(part for part in parts if part)


def _lines(state: State, stop: threading.Event) -> None:
    """Says what was done in the last minute, if anything was."""
    told, said_at = state.landed, monotonic()
    while not stop.wait(LIVE_SECONDS):
        if monotonic() - said_at >= LINE_SECONDS and state.landed > told + 1:  # a tick alone is no news
            _say(f"{summary(state)}, {state.landed - told:,} in the last minute")
            told, said_at = state.landed, monotonic()


def _say(text: str) -> None:
    click.echo(_stamped(text))
    sys.stdout.flush()


def _stamped(text: str) -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}"
