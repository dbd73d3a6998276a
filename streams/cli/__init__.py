"""The command line: `rundum COMMAND ...`.

Decides what people read when something fails. Must never show them a stack trace unless they ask for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
import duckdb

from schemas.catalogue import ContractError
from sinks.duckdb.database import StoreError, leave_pandas_out
from sinks.duckdb.reader import QueryError
from streams.cli.session import Session, accept_places
from streams.cli.stopping import stoppable
from streams.copying import BackupError
from streams.log.protocol import LogError
from streams.registry.protocol import RegistryError
from streams.rejects import RejectError
from streams.settings import SettingsError
from streams.sources.files import FileError

# Each command and the module that has it, imported when it is called: what one needs keeps no other waiting.
COMMANDS = {
    "init": "init", "run": "run", "worker": "worker", "ingest": "ingest", "land": "ingest",
    "produce": "produce", "sql": "sql", "guide": "guide", "kpi": "kpi", "show": "show", "explain": "explain",
    "tail": "tail", "sources": "sources", "check": "check", "merge": "people", "unmerge": "people",
    "segments": "segments", "traits": "segments", "destinations": "destinations",
    "block": "people", "rejected": "rejected", "topics": "topics", "lag": "topics", "replay": "replay",
    "schemas": "schemas", "rules": "rules", "digest": "rules", "rebuild": "rules", "publish": "publish",
    "backup": "backup", "restore": "backup", "upgrade": "upgrade", "demo": "demo", "api": "api",
}  # fmt: skip
FAILURES = (
    StoreError,
    QueryError,
    LogError,
    RegistryError,
    ContractError,
    FileError,
    SettingsError,
    RejectError,
    BackupError,
)


class Front(click.Group):
    """The outermost command: every failure becomes one sentence and an exit code."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """A command by its name; None if there is none."""
        if name in COMMANDS and name not in self.commands:
            command: click.Command = getattr(import_module(f"streams.cli.{COMMANDS[name]}"), name)
            accept_places(command)
            self.add_command(command)
        return super().get_command(context, name)

    def invoke(self, context: click.Context) -> Any:
        """Runs the command."""
        session = context.ensure_object(Session)
        with stoppable() as asked:
            try:
                return super().invoke(context)
            except (click.exceptions.Exit, click.ClickException):
                raise
            except BaseException as error:
                if session.debug:
                    raise
                if asked:
                    click.echo("stopped; nothing is lost, run the same command to go on", err=True)
                    raise click.exceptions.Exit(128 + asked[0]) from None
                raise _said(error) from None


def _said(error: BaseException) -> BaseException:
    """A failure as a sentence; what is no failure of the world stays as it is."""
    if isinstance(error, FAILURES):
        return click.ClickException(str(error))
    if isinstance(error, duckdb.Error):
        first = str(error).strip().splitlines()[0]
        return click.ClickException(f"the store failed: {first}")
    return error


@click.group(cls=Front)
@click.version_option(package_name="rundum")
@click.pass_context
def main(context: click.Context) -> None:
    """Rundum: what customers did, who they are, and what follows from it, in one file that you own.

    \b
    Example:
      rundum init shop && cd shop
      rundum ingest ~/CDNOW_master.txt --as shop/cdnow/purchase
      rundum sql "FROM customers ORDER BY revenue_net DESC LIMIT 5"
    """
    context.ensure_object(Session)


accept_places(main)


def start() -> None:
    """What the shell calls: the command line in a process of its own."""
    leave_pandas_out()
    main()
