"""Why a customer is in a segment, or is not: what was found, and what its definition says now.

Decides what people see of it. Must never guess a reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
from rich.console import Console
from rich.text import Text

from schemas.conform import near
from sinks.duckdb.definitions import SEGMENT, Definition, find_files, read_definition
from sinks.duckdb.reader import QueryError, Reader, Row
from streams.cli.layout import text_of
from streams.cli.session import Session
from streams.cli.show import choose
from streams.cli.words import moment, safe, screen, table
from streams.definitions import about_all, time_of
from streams.pipeline import utc_now

TEXT = "SELECT text FROM segment.definition WHERE kind = 'segment' AND name = $name"
CAUSES = {
    "event": "an event",
    "time": "time that passed",
    "definition": "the definition",
    "merge": "a merge or split",
    "reason": "another reason",
}


def explain_membership(session: Session, reader: Reader, name: str, who: str) -> None:
    """Prints why. `who` is a customer as people name one."""
    customer = choose(reader, session.catalogue.kinds, who)
    defined = {row["name"]: row for row in reader.query("definitions", kind=SEGMENT)}
    if name not in defined:
        files = find_files(SEGMENT, session.project.root)
        mend = f"apply it first: `rundum segments apply {name}`" if name in files else near(name, [*defined])
        raise click.ClickException(f"no segment {name} is applied; {mend}")
    text = reader.value(
        "SELECT text FROM segment.definition WHERE kind = 'segment' AND name = $name", {"name": name}
    )
    times, console = reader.query("memberships", segment=name, customer=customer), screen()
    is_in = any(row["until"] is None for row in times)
    console.print(Text.assemble((who, "bold"), " is in " if is_in else " is not in ", (name, "bold"), "."))
    _show_times(console, times)
    if text:
        _show_verdict(session, reader, read_definition(SEGMENT, name, text), customer)


def _show_times(console: Console, times: Sequence[Row]) -> None:
    if not times:
        console.print("They never were.")
        return
    made = table("from", "until", "came in by", "went out by", "because")
    for row in times:
        because = ", ".join(f"{key} = {text_of(value)}" for key, value in json.loads(row["reason"]).items())
        left = CAUSES.get(row["left_by"], "")
        made.add_row(
            moment(row["since"]), moment(row["until"]), CAUSES[row["cause"]], left, Text(safe(because))
        )
    console.print(made)


def _show_verdict(session: Session, reader: Reader, definition: Definition, customer: str) -> None:
    """What the definition says of them now, whatever was found before, and what it rests on."""
    console, now = screen(), time_of(reader, utc_now())
    found = about_all(session.catalogue, definition, now)
    try:
        rows = reader.records(f"FROM ({found}) WHERE customer_id = $customer::UUID", {"customer": customer})
    except QueryError as error:
        console.print(Text(f"Asked now, it gives no answer: {safe(error)}", style="red"))
        return
    verdict = f"Asked now ({moment(now)} UTC): {'yes' if rows else 'no'}. {safe(definition.description)}"
    console.print(Text(verdict))
    named = sorted(definition.statement.columns or ())
    facts = reader.records("FROM customers WHERE customer_id = $customer::UUID", {"customer": customer})[0]
    for name in (name for name in named if name in facts and name != "customer_id"):
        console.print(Text(f"  {name} = {safe(text_of(facts[name])) or 'nothing'}"))
