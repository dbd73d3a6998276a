"""`rundum merge`, `rundum unmerge`, `rundum block`: what people know better than any event.

Decides how a decision is asked for and told. Must never guess which identifier is meant.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import click
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from sinks.duckdb.changes import Changes
from sinks.duckdb.customer import briefs, find
from sinks.duckdb.reader import Reader, Row
from streams.cli.session import Session
from streams.cli.show import tell_unknown
from streams.cli.words import (
    counted,
    heading,
    moment,
    name_of,
    named,
    safe,
    screen,
    short,
    table,
    why_blocked,
    why_refused,
)  # fmt: skip
from streams.decisions import (
    CANNOT,
    MUST,
    NONE,
    Identifier,
    Words,
    blocking,
    constrain,
    identifier,
    standing,
)  # fmt: skip
from streams.decisions import (
    block as block_one,
)
from streams.house import House
from streams.pipeline import utc_now

SHOWN = 20  # changed links listed
Command = TypeVar("Command", bound=Callable[..., Any])
UNDO = {MUST: "merge", CANNOT: "unmerge"}
SAID = {MUST: "are one customer", CANNOT: "are two customers", NONE: "are left to the events again"}


def _words(command: Command) -> Command:
    """The options that every decision takes."""
    undo = click.option("--undo", is_flag=True, help="Take the decision back; what events say holds again.")
    reason = click.option(
        "--reason", required=True, metavar="TEXT", help="Why, in a sentence for those who come later."
    )
    return reason(undo(command))


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@_words
@click.pass_obj
def merge(session: Session, a: str, b: str, reason: str, undo: bool) -> None:
    """Make two identifiers one customer, whatever limits say.

    A and B are identifiers: kind:value, or plain where only one kind is meant. The decision is an event like
    any other: it is kept in the log, holds for good, and is taken back with --undo.

    \b
    Example:
      rundum merge email:anna@example.de customer_no:0048213 --reason "Confirmed by telephone."
    """
    _constrain(session, (a, b), MUST, reason, undo)


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@_words
@click.pass_obj
def unmerge(session: Session, a: str, b: str, reason: str, undo: bool) -> None:
    """Keep two identifiers apart: two customers, whatever events say.

    A and B are given as for `rundum merge`. Every other identifier goes with the side that its strongest link
    leads to; what each side then holds is shown.

    \b
    Example:
      rundum unmerge email:anna@example.de "phone:030 23125 099" --reason "Mother and daughter."
    """
    _constrain(session, (a, b), CANNOT, reason, undo)


@click.command()
@click.argument("one", metavar="IDENTIFIER")
@_words
@click.pass_obj
def block(session: Session, one: str, reason: str, undo: bool) -> None:
    """Let an identifier join nobody: a shared address, a kiosk, a placeholder.

    IDENTIFIER is kind:value, or plain where only one kind is meant. Its events stay and find their customer
    by the other identifiers that they name.

    \b
    Example:
      rundum block device_id:c2a9e0b4-6f7d-4a55 --reason "Tablet in the shop."
    """
    with session.house() as house:
        house.land()
        meant = _meant(house, one)
        _check_block(house.reader, meant, undo)
        before = _labels(house.reader, [meant])
        found = block_one(house, meant, not undo, _said(reason))
        console = screen()
        verdict = "may join again" if undo else "joins nobody from now on"
        console.print(Text.assemble((named(meant.kind, meant.value), "bold"), f" {verdict}."))
        _tell(console, house, found, before)
        if not undo:
            _tell_undo(console, f"rundum block {_typed(meant)}")


def _constrain(session: Session, names: tuple[str, str], verdict: str, reason: str, undo: bool) -> None:
    with session.house() as house:
        house.land()
        left, right = (_meant(house, text) for text in names)
        _check_pair(house.reader, (left, right), verdict, undo)
        before = _labels(house.reader, [left, right])
        said = NONE if undo else verdict
        found = constrain(house, (left, right), said, _said(reason))
        console = screen()
        pair = Text.assemble(
            (named(left.kind, left.value), "bold"), " and ", (named(right.kind, right.value), "bold")
        )
        console.print(pair + Text(f" {SAID[said]}."))
        _tell(console, house, found, before)
        if not undo:
            console.print(_held(house, (left, right), verdict))
            _tell_undo(console, f"rundum {UNDO[verdict]} {_typed(left)} {_typed(right)}")


def _meant(house: House, text: str) -> Identifier:
    """The one identifier that a text means. A customer's id means the identifier that names the customer."""
    kinds, reader = house.catalogue.kinds, house.reader
    prefix, colon, rest = text.partition(":")
    if colon and prefix in kinds:
        return identifier(reader, kinds[prefix], rest)
    found = find(reader, kinds, text)
    if not found.matches:
        tell_unknown(reader, found)
        click.echo("Write it as kind:value to decide about it before any event names it.", err=True)
        raise click.exceptions.Exit(1)
    if len(found.matches) > 1:
        meanings = ", ".join(named(match.kind, match.value) for match in found.matches)
        raise click.ClickException(f"{safe(text)!r} can mean {meanings}; write it as kind:value")
    match = found.matches[0]
    return Identifier(match.kind, match.value, match.node, match.blocked)


