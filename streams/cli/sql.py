"""`rundum sql`: questions to the store, answered as a table, CSV or JSON.

Decides how values are written. Must never change the store.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Sequence

import click
import duckdb
from rich.console import Console
from rich.text import Text

from schemas.conform import near
from sinks.duckdb.sql import scripts
from streams.cli.layout import plain, text_of
from streams.cli.session import Session
from streams.cli.words import safe, table

FORMATS = ("table", "csv", "json")
SHOWN = 200
WIDE = 1000  # columns of a table in a pipe, where nothing need be folded
AT_ONCE = 10_000


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
    with session.reading() as connection:
        try:
            answer = connection.execute(query)
        except duckdb.Error as error:
            raise click.ClickException(str(error).strip()) from None
        WRITERS[form](answer, [column[0] for column in answer.description or ()])


def _example(name: str) -> str:
    texts = {one.name: one.text for one in scripts("examples")}
    if name not in texts:
        raise click.ClickException(f"no example is called {name}; {near(name, sorted(texts))}")
    return texts[name]


def _write_table(answer: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    rows = answer.fetchmany(SHOWN + 1)
    made = table()
    for name in names:
        made.add_column(Text(name), overflow="fold")
    for row in rows[:SHOWN]:
        made.add_row(*(Text(safe(text_of(value))) for value in row))
    console = Console()
    (console if console.is_terminal else Console(width=WIDE)).print(made)
    if len(rows) > SHOWN:
        click.echo(f"These are the first {SHOWN} rows; --format csv or json gives all.", err=True)


def _write_csv(answer: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    while rows := answer.fetchmany(AT_ONCE):
        writer.writerows([text_of(value) for value in row] for row in rows)


def _write_json(answer: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    between = "[\n"
    while rows := answer.fetchmany(AT_ONCE):
        for row in rows:
            pairs = zip(names, map(plain, row), strict=True)
            click.echo(between + json.dumps(dict(pairs), ensure_ascii=False), nl=False)
            between = ",\n"
    click.echo("\n]" if between != "[\n" else "[]")


WRITERS: dict[str, Callable[[duckdb.DuckDBPyConnection, Sequence[str]], None]] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": _write_json,
}
