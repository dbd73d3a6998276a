"""`rundum kpi`: the numbers that a company steers by, as tables with bars, CSV or JSON.

Decides how values look. Must never count anything itself.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from typing import Any

import click
from rich.bar import Bar
from rich.console import RenderableType
from rich.text import Text

from schemas.conform import near
from sinks.duckdb.kpi import MONEY, PERIODS, SHARE, Kpi, Period, ask_kpi, kpi_files, read_kpi
from sinks.duckdb.reader import Answer, Row, records_of
from streams.cli.session import Session
from streams.cli.sql import FORMATS, WRITERS
from streams.cli.words import DIGITS, heading, money, safe, screen, table

BAR = 36
SHOWN = 200
DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("name", metavar="[NAME]", required=False)
@click.option(
    "--by", type=click.Choice(PERIODS), help="A value for each of them; else one over the whole time."
)
@click.option("--since", type=DAY, metavar="DATE", help="The first day that counts; days are those of UTC.")
@click.option("--until", type=DAY, metavar="DATE", help="The last day that counts.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="table", show_default=True,
              help="CSV and JSON have a row for each period and series, values in full.")  # fmt: skip
@click.pass_obj
def kpi(session: Session, /, name: str | None, form: str, **asked: Any) -> None:
    """List the numbers that a company steers by, or give the values of one NAME.

    \b
    Example:
      rundum kpi revenue --by month --since 2026-01-01
    """
    files = kpi_files(session.project.kpis)
    if not name:
        if form != "table" or any(asked.values()):
            raise click.UsageError("give a NAME with these options; `rundum kpi` alone lists all")
        screen().print(_list([read_kpi(file) for file in files.values()]))
        return
    if name not in files:
        raise click.ClickException(f"no KPI is called {name}; {near(name, [*files])}")
    one = read_kpi(files[name])
    period = _period(**asked)
    with session.reading() as reader:
        answer = ask_kpi(reader, one, period)
    batches = [*answer.batches]
    if not any(map(len, batches)):
        raise click.ClickException(_nothing(one, period))
    if form == "table":
        _show(one, [row for batch in batches for row in records_of(batch)])
    else:
        WRITERS[form](Answer(answer.schema, iter(batches)))


def _period(by: str | None, **days: Any) -> Period:
    since, until = (days[name] and days[name].date() for name in ("since", "until"))
    if since and until and until < since:
        raise click.UsageError(f"--until {until} is before --since {since}; exchange them")
    return Period(by, since, until)


def _nothing(one: Kpi, period: Period) -> str:
    if period.since or period.until:
        return f"{one.file}: nothing to count lies in these days; leave out --since and --until"
    return f"{one.file}: the store holds nothing to count; `rundum ingest` brings events into it"


def _list(kpis: list[Kpi]) -> RenderableType:
    made = table("name", "unit", "owner", "what it says")
    for one in kpis:
        made.add_row(*(Text(safe(cell)) for cell in (one.name, one.unit, one.owner, one.description)))
    return made


def _show(one: Kpi, rows: list[Row]) -> None:
    out = screen()
    out.print(Text.assemble((one.name, "bold cyan"), "  ", (safe(one.description), "dim")))
    hidden = 0
    for series, group in groupby(rows, lambda row: row["series"]):
        found = [*group]
        if series is not None:
            out.print(heading(safe(series)))
        out.print(_chart(one, found[-SHOWN:]))
        hidden = max(hidden, len(found) - SHOWN)
    if hidden:
        click.echo(f"These are the last {SHOWN} periods; --format csv or json gives all.", err=True)


def _chart(one: Kpi, rows: list[Row]) -> RenderableType:
    """One series: its periods, the newest at the bottom, values, and bars beside them."""
    is_part = one.value != "sum"
    made = table("period", f">{safe(one.unit)}", *([">of"] if is_part else []), "")
    longest = max(float(row["value"] or 0) for row in rows)
    for row in rows:
        cells: list[RenderableType] = [_days(row), Text(_said(row["value"], one.unit, row["series"]))]
        if is_part:
            cells.append(f"{row['of']:,}")
        value = float(row["value"] or 0)
        bar = Bar(longest, 0, value, width=BAR, color="cyan") if value > 0 and len(rows) > 1 else ""
        made.add_row(*cells, bar)
    return made


def _days(row: Row) -> str:
    first, last = row["first_day"], row["last_day"]
    return f"{first}" if first == last else f"{first} to {last}"


def _said(value: Any, unit: str, series: str | None) -> str:
    """A value in words; a dash where there is nothing to divide or to choose from."""
    if value is None:
        return "–"
    if unit == MONEY:
        return money(round(Decimal(str(value)), max(DIGITS.get(series or "", 2), 2)), series)
    if unit == SHARE:
        return f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