def _check_pair(reader: Reader, pair: tuple[Identifier, Identifier], verdict: str, undo: bool) -> None:
    """Refuses what cannot hold, before anything is written."""
    left, right = pair
    if (left.kind, left.value) == (right.kind, right.value):
        raise click.ClickException(f"both are {named(left.kind, left.value)}; name two identifiers")
    last = standing(reader, left, right)
    if undo:
        told = last["verdict"] if last else NONE
        if told == verdict:
            return
        mend = f"; `rundum {UNDO[told]} --undo` takes back that they {SAID[told]}" if told in UNDO else ""
        raise click.ClickException(
            f"nobody has decided that the two {SAID[verdict]}; nothing to take back{mend}"
        )
    for one in pair:
        if why := _why_blocked(reader, one):
            raise click.ClickException(f"{named(one.kind, one.value)} is blocked and joins nobody: {why}")


def _check_block(reader: Reader, one: Identifier, undo: bool) -> None:
    last = blocking(reader, one)
    is_blocked = bool(last and last["blocked"])
    if undo and not is_blocked:
        why = _why_blocked(reader, one)
        rest = f"; {why}, which only the file can change" if why else ""
        raise click.ClickException(
            f"nobody has blocked {named(one.kind, one.value)}; nothing to take back{rest}"
        )
    if not undo and (why := _why_blocked(reader, one)):
        raise click.ClickException(f"{named(one.kind, one.value)} joins nobody already: {why}")


def _why_blocked(reader: Reader, one: Identifier) -> str:
    """Why an identifier joins nobody; empty where it may."""
    last = blocking(reader, one)
    if last and last["blocked"]:
        return f"“{safe(last['reason'])}” ({safe(last['actor'])}, {moment(last['occurred_at'])})"
    return why_blocked(one.blocked) if one.blocked else ""


def _labels(reader: Reader, named_ones: list[Identifier]) -> dict[str, str]:
    """What the customers of some identifiers are called now."""
    found = [row for one in named_ones for row in reader.query("find_node", node=one.node)]
    customers = {row["customer_id"] for row in found} - {None}
    return {row["customer_id"]: name_of(row) for row in briefs(reader, customers)}


def _said(reason: str) -> Words:
    if not reason.strip():
        raise click.ClickException(
            "--reason: give a sentence; whoever looks at this customer later will read it"
        )
    return Words(reason.strip(), getpass.getuser(), utc_now())


def _tell(console: Console, house: House, found: Changes, before: Mapping[str, str]) -> None:
    """What changed: customers before and after, links whose outcome is another."""
    was, now = found.customers("before"), found.customers("after")
    if not was and not now:
        console.print(Text("No customer changed.", style="dim"))
    else:
        names = {row["customer_id"]: name_of(row) for row in briefs(house.reader, now)}
        console.print(heading("Before", counted(len(was), "customer")))
        for part in _customers(was, before, names):
            console.print(part)
        console.print(heading("Now", counted(len(now), "customer")))
        for part in _customers(now, names, names):
            console.print(part)
        alone = [row for row in found.nodes if not row["after"]]
        if alone:
            names_of_alone = ", ".join(named(row["kind"], row["value"]) for row in alone)
            console.print(Text(f"Nobody's now: {names_of_alone}", style="yellow"))
    if found.edges:
        console.print(heading(f"{counted(len(found.edges), 'link')} judged otherwise"))
        console.print(_links(house, found.edges))


def _customers(
    groups: Mapping[str, list[Row]], names: Mapping[str, str], fallback: Mapping[str, str]
) -> Iterator[RenderableType]:
    for customer, members in groups.items():
        called = names.get(customer) or fallback.get(customer) or ""
        yield Text.assemble(
            (short(customer), "bold"), f"  {called}  ", (counted(len(members), "identifier"), "dim")
        )
        listed = ", ".join(named(row["kind"], row["value"]) for row in members)
        yield Padding(Text(listed), (0, 0, 0, 10), expand=False)


def _links(house: House, edges: list[Row]) -> RenderableType:
    made = table("link", "was", "is")
    for edge in edges[:SHOWN]:
        link = f"{named(edge['kind_a'], edge['value_a'])} ─ {named(edge['kind_b'], edge['value_b'])}"
        made.add_row(Text(link), *(Text(_outcome(house, edge[when])) for when in ("before", "after")))
    if len(edges) > SHOWN:
        made.add_row(
            Text(f"and {len(edges) - SHOWN:,} more; rundum explain shows all of a customer's"), "", ""
        )
    return made


def _outcome(house: House, outcome: str | None) -> str:
    if outcome is None:
        return "no link"
    if outcome in ("joined", "within"):
        return "joins" if outcome == "joined" else "joined by others"
    return f"refused: {why_refused(outcome, house.catalogue.kinds)}"


def _held(house: House, pair: tuple[Identifier, Identifier], verdict: str) -> Text:
    """Whether the decision has the effect that it names."""
    last = standing(house.reader, *pair)
    outcome = last["outcome"] if last else "absent"
    if outcome == "absent":
        return Text("\nNo event has named both yet; the decision holds as soon as they do.", style="yellow")
    if verdict == MUST and outcome == CANNOT:
        return Text("\nIt does not hold yet: other decisions keep the two sides apart.", style="red")
    if verdict == CANNOT:
        return Text(
            "\nThe two stay apart. Others went with the side that their strongest link leads to.", style="dim"
        )
    return Text("\nThe two stay one customer, whatever limits say.", style="dim")


def _tell_undo(console: Console, command: str) -> None:
    console.print(Text(f"Taken back by: {command} --undo --reason TEXT", style="dim"))


def _typed(one: Identifier) -> str:
    """An identifier as it is typed in a shell."""
    text = named(one.kind, one.value)
    return f"'{text}'" if any(char in text for char in " \"'$`\\*?;&|<>()") else text
