"""What every command is given: the project, its contracts, and its store once what waited has landed.

Decides which project a command means. Must never decide what becomes of a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import duckdb

from schemas.catalogue import Catalogue, load
from sinks.duckdb.database import StoreBusy, StoreError
from sinks.duckdb.store import Landing, Store
from streams.cli.layout import progress
from streams.ingest import Inlet
from streams.pipeline import Pipeline, drain, utc_now, waiting
from streams.settings import Project, SettingsError, find_project, loose_project, read_project

OUR_TABLES = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'ops' AND table_name = 'meta'"


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

    def inlet(self) -> Inlet:
        """The project's log, open for appending. Raises LogError."""
        return Inlet(self.project.log, self.catalogue)

    @contextmanager
    def landed(self, inlet: Inlet) -> Iterator[House]:
        """The store, open for writing, with all that waited in the log landed. Raises StoreError."""
        project = self.project
        store = Store(project.store, self.catalogue, memory_limit=project.memory_limit)
        try:
            house = House(inlet, Pipeline(store, inlet.registry))
            yield replace(house, found=house.land())
        finally:
            store.close()

    @contextmanager
    def house(self) -> Iterator[House]:
        """Log and store, open for writing, with all that waited landed. Raises LogError, StoreError."""
        with self.inlet() as inlet, self.landed(inlet) as house:
            yield house

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The store, open for reading only. Raises StoreError."""
        connection = _read_only(self.project.store, self.project.memory_limit)
        try:
            yield connection
        finally:
            connection.close()


@dataclass(frozen=True)
class House:
    """An open log and an open store, and the pipeline between them; `found` is what had waited."""

    inlet: Inlet
    pipeline: Pipeline
    found: Landing = field(default_factory=Landing)

    @property
    def store(self) -> Store:
        """The store."""
        return self.pipeline.store

    def land(self) -> Landing:
        """Lands all that waits in the log, showing progress; what became of it."""
        log, total = self.inlet.log, Landing()
        ahead = waiting(log, self.store.positions(log.id))
        with progress("landing", ahead) as show:
            show(0, "")
            for landing in drain(self.pipeline, log, utc_now):
                total += landing
                show(ahead - waiting(log, self.store.positions(log.id)), "")
        return total


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


def _read_only(path: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there yet"
        raise StoreError(f"the store {path} {what}; `rundum ingest` makes one, --store names another")
    try:
        config = {"memory_limit": memory_limit, "autoinstall_known_extensions": "false"}
        connection = duckdb.connect(str(path), read_only=True, config=dict(config))
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            raise StoreBusy(f"{path} is being written by another process; wait for it or stop it") from None
        raise StoreError(
            f"{path} is no DuckDB file, or is damaged; restore it, or name another by --store"
        ) from None
    if not connection.execute(OUR_TABLES).fetchall():
        connection.close()
        raise StoreError(f"{path} is a DuckDB file of another program; name Rundum's by --store")
    return connection
