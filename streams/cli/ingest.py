"""`rundum ingest` and `rundum land`: files into the log, the log into the store.

Decides what people see of it. Must never lose a row, whenever it is stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import click

from sinks.duckdb.database import StoreBusy, StoreMissing
from streams.cli.layout import counts, progress
from streams.cli.preview import SHOWN, preview
from streams.cli.session import Session
from streams.house import House
from streams.ingest import Appended, Target, append_file, expand, find_target
from streams.inlet import Inlet
from streams.rejects import known_refusals
from streams.sources.files import size


def takes_files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a command take files, what a row of them is, and a map."""
    options = (
        click.argument("files", metavar="FILE...", nargs=-1, required=True),
        click.option("--as", "name", metavar="CHANNEL/SOURCE/EVENT", required=True,
                     help="What a row of the files is."),
        click.option("--map", "map_file", type=click.Path(path_type=Path), help="How columns fill the "
                     "contract; by default EVENT.map.toml beside it, else columns are named like fields."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@takes_files
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
            preview(file, target)
        return
    with session.house() as house:
        done = append_files(house.inlet, found, target, _known(house, name))
        try:
            landing = house.land()
        except StoreBusy as busy:
            click.echo(f"{busy}", err=True)
            click.echo(f"{done.rows:,} rows are in the log; they land with the next `rundum land` or ingest.")
            return
        click.echo(f"{done.rows:,} rows: {counts(landing, seen=done.known)}")


@click.command()
@click.pass_obj
def land(session: Session) -> None:
    """Land what waits in the log; every command that writes the store does so first.

    \b
    Example:
      rundum land
    """
    with session.house() as house:
        click.echo(counts(house.land()))


def _known(house: House, event_type: str) -> frozenset[str]:
    """The ids of rows that were refused before."""
    try:
        return known_refusals(house.reader, house.inlet, event_type)
    except (StoreMissing, StoreBusy):
        return frozenset()


def append_files(inlet: Inlet, files: list[Path], target: Target, known: frozenset[str]) -> Appended:
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
