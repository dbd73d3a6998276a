"""Where the time goes: seconds by step and by SQL file, taken from outside of the product.

Decides which function belongs to which step. Must never change a result.
"""

from __future__ import annotations

import functools
import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from sinks.duckdb.database import Database
from sinks.duckdb.sql import read_script, sql_files
from streams.rules import FOLDER

STEPS = {
    "streams.log.sqlite.SqliteLog.poll": "poll",
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


class Clock:
    """Seconds by name. A step's seconds are its own: those of the steps inside it count for these."""

    def __init__(self) -> None:
        """Nothing was measured yet."""
        self.steps: Counter[str] = Counter()
        self.files: Counter[str] = Counter()
        self._inner = [0.0]

    def timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """A function that counts for a step."""

        @functools.wraps(function)
        def wrapper(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            self._inner.append(0.0)
            try:
                return function(*arguments, **named)
            finally:
                spent = time.perf_counter() - started
                self.steps[name] += spent - self._inner.pop()
                self._inner[-1] += spent

        return wrapper

    def timed_script(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Database.run_script, counted by the file that the script is from."""
        files = [*sql_files("steps"), *sorted(FOLDER.glob("*.sql"))]
        names = {read_script(file).text.strip(): file.name for file in files}

        def wrapper(database: Database, text: str, *parameters: Any) -> None:
            started = time.perf_counter()
            function(database, text, *parameters)
            self.files[names.get(text.strip(), "contest.sql")] += time.perf_counter() - started

        return wrapper

    def collected(self, phase: str, _: object) -> None:
        """A callback of the garbage collector."""
        now = time.perf_counter()
        self.steps["of which garbage collection"] += now if phase == "stop" else -now


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
