"""`rundum backup` and `rundum restore`: a project as it was, elsewhere.

Decides how that is told. Must never decide what belongs to a backup.
"""

from __future__ import annotations

from pathlib import Path

import click

from sinks.duckdb.database import VERSION
from streams.backup import Manifest, back_up
from streams.cli.session import Session
from streams.copying import megabytes
from streams.restore import restore as restore_project


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_obj
def backup(session: Session, folder: Path) -> None:
    """Copy the whole project (store, log, settings, contracts) to a new folder, while others go on.

    The copy is of one moment, and its digests are compared with the store's before DIR appears.

    \b
    Example:
      rundum backup /mnt/backups/2026-03-01
    """
    manifest = back_up(session.project, session.catalogue, folder)
    size = sum((folder / name).stat().st_size for name in manifest.files)
    click.echo(f"{folder} holds {held(manifest)}; {megabytes(size)} in {len(manifest.files)} files.")
    for name in manifest.left_out:
        click.echo(f"Left out: {name}, a link to elsewhere.")
    for part, text in manifest.digests.items():
        click.echo(f"  {part:<11} {text}")
    click.echo("Checked: these are the digests of the copy and of the store.")


@click.command()
@click.argument("backup", metavar="BACKUP", type=click.Path(path_type=Path))
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
def restore(backup: Path, folder: Path) -> None:
    """Make the project of a backup in DIR (by default here), where none is yet.

    \b
    Example:
      rundum restore /mnt/backups/2026-03-01 shop
    """
    manifest, project = restore_project(backup, folder)
    click.echo(f"{folder} is the project {project.name} as of {manifest.made_at}: {held(manifest)}.")
    if manifest.store_version < VERSION:
        click.echo(
            f"Its store is of version {manifest.store_version}; go on with: cd {folder} && rundum upgrade"
        )
    else:
        click.echo(f"Checked: its digests are those of the backup. Go on with: cd {folder} && rundum land")


def held(manifest: Manifest) -> str:
    """What a backup has, in a line."""
    counts = manifest.counts
    log = f"{counts['log_records']:,} records of the log, {counts['waiting']:,} of them waiting to land"
    return f"{counts['events']:,} events and {log}"
