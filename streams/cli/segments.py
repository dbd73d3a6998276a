"""`rundum segments` and `rundum traits`: definitions tried, shown, applied and ended.

Decides what people see of it. Must never apply what was not shown.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence

import click
from rich.console import Console
from rich.text import Text

from schemas.catalogue import ContractError
from schemas.conform import near
from sinks.duckdb.customer import briefs
from sinks.duckdb.database import StoreMissing
from sinks.duckdb.definitions import SEGMENT, TRAIT, Definition, find_files
from sinks.duckdb.reader import Reader, Row
from streams.cli.layout import text_of
from streams.cli.membership import explain_membership
from streams.cli.session import Session
from streams.cli.words import counted, heading, moment, name_of, safe, screen, short, table
from streams.decisions import Words
from streams.definitions import Effect, apply, await_standing, check, definitions_in, effect, time_of
from streams.pipeline import utc_now

PATIENCE = 60.0  # seconds to wait for a process that has the store to look at everybody
REASON = click.option("--reason", default="-", metavar="TEXT", help="Why, for those who come later.")


@click.group()
def segments() -> None:
    """Groups of customers by definition: SQL files in the project's folder segments/, and twelve that ship.

    \b
    Example:
      rundum segments preview lost
      rundum segments apply lost --reason "Winback campaign."
    """


@click.group()
def traits() -> None:
    """Traits computed from what customers did: SQL files in the project's folder traits/, and four that ship.

    \b
    Example:
      rundum traits apply interests
    """


def _command(kind: str, name: str, example: str) -> Callable[[Callable[..., None]], click.Command]:
    """Adds a command to the group of a kind, with an example in its help."""

    def add(run: Callable[..., None]) -> click.Command:
        group = segments if kind == SEGMENT else traits
        text = f"{run.__doc__}\n\n\b\nExample:\n  rundum {group.name} {example}\n"
        return group.command(name, help=text)(run)

    return add


def _add(kind: str) -> None:
    names = click.argument("names", metavar="[NAME]...", nargs=-1)
    one = "lost" if kind == SEGMENT else "interests"

    @_command(kind, "list", "list")
    @click.pass_obj
    def list_(session: Session) -> None:
        """What there is: files, what of them is applied, how many it found, and what went wrong."""
        _list(session, kind)

    @_command(kind, "check", "check")
    @names
    @click.pass_obj
    def check_(session: Session, names: tuple[str, ...]) -> None:
        """Say whether files can be applied, and whether they can be live."""
        _check(session, kind, names)

    @_command(kind, "preview", f"preview {one}")
    @click.argument("name")
    @click.pass_obj
    def preview(session: Session, name: str) -> None:
        """Show what a file would find and change; nothing is written."""
        (definition,) = definitions_in(kind, session.project.root, [name])
        with session.reading() as reader:
            shown = effect(reader, session.catalogue, definition, time_of(reader, utc_now()))
            _show_effect(screen(), reader, definition, shown)

    @_command(kind, "apply", f"apply {one} --reason 'Spring campaign.'")
    @names
    @click.option("--all", "everything", is_flag=True, help="All files, those that ship too.")
    @REASON
    @click.pass_obj
    def apply_(session: Session, names: tuple[str, ...], everything: bool, reason: str) -> None:
        """Have files hold from now on, without a restart; says what that changes."""
        if bool(names) == everything:
            raise click.UsageError("give names, or --all")
        _apply(session, kind, definitions_in(kind, session.project.root, names), reason)

    @_command(kind, "end", f"end {one} --reason 'The campaign is over.'")
    @click.argument("names", metavar="NAME...", nargs=-1, required=True)
    @REASON
    @click.pass_obj
    def end(session: Session, names: tuple[str, ...], reason: str) -> None:
        """Have them hold no longer: everybody leaves. What was stays on record."""
        _end(session, kind, names, reason)


for _kind in (SEGMENT, TRAIT):
    _add(_kind)


@segments.command()
@click.argument("name")
@click.argument("customer")
@click.pass_obj
def explain(session: Session, name: str, customer: str) -> None:
    """Why a customer is in a segment, or is not, and when they were.

    \b
    Example:
      rundum segments explain lost anna@example.de
    """
    with session.reading() as reader:
        explain_membership(session, reader, name, customer)


def _list(session: Session, kind: str) -> None:
    files = find_files(kind, session.project.root)
    standing: dict[str, Row] = {}
    try:
        with session.reading() as reader:
            standing = {row["name"]: row for row in reader.query("definitions", kind=kind)}
    except StoreMissing:
        pass  # the files can be shown without
    made = table("name", "looked at", ">customers", "state", "what")
    for column in made.columns[:-1]:
        column.no_wrap = True
    for name in sorted({*files, *standing}):
        row = standing.get(name)
        try:
            known = definitions_in(kind, session.project.root, [name])[0] if name in files else None
            told, when = (known.description if known else "its file is gone"), _when(known)
        except ContractError as error:
            known, told, when = None, str(error), "cannot be read"
        made.add_row(name, when, f"{row['members']:,}" if row else "", _state(row, known), Text(safe(told)))
    console = screen()
    console.print(made)
    for row in standing.values():
        if row["error"]:
            console.print(Text(f"{row['name']}: {safe(row['error'])}; what held before stands", style="red"))


def _when(known: Definition | None) -> str:
    if known is None:
        return ""
    every = f"{known.every}".removesuffix(":00:00").removesuffix(", 0")
    if known.is_live:
        return "live" if known.every is None else f"live, all every {_span(known)}"
    return f"every {_span(known)}" if every else ""


def _span(known: Definition) -> str:
    minutes = int(known.every.total_seconds() // 60) if known.every else 0
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes % size == 0:
            return unit if minutes == size else f"{minutes // size} {unit}s"
    return f"{minutes} minutes"


def _state(row: Row | None, known: Definition | None) -> Text:
    if row is None or row["version"] is None:
        return Text("not applied", style="dim")
    if row["error"]:
        return Text("failed", style="red")
    if row["holds"] != row["version"]:
        return Text("is looked at", style="yellow")
    if known and known.version != row["version"]:
        return Text("file changed since", style="yellow")
    return Text(f"since {moment(row['applied_at'])}", style="green")


def _check(session: Session, kind: str, names: Sequence[str]) -> None:
    files = find_files(kind, session.project.root)
    read, faults = [], []
    for name in names or sorted(files):
        try:
            read += definitions_in(kind, session.project.root, [name])
        except ContractError as error:
            faults.append(str(error))
    tried = check(session.catalogue, read)
    for one in read:
        if one.key in tried:
            faults.append(f"{files[one.name]}: {tried[one.key]}")
        elif one.statement.wide and not one.is_live:
            click.echo(f"{one.name}: every {_span(one)}; cannot be live: {one.statement.wide}")
        else:
            click.echo(f"{one.name}: {_when(one)}{'' if one.is_live else '; could be live'}")
    if faults:
        raise click.ClickException("\n".join(faults))


def _show_effect(console: Console, reader: Reader, definition: Definition, shown: Effect) -> None:
    console.print(heading(definition.name, f"{definition.description} ({definition.owner})"))
    noun = "value" if definition.kind == TRAIT else "customer"
    console.print(f"at {moment(shown.now)} UTC: {counted(shown.size, noun)}; against what holds now, "
                  f"{shown.entering:,} come in and {shown.leaving:,} go out")  # fmt: skip
    if shown.overlaps:
        made = table("also in", ">customers", ">of its")
        for row in shown.overlaps:
            made.add_row(Text(row["segment"]), f"{row['shared']:,}", f"{row['members']:,}")
        console.print(made)
    if shown.sample:
        names = {str(row["customer_id"]): name_of(row) for row in briefs(reader, _ids(shown.sample))}
        columns = [name for name in shown.sample[0] if name != "customer_id"]
        made = table("customer", "name", *columns)
        for row in shown.sample:
            one, told = str(row["customer_id"]), [row[name] for name in columns]
            made.add_row(
                short(one), *(Text(safe(cell)) for cell in (names.get(one, ""), *map(text_of, told)))
            )
        console.print(made)


def _ids(rows: Sequence[Row]) -> list[str]:
    return [str(row["customer_id"]) for row in rows]


def _apply(session: Session, kind: str, definitions: list[Definition], reason: str) -> None:
    if faults := check(session.catalogue, definitions):
        raise click.ClickException("\n".join(f"{name}: {why}" for (_, name), why in faults.items()))
    words = Words(reason, getpass.getuser(), utc_now())
    with session.house() as house:
        house.land()
        before = {row["name"]: row for row in house.reader.query("definitions", kind=kind)}
        changed = [one for one in definitions if _is_news(before.get(one.name), one)]
        for one in definitions:
            if one not in changed:
                click.echo(f"{one.name} holds already")
        if not changed:
            return
        apply(house, {one.key: one.whole for one in changed}, words)
        standing = await_standing(lambda: house.reader, {one.key: one.version for one in changed}, PATIENCE)
    found = {row["name"]: row for row in standing if row["kind"] == kind}
    for one in changed:
        _tell_applied(one.name, before.get(one.name), found.get(one.name))


def _is_news(row: Row | None, one: Definition) -> bool:
    return row is None or row["version"] != one.version


def _tell_applied(name: str, before: Row | None, now: Row | None) -> None:
    had = before["members"] if before else 0
    if now is None:
        click.echo(
            f"{name} is applied; everybody is looked at yet, `rundum segments list` shows when it is done"
        )
    elif now["error"]:
        click.echo(
            f"{name} is applied, but gives no answer: {now['error']}; what held before stands", err=True
        )
    else:
        click.echo(f"{name}: {had:,} customers before, {now['members']:,} now")


def _end(session: Session, kind: str, names: Sequence[str], reason: str) -> None:
    with session.house() as house:
        house.land()
        known = {row["name"] for row in house.reader.query("definitions", kind=kind) if row["version"]}
        for name in names:
            if name not in known:
                raise click.ClickException(f"{name} is not applied; {near(name, sorted(known))}")
        words = Words(reason, getpass.getuser(), utc_now())
        apply(house, dict.fromkeys([(kind, name) for name in names]), words)
    click.echo(f"{', '.join(names)}: ended; everybody leaves")
