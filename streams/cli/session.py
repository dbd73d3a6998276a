"""What every command is given: the project, its contracts, its log and its store.

Decides which project a command means. Must never decide what becomes of a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import click

from schemas.catalogue import Catalogue, load
from sinks.duckdb.reader import Reader
from sinks.gateway.access import Access
from streams.cli.layout import progress
from streams.house import House
from streams.settings import Project, SettingsError, find_project, loose_project, read_project


@dataclass
class Session:
    """One run of the command line. `folder` and `store_file` are what --project and --store say."""

    folder: Path | None = None
    store_file: Path | None = None
    debug: bool = False

    @cached_property
    def project(self) -> Project:
        """The project that the command is about. Raises SettingsError."""
        folder = self.folder or find_project(Path.cwd())
        if folder:
            project = read_project(folder)
            return replace(project, store=self.store_file) if self.store_file else project
        if self.store_file:
            return loose_project(self.store_file)
        mend = "is in no project; make one with `rundum init DIR`, or give --project or --store"
        raise SettingsError(Path.cwd(), "", mend)

    @property
    def schemas(self) -> Path | None:
        """The project's own contracts; None outside any project too."""
        return self.project.schemas if self.folder or find_project(Path.cwd()) else None

    @cached_property
    def catalogue(self) -> Catalogue:
        """The contracts that ship and the project's own. Raises ContractError."""
        return load([self.schemas] if self.schemas else [])

    @contextmanager
    def house(self) -> Iterator[House]:
        """The project's log and store; what is appended is landed by `land`. Raises LogError, StoreError."""
        with progress("landing", 1) as show:
            told = partial(_tell, show)
            with House(self.project, self.catalogue, told) as house:
                yield house

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Asks the store, whoever has it open. Raises StoreError."""
        project = self.project
        with Access(project.store, project.memory_limit, project.limits) as access:
            yield access.reader


def _tell(show: Callable[[float, str], None], done: int, total: int, word: str) -> None:
    show(done / max(total, 1), f"{done:,} of {total:,} records, {word}")


def accept_places(command: click.Command) -> None:
    """Lets a command and all below it take --project, --store and --debug."""
    command.params += [
        click.Option(["--project"], metavar="DIR", callback=_remember("folder"), **_PLACE,
                     help="The project's folder; by default the nearest with a rundum.toml, upwards."),
        click.Option(["--store"], metavar="FILE", callback=_remember("store_file"), **_PLACE,
                     help="Another store than the project's."),
        click.Option(["--debug"], is_flag=True, callback=_remember("debug"), expose_value=False,
                     help="Show where in the program an error arose."),
    ]  # fmt: skip
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            accept_places(inner)


_PLACE: dict[str, Any] = {"type": click.Path(path_type=Path), "expose_value": False}


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def remember(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            setattr(context.ensure_object(Session), name, value)

    return remember
