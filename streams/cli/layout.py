"""How commands look on a terminal: values, progress, and counts in a line.

Decides the looks alone. Must never read or write the store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from schemas.scalars import write_scalar
from sinks.duckdb.store import Landing
from streams.cli.stopping import stop_if_asked


@contextmanager
def progress(what: str, total: float) -> Iterator[Callable[[float, str], None]]:
    """A bar on the terminal, none in a pipe: call the given function with what is done and a word on it.

    It shows from the first call on. Here a command stops that is asked to.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
               TextColumn("{task.fields[note]}"))  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total, note="", visible=False)

        def show(done: float, note: str) -> None:
            stop_if_asked()
            bar.update(task, completed=done, note=note, visible=True)

        yield show


def counts(landing: Landing, seen: int = 0) -> str:
    """What became of records, in a line. `seen` are repetitions that were not even appended."""
    return (
        f"{landing.landed:,} new, {landing.duplicate + seen:,} seen before, "
        f"{landing.conflicting:,} conflicting, {landing.rejected:,} rejected"
    )


def plain(value: Any) -> Any:
    """A value of the store as JSON: times, which are UTC, in ISO 8601, decimals as exact text."""
    if isinstance(value, dict):
        return {text_of(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    written = write_scalar(value)
    if isinstance(value, datetime) and not value.tzinfo:
        return f"{written}Z"
    return written if written is None or isinstance(written, str | int | float | bool) else str(written)


def text_of(value: Any) -> str:
    """A value of the store as text; nested ones as JSON, null as nothing."""
    written = plain(value)
    if written is None:
        return ""
    return written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)
