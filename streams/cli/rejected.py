"""`rundum rejected`: what was refused, why, and its way back.

Decides how rejects are shown. Must never send one twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import click
from rich.table import Table
from rich.text import Text

from streams.cli.layout import counts, text_of
from streams.cli.session import Session
from streams.cli.words import safe, screen, table
from streams.core.model import REASONS
from streams.house import House
from streams.inlet import open_inlet
from streams.log.protocol import Outgoing
from streams.rejects import contents, find_groups, find_rejects, row_of
from streams.resend import repair as repaired
from streams.resend import replayable, translated

SHOWN_BYTES = 256
SHOWN_IDS = 5
MENDS = {
    "not_framed": "let the producer write Confluent's frame; the record cannot be mended here",
    "empty": "let the producer send events, not tombstones",
    "too_large": "let the producer send less at once, or repair it with shorter fields",
    "schema_unknown": "register the writer's schema, then `rundum rejected replay {id}`",
    "schema_refused": "let the producer mend its schema",
    "contract_unknown": "add the contract to schemas/, then `rundum rejected replay {id}`",
    "not_decodable": "`rundum rejected repair {id} --set FIELD=VALUE` with every field, or resend it",
    "field_invalid": "`rundum rejected repair {id} --set {field}=VALUE`",
    "no_identifier": "`rundum rejected repair {id} --set FIELD=VALUE` with an identifier",
    "not_storable": "`rundum rejected repair {id} --set FIELD=VALUE`, and please report it",
    "fatal": "please report it, with its bytes; `rundum rejected replay {id}` once Rundum is mended",
    "input_refused": "`rundum rejected repair {id} --set {field}=VALUE`, or mend the file and ingest it",
}


@click.group()
def rejected() -> None:
    """Records that could not become events: list, show, repair and replay them.

    A reject is resolved once it was repaired or replayed; what was sent then is a record of its own.

    \b
    Example:
      rundum rejected list
    """


@rejected.command("list")
@click.option("--all", "resolved_too", is_flag=True, help="Resolved ones too.")
@click.pass_obj
def list_(session: Session, resolved_too: bool) -> None:
    """List the open rejects by reason and field, the most frequent first.

    \b
    Example:
      rundum rejected list --all
    """
    with session.reading() as reader:
        groups = find_groups(reader, resolved_too)
    made = table(">count", ">open", "reason", "event type", "field", "numbers")
    for group in groups:
        numbers = ", ".join(map(str, group.ids[:SHOWN_IDS])) + (", …" if len(group.ids) > SHOWN_IDS else "")
        still = group.total - group.resolved
        cells = (group.total, still, group.reason, group.event_type, group.field, numbers)
        made.add_row(*(Text(safe(text_of(cell))) for cell in cells))
    if groups:
        screen().print(made)
    click.echo(f"{sum(group.total - group.resolved for group in groups):,} open.")


@rejected.command()
@click.argument("number", metavar="ID", type=int)
@click.pass_obj
def show(session: Session, number: int) -> None:
    """Show a reject: where it came from, why it was refused, what it holds, and what to do.

    \b
    Example:
      rundum rejected show 1
    """
    with session.reading() as reader, open_inlet(session.project, session.catalogue) as inlet:
        reject = translated(reader, inlet, find_rejects(reader, [number])[0])
        parts = {"The row as it came": safe(row_of(inlet, reject)), "What it says": contents(inlet, reject)}
    mend = MENDS[reject.reason].format(id=number, field=reject.field or "FIELD")
    grid = Table.grid(padding=(0, 2))
    for label, text in (
        ("Reject", f"{number}{', resolved' if reject.resolved else ''}"),
        ("Place", f"{reject.topic}/{reject.partition}, offset {reject.offset}, log {reject.log_id}"),
        ("Received", f"{reject.received_at.isoformat(' ')} UTC"),
        ("Event type", reject.event_type or "unknown"),
        ("Reason", f"{reject.reason}: {REASONS[reject.reason]}"),
        ("Says", reject.detail or ""),
        ("Field", reject.field or "the whole record"),
        ("Expected", reject.expected or ""),
        ("Got", reject.got or ""),
        ("Mend", mend),
    ):
        grid.add_row(Text(label, style="dim"), Text(safe(text)))
    console = screen()
    console.print(grid)
    parts["Bytes"] = _hex(reject.value or b"")
    for title, part in parts.items():
        if part:
            console.print(Text(f"\n{title}", style="bold"))
            click.echo(part if isinstance(part, str) else json.dumps(part, indent=2, ensure_ascii=False))


@rejected.command()
@click.argument("number", metavar="ID", type=int)
@click.option("--set", "sets", metavar="FIELD=VALUE", multiple=True, required=True,
              help="A field by its path (lines.0.sku) and its value, JSON or text; repeatable.")  # fmt: skip
@click.pass_obj
def repair(session: Session, number: int, sets: tuple[str, ...]) -> None:
    """Send a reject again with some fields mended.

    \b
    Example:
      rundum rejected repair 1 --set currency=EUR
    """
    pairs = [text.partition("=") for text in sets]
    for path, equals, _ in pairs:
        if not equals or not path:
            raise click.UsageError(f"--set {path}: write FIELD=VALUE")
    with session.house() as house:
        reject = translated(house.reader, house.inlet, find_rejects(house.reader, [number])[0])
        if reject.resolved:
            click.echo(f"Reject {number} is resolved already; nothing was sent.")
            return
        values = {path: value for path, _, value in pairs}
        _send(house, repaired(house.inlet, reject, values, datetime.now(UTC)))


@rejected.command()
@click.argument("numbers", metavar="[ID]...", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every open reject that would land now.")
@click.pass_obj
def replay(session: Session, numbers: tuple[int, ...], everything: bool) -> None:
    """Send rejects again as they were, once a contract, a registry or Rundum has changed.

    \b
    Example:
      rundum rejected replay --all
    """
    if bool(numbers) == everything:
        raise click.UsageError("give the numbers of rejects, or --all")
    with session.house() as house:
        found = find_rejects(house.reader, None if everything else numbers)
        unresolved = [reject for reject in found if not reject.resolved]
        records, faults = replayable(house.reader, house.inlet, unresolved)
        for fault in faults:
            click.echo(fault, err=True)
        _send(house, records)
    if faults and not everything:
        raise click.exceptions.Exit(1)


def _send(house: House, records: Sequence[Outgoing]) -> None:
    house.inlet.log.append(records)
    landing = house.land()
    click.echo(f"{len(records) // 2:,} sent again, each with a note of it: {counts(landing)}")


def _hex(value: bytes) -> str:
    lines = [value[at : at + 16].hex(" ") for at in range(0, min(len(value), SHOWN_BYTES), 16)]
    more = [f"… {len(value):,} bytes in all"] if len(value) > SHOWN_BYTES else []
    return "\n".join(lines + more)
