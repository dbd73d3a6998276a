"""`rundum ingest` and `rundum land`: files into the log, the log into the store.

Decides what people see of it. Must never lose a row, whenever it is stopped.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import monotonic

import click
from rich.text import Text

from schemas.conform import jsonable
from sinks.duckdb.database import StoreBusy
from streams.cli.layout import counts, progress
from streams.cli.session import Session
from streams.cli.words import safe, screen, table
from streams.ingest import Appended, Inlet, Target, append_file, expand, find_target
from streams.rejects import known_refusals
from streams.sources.files import rows, size

SHOWN = 20


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--as", "name", metavar="CHANNEL/SOURCE/EVENT", required=True, help="What a row of the files is."
)
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="How columns fill the contract; "
              "by default EVENT.map.toml beside it, else columns are named like fields.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help=f"Show what would become of the first {SHOWN} rows.")
@click.pass_obj
def ingest(session: Session, files: tuple[str, ...], name: str, map_file: Path | None, dry_run: bool) -> None:
    """Read files (CSV, TSV, fixed width, JSON Lines, Parquet, Avro) into the store.

    Each row becomes an event; a row that does not fit is kept as a reject (`rundum rejected list`). Nothing
    is lost when it is stopped, and what is there already is not added again: run it again to go on.

    \b
    Example:
      rundum ingest CDNOW_master.txt --as shop/cdnow/purchase
    """
    target = find_target(session.catalogue, name, map_file)
    found = expand(files)
    for file in found:
        size(file)
    if dry_run:
        for file in found:
            _show(file, target)
        return
    with session.inlet() as inlet, ExitStack() as stack:
        try:
            house = stack.enter_context(session.landed(inlet))
        except StoreBusy as busy:
            done = _append(inlet, found, target, frozenset())
            click.echo(f"{busy}", err=True)
            click.echo(f"{done.rows:,} rows are in the log; they land with the next `rundum land` or ingest.")
            return
        done = _append(inlet, found, target, known_refusals(house.store.database.connection, inlet, name))
        click.echo(f"{done.rows:,} rows: {counts(house.land(), seen=done.known)}")


@click.command()
@click.pass_obj
def land(session: Session) -> None:
    """Land what waits in the log; every command that writes the store does so first.

    \b
    Example:
      rundum land
    """
    with session.inlet() as inlet, session.landed(inlet) as house:
        click.echo(counts(house.found))


def _append(inlet: Inlet, files: list[Path], target: Target, known: frozenset[str]) -> Appended:
    """Appends every file's rows, with progress; how many they were."""
    began, total = monotonic(), Appended(0, 0, 0.0)
    with progress("reading", len(files)) as show:
        for index, file in enumerate(files):
            part = total
            for done in append_file(inlet, file, target, datetime.now(UTC), known):
                part = Appended(total.rows + done.rows, total.known + done.known, index + done.progress)
                rate = part.rows / max(monotonic() - began, 0.001)
                show(part.progress, f"{part.rows:,} rows, {rate:,.0f} a second")
            total = part
    return total


def _show(file: Path, target: Target) -> None:
    """The first rows as they would be appended, and what speaks against the others."""
    first = list(islice(rows(file, target.map, target.event), SHOWN))
    good = {row.number: jsonable(target.event.schema, row.datum) for row in first if row.datum is not None}
    names = [
        name for name in target.event.arrow.names if any(datum[name] is not None for datum in good.values())
    ]
    made = table(">row", *names)
    for row in first:
        if row.number in good:
            cells = (good[row.number][name] for name in names)
            made.add_row(str(row.number), *(Text(safe("" if cell is None else cell)) for cell in cells))
    console = screen()
    console.print(Text(f"{file.name} as {target.event.name}; nothing was kept", style="bold"))
    if good:
        console.print(made)
    for row in first:
        for problem in row.problems:
            console.print(Text(safe(f"row {row.number}: {problem}")))
