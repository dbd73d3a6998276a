"""`rundum init`: a new project.

Decides nothing: streams.settings knows what a project is. Must never overwrite one.
"""

from __future__ import annotations

from pathlib import Path

import click

from streams.settings import init_project


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a project: a folder with settings, a place for your own contracts, later store and log.

    \b
    Example:
      rundum init shop
    """
    project = init_project(folder)
    click.echo(f"{folder} is the project {project.name}; its settings are in {folder / 'rundum.toml'}.")
    click.echo(f"Go on with: cd {folder} && rundum ingest FILE --as shop/standard/order_placed")
