"""`rundum show`: everything about one customer.

Decides what is said when the question fits one, several or no customer. Must never guess among several.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import click
from rich.console import Console
from rich.text import Text

from schemas.identifiers import Kind
from sinks.duckdb.customer import Found, Match, alike, briefs, find, read_customer
from sinks.duckdb.reader import Reader
from streams.cli.session import Session
from streams.cli.sheet import sheet
from streams.cli.words import (
    as_json,
    counted,
    heading,
    moment,
    name_of,
    named,
    safe,
    screen,
    table,
    why_blocked,
)

MOST = 10  # customers listed
FORMATS = click.Choice(["text", "json"])


@click.command()
@click.argument("who", metavar="CUSTOMER_OR_IDENTIFIER")
@click.option(
    "--all", "everything", is_flag=True, help="Every order, message and event, not the latest only."
)
@click.option(
    "--format", "form", type=FORMATS, default="text", show_default=True, help="json gives one document."
)
@click.pass_obj
def show(session: Session, who: str, everything: bool, form: str) -> None:
    """Show one customer whole: who they are, what they did, said, bought and allowed.

    WHO is a customer id, an identifier in any notation (an e-mail address, a telephone number, an order
    number), or kind:value where only one kind is meant.

    \b
    Example:
      rundum show anna.mueller@example.de
      rundum show "0171 / 392 00 45"
      rundum show order:R-1001 --format json
    """
    with session.reading() as reader:
        customer = choose(reader, session.catalogue.kinds, who)
        if form == "text":
            print_customer(screen(), reader, customer, everything=everything)
        elif found := read_customer(reader, customer):
            click.echo(as_json(asdict(found)))


def print_customer(console: Console, reader: Reader, customer: str, *, everything: bool = False) -> None:
    """Prints the 360° view of a customer, by the id of now."""
    found = read_customer(reader, customer)
    if found is None:
        raise click.ClickException(
            f'there is no customer {customer}; `rundum sql "FROM customers"` lists them'
        )
    fields = {(row["event_type"], row["field"]) for row in reader.query("named_fields")}
    for part in sheet(found, fields, everything=everything):
        console.print(part)


def choose(reader: Reader, kinds: Mapping[str, Kind], who: str) -> str:
    """The one customer that a text means. Explains and ends the command where there is not just one."""
    found = find(reader, kinds, who)
    if len(found.customers) == 1:
        return found.customers[0]
    if found.customers:
        _list(reader, found.customers, f"{safe(who)} fits {len(found.customers)} customers:")
        _list_matches(found)
        click.echo("\nName one by its customer id, or the identifier as kind:value.", err=True)
    elif found.matches:
        for match in found.matches:
            _tell_blocked(reader, match)
    else:
        tell_unknown(reader, found)
    raise click.exceptions.Exit(1)


def tell_unknown(reader: Reader, found: Found) -> None:
    """Says what was looked for and how it was read."""
    click.echo(f"Error: nothing is known of {safe(found.text)!r}. Looked for:", err=True)
    for one in found.candidates:
        note = f"  (joins nobody: {why_blocked(one.blocked)})" if one.blocked else ""
        click.echo(f"  {named(one.kind, one.value)}{note}", err=True)
    if not found.candidates:
        click.echo("  a customer id only: it reads as no identifier of any kind", err=True)
    if near := alike(reader, found.text):
        click.echo(f"Did you mean {', '.join(map(safe, near))}?", err=True)


def _list(reader: Reader, customers: tuple[str, ...], title: str) -> None:
    made = table("customer id", "name", "e-mail", ">orders", "last seen")
    made.columns[0].no_wrap = True
    for row in briefs(reader, customers):
        name, email = Text(name_of(row), style="bold"), Text(safe(row["email"] or ""))
        orders, seen = str(row["orders"]), f"{row['last_seen_at']:%Y-%m-%d}"
        made.add_row(str(row["customer_id"]), name, email, orders, seen)
    console = screen()
    console.print(Text(title))
    console.print(made)


def _list_matches(found: Found) -> None:
    made = table("as", "customer id")
    for match in found.matches:
        made.add_row(Text(named(match.kind, match.value)), str(match.customer or "blocked"))
    console = screen()
    console.print(heading("It was read as"))
    console.print(made)


def _tell_blocked(reader: Reader, match: Match) -> None:
    """Says why an identifier leads to nobody, and on whose events it stands."""
    console = screen()
    console.print(Text.assemble((named(match.kind, match.value), "bold"), " is blocked: it joins nobody."))
    for word in reader.query("blocked", node=match.node):
        console.print(Text(f"Why: {why_blocked(word['blocked'])}"))
        if word["reason"]:
            console.print(
                Text(f"     “{safe(word['reason'])}”, {safe(word['actor'])}, {moment(word['decided_at'])}")
            )
    named_by = {row["customer_id"]: row["events"] for row in reader.query("blocked_on", node=match.node)}
    customers = tuple(customer for customer in named_by if customer)
    said = f"{counted(sum(named_by.values()), 'event')} of {counted(len(customers), 'customer')}"
    console.print(Text(f"It stands on {said}" + (":" if customers else ".")))
    if customers:
        _list(reader, customers[:MOST], "" if len(customers) <= MOST else f"the first {MOST}:")
