"""`rundum rules`, `rundum digest`, `rundum rebuild`: what makes the store, what it says, made again.

Decides how rules and digests are shown. Must never decide which columns count; the SQL of the digests does.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict

import click

from schemas.conform import near
from sinks.duckdb.digest import Digests
from sinks.duckdb.digest import digest as digest_of
from sinks.duckdb.rebuild import rebuild as rebuild_store
from sinks.duckdb.sql import scripts
from streams.cli.layout import progress
from streams.cli.session import Session
from streams.core.facts import facts_of
from streams.rules import FOLDER, rule

FACTS = ("trait_fact", "measure_fact", "consent_fact")
PARTS = re.compile(r"'(?P<part>\w+)'(?: AS part)?,\s+to_json\(\{(?P<pairs>.*?)\}\)", re.DOTALL)


@click.command()
@click.argument("event", required=False)
@click.pass_obj
def rules(session: Session, event: str | None) -> None:
    """Print the rules as SQL: the fold, and what the marks of the contracts (or of one EVENT) generate.

    \b
    Example:
      rundum rules shop/standard/order_placed
    """
    events = session.catalogue.events
    if event and event not in events:
        raise click.ClickException(f"no contract is called {event}; {near(event, sorted(events))}")
    if not event:
        for file in sorted(FOLDER.glob("*.sql")):
            click.echo(f"-- {file.name}\n{rule(file.stem)}")
    for name in [event] if event else sorted(events):
        facts = facts_of(events[name], events[name].table, session.catalogue.traits)
        for table in FACTS:
            for select in facts.of(table):
                click.echo(f"-- {name} -> {table}\n{select};\n")


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def digest(session: Session, form: str) -> None:
    """Print the store's digests: equal for equal events, however and in whatever order they came.

    Digests compare only between stores with the same rules and the same secret.

    \b
    Example:
      rundum digest --format json
    """
    with session.reading() as reader:
        found = digest_of(reader, session.catalogue)
    columns = counting()
    if form == "json":
        click.echo(json.dumps({**asdict(found), "columns": columns}, indent=2))
        return
    _print(found)
    click.echo("\nWhat counts:")
    for part, names in columns.items():
        click.echo(f"  {part:<11} {', '.join(names)}")


@click.command()
@click.pass_obj
def rebuild(session: Session) -> None:
    """Derive everything again from the events, check that it says the same, and swap it in.

    \b
    Example:
      rundum rebuild
    """
    with progress("rebuilding", 1) as show:
        before, after = rebuild_store(
            session.project.store,
            session.catalogue,
            lambda done, total: show(done / max(total, 1), f"{done:,} events"),
            memory_limit=session.project.memory_limit,
        )
    click.echo("Before:")
    _print(before)
    click.echo("After:")
    _print(after)
    if before == after:
        click.echo("Equal.")
    else:
        click.echo("The rules have changed; what follows from the events is now as they say.")


def counting() -> dict[str, list[str]]:
    """The columns that count for the digests, by part."""
    found = {"event": ["every column of its contract", "extra"]}
    for one in scripts("digests"):
        for match in PARTS.finditer(one.text):
            found[match["part"]] = re.findall(r"'(\w+)':", match["pairs"])
    return found


def _print(found: Digests) -> None:
    for part, text in asdict(found).items():
        click.echo(f"  {part:<11} {text}")
