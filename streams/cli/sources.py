"""`rundum sources`: where everything comes from, who answers for it, and how it goes.

Decides how a source is summed up. Must never show more of a record than its reason for being refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sinks.duckdb.reader import Reader, Row
from streams.cli.session import Session
from streams.cli.words import STRENGTHS, as_json, counted, heading, moment, safe, screen
from streams.pipeline import utc_now

LABEL = 10


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def sources(session: Session, form: str) -> None:
    """List every source: its owner, purpose and trust, its contracts, what came last, how much, what failed.

    Rates are events a minute over the last hour and a day over the last seven days, by landing.

    \b
    Example:
      rundum sources --format json
    """
    with session.reading() as reader:
        found = read_sources(reader, utc_now())
    if form == "json":
        click.echo(as_json(found))
        return
    console = screen()
    for row in found:
        console.print(_block(row))


def read_sources(reader: Reader, now: datetime) -> list[Row]:
    """Every source with its event types and failures; `now` is UTC, without a zone."""
    types = reader.query("source_types")
    failures = reader.query("source_failures")
    return [
        {
            **row,
            "trust": STRENGTHS[row["trust"]],
            "event_types": [_without_source(one) for one in types if one["source"] == row["source"]],
            "rejected": {one["reason"]: one["open"] for one in failures if one["source"] == row["source"]},
            "conflicts": sum(one["conflicts"] for one in types if one["source"] == row["source"]),
        }
        for row in reader.query("sources", now=now.isoformat())
    ]


def _without_source(row: Mapping[str, object]) -> Row:
    return {key: value for key, value in row.items() if key != "source"}


def _block(row: Row) -> RenderableType:
    """A source in a few lines, in grey where nothing has come from it yet."""
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(style="dim", width=LABEL)
    made.add_column(overflow="fold")
    parts = {
        "whose": f"{row['owner']}, {row['contact']}",
        "what for": f"{row['purpose']} {row['legal_basis']}; kept {row['retention']}.",
        "trusted as": row["trust"],
        "contracts": _types(row),
        "events": _came(row),
        "failures": _failed(row),
    }
    for label, told in parts.items():
        if told:
            made.add_row(label, Text(safe(told), style="red" if label == "failures" else ""))
    is_silent = not (row["events"] or row["rejected"])
    head = heading(safe(row["source"]), safe(row["title"]))
    return Group(head, Padding(made, (0, 0, 0, 2), style="dim" if is_silent else ""))


def _types(row: Row) -> str:
    """The event types that came, with the versions of their contracts; how many others there are."""
    came = [one for one in row["event_types"] if one["events"]]
    said = [f"{one['event_type'].rpartition('/')[2]} v{one['version']} ({one['events']:,})" for one in came]
    silent = len(row["event_types"]) - len(came)
    return ", ".join(said + ([f"{silent} without an event"] if silent else []))


def _came(row: Row) -> str:
    if not row["events"]:
        return "none yet"
    return (
        f"{row['events']:,}; {row['per_minute']:,} a minute in the last hour, {row['per_day']:,} a day in "
        f"the last seven; the last landed {moment(row['last_landed_at'])}, the latest is of "
        f"{moment(row['last_occurred_at'])}"
    )


def _failed(row: Row) -> str:
    said = [f"{number:,} open rejects: {reason}" for reason, number in row["rejected"].items()]
    return ", ".join(said + ([counted(row["conflicts"], "conflict")] if row["conflicts"] else []))
