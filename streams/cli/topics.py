"""`rundum topics` and `rundum lag`: what the topics hold, and how far the store is in them.

Decides how that is shown. Must never move a position without a person's word that records are lost.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import uuid4

import click
from rich.table import Table

from schemas.catalogue import OWN
from schemas.conform import near
from sinks.duckdb.database import StoreMissing
from streams.cli.session import Session
from streams.cli.words import screen
from streams.core.model import Place
from streams.inlet import older_inlets, open_inlet
from streams.owner import Owner
from streams.pipeline import utc_now
from streams.positions import accept as accepted
from streams.standing import FINE, Standing, standings


@click.group(invoke_without_command=True)
@click.pass_context
def topics(context: click.Context) -> None:
    """Show the topics: what they hold, how far they have landed, and whether they are still the same.

    \b
    Example:
      rundum topics
    """
    if context.invoked_subcommand is None:
        found = _standings(context.ensure_object(Session))
        grouped = [list(group) for _, group in groupby(found, key=lambda one: one.place.topic)]
        screen().print(_table("partitions", ((str(len(group)), group) for group in grouped)))


@click.command()
@click.pass_obj
def lag(session: Session) -> None:
    """Show how far each partition has landed, and what is left.

    \b
    Example:
      rundum lag
    """
    screen().print(_table("partition", ((str(one.place.partition), [one]) for one in _standings(session))))


@topics.command()
@click.argument("topic")
@click.option("--reason", required=True, metavar="TEXT", help="Why, in a sentence for those who come later.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def accept(session: Session, topic: str, reason: str, yes: bool) -> None:
    """Go on with a topic that has lost records before they landed, or was deleted and made anew.

    What is lost is lost; that it was is kept as an event. Stop the process that lands first.

    \b
    Example:
      rundum topics accept shop.standard --reason "Deleted by mistake."
    """
    if topic not in (known := session.catalogue.topics):
        raise click.ClickException(f"no source has the topic {topic}; {near(topic, known)}")
    if not yes:
        click.confirm(f"Go on with what {topic} holds now, without what it has lost?", abort=True)
    with ExitStack() as opened:
        inlet = opened.enter_context(open_inlet(session.project, session.catalogue))
        older = [*map(opened.enter_context, older_inlets(session.project, session.catalogue))]
        owner = opened.enter_context(Owner(session.project, session.catalogue, [*older, inlet]))
        moves = accepted(owner.store, inlet.log, topic, utc_now)
        event = inlet.catalogue.events[f"{OWN}/loss_accepted"]
        inlet.log.append([inlet.outgoing(event, _loss(place, move, reason)) for place, move in moves.items()])
    for place, (before, after) in moves.items():
        click.echo(f"{place.topic}/{place.partition} goes on at {after:,} instead of {before:,}")
    if not moves:
        click.echo(f"{topic} has lost nothing; nothing was changed")


def _standings(session: Session) -> list[Standing]:
    with open_inlet(session.project, session.catalogue) as inlet:
        try:
            with session.reading() as reader:
                return standings(inlet.log, reader)
        except StoreMissing:
            return standings(inlet.log, None)


def _table(second: str, groups: Iterable[tuple[str, list[Standing]]]) -> Table:
    """A row a group of places of one topic."""
    made = Table(box=None, header_style="dim")
    for name in ("topic", second, "start", "head", "landed", "left", "state"):
        made.add_column(name, justify="left" if name in ("topic", "state") else "right")
    for number, group in groups:
        sums = (
            sum(values)
            for values in zip(
                *((*one.ends, one.position, one.left) for one in group), strict=True
            )
        )  # fmt: skip
        states = sorted({one.state for one in group} - {FINE})
        made.add_row(
            group[0].place.topic, number, *(f"{value:,}" for value in sums), ", ".join(states) or FINE
        )
    return made


def _loss(place: Place, move: tuple[int, int], reason: str) -> dict[str, Any]:
    before, after = move
    return {
        "event_id": str(uuid4()),
        "occurred_at": datetime.now(UTC),
        "topic": place.topic,
        "partition": place.partition,
        "before": before,
        "after": after,
        "reason": reason,
        "actor": getpass.getuser(),
    }
