"""`rundum produce`: files onto Kafka topics, for whoever lands them.

Decides what people see of it. Must never wait for anything to land.
"""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import click

from streams.cli.ingest import append_files, takes_files
from streams.cli.session import Session
from streams.ingest import expand, find_target
from streams.inlet import open_inlet
from streams.settings import grown
from streams.sources.files import size


@click.command()
@takes_files
@click.pass_obj
def produce(session: Session, files: tuple[str, ...], name: str, map_file: Path | None) -> None:
    """Put files (CSV, TSV, fixed width, JSON Lines, Parquet, Avro) on Kafka, as framed Avro.

    Takes the same files and maps as `rundum ingest`, needs no store, and does not wait until they land. A row
    that does not fit travels too, as one that was refused. Stopped, it can be run again: events land once.

    \b
    Example:
      rundum produce CDNOW_master.txt --as shop/cdnow/purchase
    """
    project = grown(session.project, None, None)
    target = find_target(session.catalogue, name, map_file)
    found = expand(files)
    for file in found:
        size(file)
    began = monotonic()
    with open_inlet(project, session.catalogue) as inlet:
        done = append_files(inlet, found, target, frozenset())
    rate = done.rows / max(monotonic() - began, 0.001)
    click.echo(f"{done.rows:,} rows on topic {target.event.source.topic}, {rate:,.0f} a second")
