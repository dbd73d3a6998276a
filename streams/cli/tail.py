"""`rundum tail`: what lands, a line an event, as it lands.

Decides how much of a flood people can read. Must never keep a store open between two looks, nor show an event
twice.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

from schemas.catalogue import Catalogue
from schemas.conform import near
from sinks.duckdb.database import StoreBusy, StoreMissing
from sinks.duckdb.reader import QueryError, Reader, Row
from sinks.duckdb.typed import STANDARD, table_of
from sinks.gateway.access import Access, Caller, DoorClosed
from streams.cli.session import Session
from streams.cli.stopping import stop_if_asked
from streams.cli.timeline import gist
from streams.cli.words import counted, safe, short
from streams.settings import Project

PAUSE = 0.5  # seconds between two looks
PATIENT = 2.0  # seconds that a store may be out of reach before people are told
MOST = 2_000  # events and as many rejects a look; of more that landed meanwhile the oldest are left out
FAILURES = 10  # looks in a row that may fail: an owner that ends takes its answers with it
WHO = 24


Line = tuple[tuple[datetime, int, int], Text]  # landing time, 1 for a reject, number; and how it reads


class Seen(NamedTuple):
    """How far a store was read: numbers of the last event and of the last reject."""

    events: int
    rejects: int


class Watch:
    """One store, looked at again and again."""

    def __init__(self, project: Project, catalogue: Catalogue, source: str | None, last: int) -> None:
        """Reads nothing yet; the first look gives the `last` events."""
        self._project = project
        self._source = source
        self._last = last
        self._stamp: object = None
        self._seen: Seen | None = None
        names = [name for name in catalogue.events if not source or name.startswith(f"{source}/")]
        self._width = max(map(len, names), default=0)

    def look(self, *, rejected: bool) -> list[Text]:
        """The lines of what has landed since the last look, in the order of landing.

        Raises StoreMissing, StoreBusy, QueryError: then the next look shows it.
        """
        stamp = _stamp(self._project.store)
        if not self._seen and not self._project.store.exists():
            self._seen = Seen(0, 0)  # all that will be in it is news
        with _reader(self._project, still=stamp == self._stamp) as reader:
            if reader is None:
                return []
            row = reader.query("tail_ends")[0]
            upto = Seen(row["events"], row["rejects"])
            # A store from a backup ends before what was seen.
            after = Seen(*map(min, self._seen or Seen(0, 0), upto))
            lines = [*self._events(reader, after.events, upto.events)]
            if rejected:
                lines += self._rejects(reader, after.rejects, upto.rejects)
        self._seen, self._stamp = upto, stamp
        return [line for _, line in sorted(lines, key=itemgetter(0))]

    def _events(self, reader: Reader, after: int, upto: int) -> Iterator[Line]:
        rows = self._fresh(reader, "tail_events", after, upto)
        if not rows:
            return
        yield from self._left_out(rows, "event")
        names = _names(reader, rows)
        fields = {(row["event_type"], row["field"]) for row in reader.query("named_fields")}
        details = _details(reader, rows)
        for row in rows:
            told = {
                key: value for key, value in details.get(row["landed_seq"], {}).items()
                if key not in STANDARD and (row["event_type"], key) not in fields
            }  # fmt: skip
            who = names.get(row["customer_id"]) or short(row["customer_id"])
            parts = (row["event_type"], ""), (who, "bold" if row["customer_id"] else "dim")
            yield self._line(row, parts, gist(told))

    def _rejects(self, reader: Reader, after: int, upto: int) -> Iterator[Line]:
        rows = self._fresh(reader, "tail_rejected", after, upto)
        yield from self._left_out(rows, "reject")
        for row in rows:
            parts = (safe(row["what"]), "red"), (f"rejected as {row['rejected_id']}", "red")
            told = f"{row['field']}: " if row["field"] else ""
            told += row["detail"] or f"expected {row['expected']}, got {row['got']}"
            yield self._line(row, parts, Text.assemble((f"{row['reason']}  ", "red"), safe(told)))

    def _fresh(self, reader: Reader, query: str, after: int, upto: int) -> list[Row]:
        if upto == after:
            return []
        most = MOST if self._seen else self._last
        return reader.query(query, after=after, upto=upto, source=self._source, most=most)

    def _left_out(self, rows: Sequence[Row], thing: str) -> Iterator[Line]:
        """The word on what landed too fast to be shown; of what was there before, nobody wants to know."""
        if rows and self._seen and (missing := rows[0]["total"] - len(rows)):
            line = Text(f"… {counted(missing, thing)} left out: more landed than can be read", "yellow")
            landed_at, is_reject, number = _place(rows[0])
            yield (landed_at, is_reject, number - 1), line

    def _line(self, row: Row, parts: Sequence[tuple[str, str]], told: Text) -> Line:
        (what, what_style), (who, who_style) = parts
        line = Text.assemble(
            (f"{row['landed_at']:%Y-%m-%d %H:%M:%S}  ", "dim"),
            (f"{set_cell_size(what, self._width)}  ", what_style),
            (f"{set_cell_size(who, WHO)}  ", who_style),
            told,
        )
        return _place(row), line


@click.command()
@click.option("--source", metavar="CHANNEL/SOURCE", help="Only what comes from this source.")
@click.option("--rejected", is_flag=True, help="What is refused too, with its reason.")
@click.option("--last", type=click.IntRange(0, MOST), default=10, show_default=True,
              help="How many that landed before are shown first.")  # fmt: skip
@click.pass_obj
def tail(session: Session, source: str | None, rejected: bool, last: int) -> None:
    """Show what lands, as it lands: when, what, of whom, and the gist of it. Ctrl-C ends it.

    It looks twice a second, holds up nobody, and goes on when whoever lands ends and begins again.

    \b
    Example:
      rundum tail --source shop/standard --rejected
    """
    sources = session.catalogue.sources
    if source and source not in sources:
        raise click.ClickException(f"no source is called {source}; {near(source, sorted(sources))}")
    watch = Watch(session.project, session.catalogue, source, last)
    try:
        for lines in _looks(watch, rejected):
            _print(lines)
    except KeyboardInterrupt:
        return


def _looks(watch: Watch, rejected: bool) -> Iterator[list[Text]]:
    """Looks for ever; says once why nothing can be seen, and that it can be again."""
    since, told, failures = time.monotonic(), False, 0
    while True:
        stop_if_asked()
        try:
            yield watch.look(rejected=rejected)
            since, told, failures = time.monotonic(), False, 0
        except (StoreMissing, StoreBusy, DoorClosed) as error:
            if not told and (isinstance(error, StoreMissing) or time.monotonic() > since + PATIENT):
                click.echo(f"waiting: {error}", err=True)
                told = True
        except QueryError:
            failures += 1
            if failures > FAILURES:
                raise
        time.sleep(PAUSE)


def _print(lines: Sequence[Text]) -> None:
    console = Console(highlight=False)
    for line in lines:
        line.rstrip()
        if console.is_terminal:
            console.print(line, no_wrap=True, overflow="ellipsis")
        else:
            click.echo(line.plain)


@contextmanager
def _reader(project: Project, *, still: bool) -> Iterator[Reader | None]:
    """A way to the store for a moment; None where nobody has it open and its file is as it was (`still`)."""
    try:
        caller = Caller(project.store)
    except DoorClosed:
        if still:
            yield None
            return
        with Access(project.store, project.memory_limit, project.limits) as access:
            yield access.reader
        return
    with closing(caller):
        yield Reader(caller.ask)


def _stamp(store: Path) -> object:
    """What changes whenever something lands: which file it is, its size and time, and those of its WAL."""
    found = []
    for file in (store, store.with_name(f"{store.name}.wal")):
        try:
            state = os.stat(file)
            found.append((state.st_ino, state.st_size, state.st_mtime_ns))
        except FileNotFoundError:
            found.append((0, 0, 0))
    return found


def _place(row: Row) -> tuple[datetime, int, int]:
    """Events and rejects in one order: by the time of landing, events first, then by their numbers."""
    if "rejected_id" in row:
        return row["landed_at"], 1, row["rejected_id"]
    return row["landed_at"], 0, row["landed_seq"]


def _names(reader: Reader, rows: Sequence[Row]) -> dict[str, str]:
    """What the customers of some events are called; those without any name are left out."""
    customers = sorted({row["customer_id"] for row in rows if row["customer_id"]})
    names = {}
    for row in reader.query("names", customers=customers) if customers else ():
        full = " ".join(safe(row[part]) for part in ("first_name", "last_name") if row[part])
        names[row["customer_id"]] = full or safe(row["email"] or row["phone"])
    return names


def _details(reader: Reader, rows: Sequence[Row]) -> Mapping[int, Mapping[str, Any]]:
    """The own fields of some events, by their numbers."""
    types = sorted({row["event_type"] for row in rows})
    selects = [
        f"SELECT landed_seq, to_json(t)::VARCHAR AS details FROM {table_of(name)} AS t"
        " WHERE landed_seq BETWEEN $first AND $last"
        for name in types
    ]
    span = {"first": rows[0]["landed_seq"], "last": rows[-1]["landed_seq"]}
    found = reader.rows(" UNION ALL ".join(selects), span)
    return {number: json.loads(text) for number, text in found}
