"""`rundum replay`: records that are to land again.

Decides what people see of it. Must never count as done what was not.
"""

from __future__ import annotations

import getpass
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from uuid import uuid4

import click

from schemas.catalogue import OWN
from schemas.conform import near
from sinks.gateway.access import Caller, DoorClosed
from streams.cli.layout import progress
from streams.cli.session import Session
from streams.house import House
from streams.pipeline import micros

PAUSE = 0.2
WHEN = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])
DONE = "SELECT records, landed, rejected FROM ops.replay WHERE event_id = ?"


@click.command()
@click.option("--source", required=True, metavar="CHANNEL/SOURCE", help="Whose records.")
@click.option("--from", "since", required=True, type=WHEN, help="Those that the log got from then on, UTC.")
@click.option("--reason", default="-", metavar="TEXT", help="Why, in a sentence for those who come later.")
@click.pass_obj
def replay(session: Session, source: str, since: datetime, reason: str) -> None:
    """Have records land again, such as those that no contract knew; what is known already counts once.

    \b
    Example:
      rundum replay --source shop/standard --from 2026-11-01
    """
    if source not in (sources := session.catalogue.sources):
        raise click.ClickException(f"no source is called {source}; {near(source, sorted(sources))}")
    event = session.catalogue.events[f"{OWN}/replay_requested"]
    datum = {
        "event_id": str(uuid4()),
        "occurred_at": datetime.now(UTC),
        "topic": sources[source].topic,
        "since": micros(since),
        "reason": reason,
        "actor": getpass.getuser(),
    }
    with session.house() as house:
        house.inlet.log.append([house.inlet.outgoing(event, datum)])
        house.land()
        records, landed, rejected = _await(session, house, str(datum["event_id"]))
    click.echo(f"{records:,} records read again: {landed:,} new, {rejected:,} rejected")


def _await(session: Session, house: House, event_id: str) -> tuple[int, int, int]:
    """Waits until a request was carried out, by whoever has the store; records, new events, rejects."""
    with progress("landing again", 1) as show:
        while not (found := house.reader.rows(DONE, [event_id])):
            with suppress(DoorClosed), closing(Caller(session.project.store)) as caller:
                _, done, total = caller.owner["replay"] or ("", 0, 1)
                show(done / max(total, 1), f"{done:,} of {total:,} records")
            time.sleep(PAUSE)
    records, landed, rejected = found[0]
    return records, landed, rejected
