"""The command line: `rundum COMMAND ...`.

Decides what people read when something fails. Must never show them a stack trace unless they ask for it.
"""

from __future__ import annotations

from typing import Any

import click
import duckdb

from schemas.catalogue import ContractError
from sinks.duckdb.database import StoreError
from sinks.duckdb.reader import QueryError
from streams.cli.backup import backup, restore
from streams.cli.check import check
from streams.cli.demo import demo
from streams.cli.explain import explain
from streams.cli.guide import guide
from streams.cli.ingest import ingest, land
from streams.cli.init import init
from streams.cli.people import block, merge, unmerge
from streams.cli.produce import produce
from streams.cli.publish import publish
from streams.cli.rejected import rejected
from streams.cli.replay import replay
from streams.cli.rules import digest, rebuild, rules
from streams.cli.run import run
from streams.cli.schemas import schemas
from streams.cli.session import Session, accept_places
from streams.cli.show import show
from streams.cli.sources import sources
from streams.cli.sql import sql
from streams.cli.stopping import stoppable
from streams.cli.tail import tail
from streams.cli.topics import lag, topics
from streams.cli.upgrade import upgrade
from streams.cli.worker import worker
from streams.copying import BackupError
from streams.log.protocol import LogError
from streams.registry.protocol import RegistryError
from streams.rejects import RejectError
from streams.settings import SettingsError
from streams.sources.files import FileError

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


for _command in (init, run, worker, ingest, land, produce, sql, guide, show, explain, tail, sources, check,
                 merge, unmerge, block, rejected, topics, lag, replay, schemas, rules, digest, rebuild,
                 publish, backup, restore, upgrade, demo):  # fmt: skip
    main.add_command(_command)
accept_places(main)
