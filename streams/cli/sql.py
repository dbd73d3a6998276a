"""`rundum sql`: questions to the store, answered as a table, CSV or JSON.

Decides how values are written. Must never change the store.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from schemas.conform import near
from sinks.duckdb.reader import Answer, tuples_of
from sinks.duckdb.sql import scripts
from streams.cli.layout import plain, text_of
from streams.cli.session import Session
from streams.cli.stopping import stop_if_asked
from streams.cli.words import safe, table

FORMATS = ("table", "csv", "json")
SHOWN = 200
WIDE = 1000  # columns of a table in a pipe, where nothing need be folded


@click.command()
@click.argument("query", required=False)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="table", show_default=True,
              help="JSON is one array of objects: times in ISO 8601, decimals as exact text.")  # fmt: skip
@click.option("--examples", "listing", is_flag=True, help="List the worked examples.")
@click.option("--example", metavar="NAME", help="Run a worked example.")
@click.pass_obj
def sql(session: Session, query: str | None, form: str, listing: bool, example: str | None) -> None:
    """Ask the store in SQL; `FROM guide` lists what can be asked for.

    \b
    Example:
      rundum sql "SELECT currency, sum(revenue_net) FROM customers GROUP BY currency"
    """
    if listing:
        for one in scripts("examples"):
            click.echo(f"{one.name:<28}  {one.doc}")
        return
    if example:
        query = _example(example)
    if not query:
        raise click.UsageError("give a query, --examples or --example NAME")
    with session.reading() as reader:
        WRITERS[form](reader.ask(query, None))


def _example(name: str) -> str:
    texts = {one.name: one.text for one in scripts("examples")}
    if name not in texts:
        raise click.ClickException(f"no example is called {name}; {near(name, sorted(texts))}")
    return texts[name]


def _write_table(answer: Answer) -> None:
    rows = [*islice(_rows(answer), SHOWN + 1)]
    made = table()
    for name in answer.schema.names:
        made.add_column(Text(name), overflow="fold")
    for row in rows[:SHOWN]:
        made.add_row(*(Text(safe(text_of(value))) for value in row))
    console = Console()
    (console if console.is_terminal else Console(width=WIDE)).print(made)
    if len(rows) > SHOWN:
        click.echo(f"These are the first {SHOWN} rows; --format csv or json gives all.", err=True)


def _write_csv(answer: Answer) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.schema.names)
    for row in _rows(answer):
        writer.writerow([text_of(value) for value in row])


def _write_json(answer: Answer) -> None:
    between = "[\n"
    for row in _rows(answer):
        pairs = zip(answer.schema.names, map(plain, row), strict=True)
        click.echo(between + json.dumps(dict(pairs), ensure_ascii=False), nl=False)
        between = ",\n"
    click.echo("\n]" if between != "[\n" else "[]")


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    for batch in answer.batches:
        stop_if_asked()
        yield from tuples_of(batch)


WRITERS: dict[str, Callable[[Answer], None]] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": _write_json,
}
