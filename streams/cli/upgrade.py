"""`rundum upgrade`: a store that an older Rundum made, brought up to date, and back.

Decides how the plan is told, and asks. Must never begin unasked.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path

import click

from sinks.duckdb.database import VERSION
from sinks.duckdb.digest import Digests
from sinks.duckdb.upgrade import Changes
from streams.cli.layout import progress
from streams.cli.session import Session
from streams.copying import megabytes
from streams.restore import put_back, read_manifest
from streams.settings import Project
from streams.upgrade import last_backup, new_backup, plan
from streams.upgrade import upgrade as upgrade_project

SHOWN = 5


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--undo", is_flag=True, help="Put the store back that was there before the last upgrade.")
@click.option("--backup", metavar="DIR", type=click.Path(path_type=Path),
              help="Where the backup goes, or is; by default in the project's folder `backups`.")  # fmt: skip
@click.pass_obj
def upgrade(session: Session, yes: bool, undo: bool, backup: Path | None) -> None:
    """Bring the store up to date with this Rundum: say what changes, back up, change, compare.

    \b
    Example:
      rundum upgrade
    """
    project = session.project
    if undo:
        _undo(project, backup or last_backup(project), yes)
        return
    changes = plan(project, session.catalogue)
    if not changes:
        click.echo(f"{project.store} is of version {VERSION} and up to date.")
        return
    folder = backup or new_backup(project)
    _tell(project, changes, folder)
    _ask("Upgrade?", yes)
    with progress("upgrading", 1) as show:
        before, after = upgrade_project(
            project,
            session.catalogue,
            folder,
            lambda done, total: show(done / max(total, 1), f"{done:,} events"),
        )
    _compare(before, after)
    click.echo(
        f"{project.store} is of version {VERSION}. Back again: rundum upgrade --undo --backup {folder}"
    )


def _undo(project: Project, backup: Path, yes: bool) -> None:
    manifest = read_manifest(backup)
    click.echo(
        f"{project.store} becomes what it was at {manifest.made_at} (version {manifest.store_version}); what "
        "has landed since waits in the log."
    )
    _ask("Put it back?", yes)
    put_back(backup, manifest, project)
    click.echo(f"{project.store} is of version {manifest.store_version} again.")


def _tell(project: Project, changes: Changes, backup: Path) -> None:
    """Says what will be done."""
    size = project.store.stat().st_size
    click.echo(f"{project.store}: version {changes.version}, {megabytes(size)}; this Rundum has {VERSION}.")
    for words in changes.steps:
        click.echo(f"  Changes: {words}")
    for what, names in (("New", changes.new), ("Changed", changes.changed)):
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            click.echo(f"  {what} contracts: {', '.join(names[:SHOWN])}{more}")
    if changes.rules:
        click.echo(f"  Other rules ({changes.rules}): everything is derived again from the events.")
    free = shutil.disk_usage(project.store.parent).free
    copies = 3 if changes.rules else 2
    click.echo(f"  Needs about {megabytes(copies * size)} for a while, {megabytes(free)} are free.")
    click.echo(f"  Backup first: {backup}")


def _ask(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.ClickException("nothing was changed; give --yes to go on")
    click.confirm(question, abort=True)


def _compare(before: Digests, after: Digests) -> None:
    later = asdict(after)
    for part, text in asdict(before).items():
        click.echo(f"  {part:<11} {text}")
        if later[part] != text:
            click.echo(f"  {'':<11} {later[part]} now")
    if replace(after, rules=before.rules) == before:
        click.echo("Equal before and after.")
    else:
        click.echo("Contracts or rules have changed; what follows from the events is now as they say.")
