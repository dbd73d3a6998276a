"""`rundum publish`: a snapshot for stock DuckDB clients.

Decides what people see of it. Must never end for one snapshot that failed, where more are asked for.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from sinks.duckdb.database import StoreError
from streams.cli.session import Session
from streams.cli.stopping import stop_if_asked
from streams.copying import BackupError, megabytes
from streams.publish import publish as published

LOOK = 0.5  # seconds between two looks whether it is to stop


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--every", metavar="MINUTES", type=click.FloatRange(min=0.05), help="Again and again.")
@click.pass_obj
def publish(session: Session, folder: Path, every: float | None) -> None:
    """Put a snapshot of the store into a folder, for any number of stock DuckDB clients to read.

    It takes the place of the last one in one step; the store is landed into meanwhile. It holds everything
    that the store holds, so guard the folder as you guard the store.

    \b
    Example:
      rundum publish /srv/snapshots --every 15
      duckdb -readonly /srv/snapshots/store.duckdb "FROM customers LIMIT 5"
    """
    while True:
        began = time.monotonic()
        try:
            file = published(session.project, folder)
        except (BackupError, StoreError) as failure:
            if every is None:
                raise
            click.echo(f"{_now()} {failure}", err=True)
        else:
            seconds = time.monotonic() - began
            click.echo(f"{_now()} {file}: {megabytes(file.stat().st_size)} in {seconds:.1f} s")
        if every is None:
            return
        while time.monotonic() - began < every * 60:
            stop_if_asked()
            time.sleep(LOOK)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
