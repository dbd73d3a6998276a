"""`rundum destinations`: the tools that segments go to; what they hold, and what people decide about them.

Decides what people see of it. Must never send anything: couriers do, in the process that has the store.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import click
from rich.text import Text

from schemas.catalogue import OWN
from schemas.conform import near
from sinks.destinations.settings import Destination, check_secrets, load_destinations
from sinks.duckdb.activation import desired_sql, parameters_of, why_not
from sinks.duckdb.database import StoreMissing
from sinks.duckdb.reader import Reader, Row
from sinks.duckdb.scope import CUSTOMERS
from sinks.duckdb.views import views_of
from streams.activation import audience_of
from streams.activation.couriers import FOLDER
from streams.cli.layout import text_of
from streams.cli.session import Session
from streams.cli.words import counted, heading, moment, safe, screen, table
from streams.pipeline import micros, utc_now

DECIDED = f"{OWN}/destination_decided"
SHOWN = 10
REASON = click.option("--reason", default="-", metavar="TEXT", help="Why, for those who come later.")
NAME = click.argument("name")


@click.group()
def destinations() -> None:
    """Tools that segments go to, as files destinations/*.toml of the project say; `rundum run` sends.

    \b
    Example:
      rundum destinations preview newsletter_tool
      rundum destinations approve newsletter_tool --reason "First transfer."
    """


@destinations.command()
@click.pass_obj
def status(session: Session) -> None:
    """What each tool holds, what is under way, and what is in its way.

    \b
    Example:
      rundum destinations status
    """
    found, faults = load_destinations(session.project.root / FOLDER)
    standing: dict[str, Row] = {}
    try:
        with session.reading() as reader:
            standing = {row["destination"]: row for row in reader.query("destinations")}
    except StoreMissing:
        pass  # the files can be shown without
    made = table("name", "segment", "purpose", ">holds", ">under way", ">refused", "state")
    for name in sorted({*found, *standing}):
        one, row = found.get(name), standing.get(name)
        held, under_way, refused = ((row or {}).get(key, 0) for key in ("holds", "under_way", "refused"))
        segment, purpose = (one.segment, one.purpose) if one else ("", "")
        made.add_row(name, segment, purpose, f"{held:,}", f"{under_way:,}", f"{refused:,}", _state(one, row))
    console = screen()
    console.print(made)
    for row in standing.values():
        _tell_times(row)
    for one in found.values():
        for missing in check_secrets(one, os.environ):
            click.echo(f"{missing}", err=True)
    if faults:
        raise click.ClickException("\n".join(map(str, faults)))


def _state(one: Destination | None, row: Row | None) -> Text:
    if one is None:
        return Text("its file is gone; its tool keeps what it holds", style="yellow")
    if row is None:
        return Text("not compared yet; `rundum run` does", style="dim")
    if row["paused_at"]:
        return Text(f"paused since {moment(row['paused_at'])} by {safe(row['paused_by'])}", style="yellow")
    told = Text("; ").join(_troubles(one, row))
    return told or Text(
        f"well; sent last {moment(row['sent_at'])}" if row["sent_at"] else "well", style="green"
    )


def _troubles(one: Destination, row: Row) -> Iterator[Text]:
    """All that is in its way: a tool that is down must not go unseen because a change waits, too."""
    if row["stuck"]:
        yield Text(safe(row["stuck"]), style="red")
    if row["held_rows"]:
        approve = f"rundum destinations approve {one.name}"
        yield Text(f"{counted(row['held_rows'], 'row')} wait for `{approve}`", style="yellow")
    if row["trouble"]:
        tried = f"tried {counted(row['attempts'], 'time')}, again at {moment(row['next_at'])}"
        yield Text(f"{safe(row['trouble'])} ({tried})", style="red")


def _tell_times(row: Row) -> None:
    if row["withdrawals"]:
        click.echo(
            f"{row['destination']}: {counted(row['withdrawals'], 'withdrawal')} not delivered yet,"
            f" since {moment(row['since'])}"
        )
    elif row["withdrawn_at"]:
        click.echo(f"{row['destination']}: last withdrawal delivered {row['withdrawn_at']:%Y-%m-%d %H:%M:%S}")


@destinations.command()
@NAME
@click.pass_obj
def preview(session: Session, name: str) -> None:
    """Show whom a destination would reach, step by step, and ten rows of it; nothing is sent.

    \b
    Example:
      rundum destinations preview newsletter_tool
    """
    one = _meant(session, name)
    audience = audience_of(one)
    with session.reading() as reader:
        if trouble := why_not(reader, audience):
            raise click.ClickException(f"{one.file}: {trouble}")
        counts = reader.query("reach", **parameters_of(audience))[0]
        sql = desired_sql(audience, views_of(session.catalogue)[CUSTOMERS])
        rows = reader.records(f"FROM ({sql}) ORDER BY contact LIMIT {SHOWN}", parameters_of(audience))
    console = screen()
    console.print(heading(name, f"{one.kind}, for {one.purpose}, by {one.contact}"))
    console.print(
        " -> ".join(f"{counts[step]:,} {step}" for step in ("matched", "excluded", "consented", "reachable"))
    )
    made = table(one.contact, *one.fields)
    for row in rows:
        fields: dict[str, Any] = json.loads(row["fields"])
        made.add_row(safe(row["contact"]), *(safe(text_of(fields.get(target))) for target in one.fields))
    console.print(made)


@destinations.command()
@NAME
@click.pass_obj
def refused(session: Session, name: str) -> None:
    """Rows that a tool has refused, with what it said.

    \b
    Example:
      rundum destinations refused newsletter_tool
    """
    with session.reading() as reader:
        rows = reader.query("destination_refused", destination=name)
    made = table("contact", "action", "when", "status", "answer")
    for row in rows:
        when, status, answer = moment(row["sent_at"]), text_of(row["status"]), safe(row["answer"] or "")
        made.add_row(safe(row["contact"]), row["action"], when, status, answer)
    screen().print(made)


def _meant(session: Session, name: str) -> Destination:
    folder = session.project.root / FOLDER
    found, faults = load_destinations(folder)
    if name in found:
        return found[name]
    for fault in faults:
        if fault.file.stem == name:
            raise click.ClickException(str(fault))
    known = near(name, sorted(found)) if found else "no other is either"
    raise click.ClickException(f"{folder / f'{name}.toml'}: is not there; {known}")


def _decision(decision: str, doc: str, done: str) -> Callable[..., None]:
    example = f"\n\n\b\nExample:\n  rundum destinations {decision} newsletter_tool --reason 'As agreed.'\n"

    @destinations.command(decision, help=doc + example)
    @NAME
    @REASON
    @click.pass_obj
    def decide(session: Session, name: str, reason: str) -> None:
        _meant(session, name)
        with session.house() as house:
            house.land()
            rows = _held(house.reader, name)
            if decision == "approve" and not rows:
                raise click.ClickException(f"nothing of {name} waits; see `rundum destinations status`")
            datum = {
                "event_id": str(uuid4()), "occurred_at": micros(utc_now()), "destination": name,
                "decision": decision, "rows": rows if decision == "approve" else None, "reason": reason,
                "actor": getpass.getuser(),
            }  # fmt: skip
            house.inlet.log.append([house.inlet.outgoing(house.catalogue.events[DECIDED], datum)])
            house.land()
        click.echo(f"{name}: {done.format(rows=f'{rows:,}')}")

    return decide


def _held(reader: Reader, name: str) -> int:
    rows = reader.rows("SELECT held_rows FROM activation.standing WHERE destination = ?", [name])
    return int(rows[0][0]) if rows else 0


_decision("approve", "Let a change go that is larger than max_change.", "a change of {rows} rows may go")
_decision("pause", "Send nothing to a tool until resumed.", "paused; nothing goes, withdrawals neither")
_decision("resume", "Go on sending to a tool.", "goes on")
_decision("resync", "Send everything again, whatever the tool holds.", "everything is sent again")
