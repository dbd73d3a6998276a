"""Where the time goes: seconds by step and by SQL file, taken from outside of the product.

Decides which function belongs to which step. Must never change a result.
"""

from __future__ import annotations

import functools
import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

from sinks.duckdb.database import Database
from sinks.duckdb.sql import read_script, sql_files
from streams.log.protocol import Log
from streams.pipeline import Pipeline, utc_now
from streams.rules import FOLDER

Figures = dict[str, Any]
Times = npt.NDArray[np.float64]

STEPS = {
    "streams.log.sqlite.SqliteLog.poll": "poll",
    "streams.log.kafka.KafkaLog.poll": "poll",
    "streams.log.kafka.KafkaLog._look": "poll: topics",
    "streams.log.kafka.KafkaLog._ends": "poll: ends",
    "streams.log.kafka.KafkaLog._run": "poll: fetch",
    "streams.pipeline.Pipeline._writers_of": "read",
    "streams.pipeline.read": "read",
    "streams.pipeline.identify": "identify",
    "sinks.duckdb.store.arrive": "stage",
    "sinks.duckdb.stage.Stage.__init__": "stage",
    "sinks.duckdb.stage.Stage.fill": "stage",
    "sinks.duckdb.stage.Stage.clear": "stage",
    "sinks.duckdb.store.land_events": "land",
    "sinks.duckdb.store.fold": "fold",
    "sinks.duckdb.store.weigh": "weigh",
    "sinks.duckdb.weigh.resolve": "resolve",
    "sinks.duckdb.store.assign": "assign",
    "sinks.duckdb.store.reject": "account",
    "sinks.duckdb.store.account": "account",
    "sinks.duckdb.store.Store.commit": "commit",  # what is left of it: COMMIT itself, in the main
}


class Watch:
    """Seconds of the wall and of all processors between entering and leaving."""

    wall = cpu = 0.0

    def __enter__(self) -> Watch:
        """Starts it."""
        self.wall, self.cpu = -time.perf_counter(), -time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops it."""
        self.wall += time.perf_counter()
        self.cpu += time.process_time()


def now() -> Times:
    """The wall clock, and what the processors have spent on this process."""
    return np.array([time.perf_counter(), time.process_time()])


def rates(watch: Watch, events: int) -> Figures:
    """What so many events took, by the wall and by the processors."""
    return {
        "events": events,
        "events_per_second": events / watch.wall,
        "wall_us": watch.wall / events * 1e6,
        "cpu_us": watch.cpu / events * 1e6,
    }


class Clock:
    """Wall and processor seconds by name. A step's are its own, without those of the steps inside it."""

    def __init__(self) -> None:
        """Nothing was measured yet."""
        self.steps: dict[str, Times] = defaultdict(lambda: np.zeros(2))
        self.files: dict[str, Times] = defaultdict(lambda: np.zeros(2))
        self._inner = [np.zeros(2)]

    def timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """A function that counts for a step."""

        @functools.wraps(function)
        def wrapper(*arguments: Any, **named: Any) -> Any:
            started = now()
            self._inner.append(np.zeros(2))
            try:
                return function(*arguments, **named)
            finally:
                spent = now() - started
                self.steps[name] += spent - self._inner.pop()
                self._inner[-1] += spent

        return wrapper

    def timed_script(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Database.run_script, counted by the file that the script is from."""
        files = [*sql_files("steps"), *sorted(FOLDER.glob("*.sql"))]
        names = {read_script(file).text.strip(): file.name for file in files}

        def wrapper(database: Database, text: str, *parameters: Any) -> None:
            started = now()
            function(database, text, *parameters)
            self.files[names.get(text.strip(), "contest.sql")] += now() - started

        return wrapper

    def told(self, watch: Watch, events: int) -> Figures:
        """Microseconds an event of the wall and of the processors, by step and by file."""
        inside = [spent for name, spent in self.steps.items() if not name.startswith("of which")]
        self.steps["all else"] = np.array([watch.wall, watch.cpu]) - np.sum(inside, axis=0)
        return {
            kind: {name: (spent / events * 1e6).tolist() for name, spent in of.items()}
            for kind, of in (("steps", self.steps), ("files", self.files))
        }

    def collected(self, phase: str, _: object) -> None:
        """A callback of the garbage collector."""
        self.steps["of which garbage collection"] += now() if phase == "stop" else -now()


@contextmanager
def profiled() -> Iterator[Clock]:
    """Times the product's steps while it lasts."""
    clock = Clock()
    with ExitStack() as stack:
        for target, name in STEPS.items():
            place = patch(target)
            function, _ = place.get_original()
            stack.enter_context(patch(target, clock.timed(function, name)))
        scripted = clock.timed_script(Database.run_script)
        stack.enter_context(patch.object(Database, "run_script", scripted))
        gc.callbacks.append(clock.collected)
        stack.callback(gc.callbacks.remove, clock.collected)
        yield clock


def land_in_turn(pipeline: Pipeline, log: Log, size: int) -> int:
    """Lands what a log holds, one step after the other; how many events."""
    landed = 0
    while (batch := log.poll(pipeline.store.positions(log.id), size)).records:
        landed += pipeline.handle(batch, utc_now()).landed
    return landed
