"""The command line: `rundum COMMAND ...`.

Decides what people read when something fails. Must never show them a stack trace unless they ask for it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import duckdb

from schemas.catalogue import ContractError
from sinks.duckdb.database import StoreError
from streams.cli.demo import demo
from streams.cli.explain import explain
from streams.cli.ingest import ingest, land
from streams.cli.init import init
from streams.cli.people import block, merge, unmerge
from streams.cli.rejected import rejected
from streams.cli.rules import digest, rebuild, rules
from streams.cli.schemas import schemas
from streams.cli.session import Session, accept_places
from streams.cli.show import show
from streams.cli.sql import sql
from streams.log.protocol import LogError
from streams.registry import RegistryError
from streams.rejects import RejectError
from streams.settings import SettingsError
from streams.sources.files import FileError

FAILURES = (StoreError, LogError, RegistryError, ContractError, FileError, SettingsError, RejectError)
STOPS = (signal.SIGINT, signal.SIGTERM)


class Front(click.Group):
    """The outermost command: every failure becomes one sentence and an exit code."""

    def invoke(self, context: click.Context) -> Any:
        """Runs the command."""
        stopped: list[int] = []
        try:
            with _stoppable(stopped):
                return super().invoke(context)
        except BaseException as error:
            session = context.ensure_object(Session)
            if session.debug and not isinstance(error, click.exceptions.Exit | click.ClickException):
                raise
            if stopped:
                click.echo("stopped; nothing is lost, run the same command to go on", err=True)
                raise click.exceptions.Exit(128 + stopped[0]) from None
            if isinstance(error, FAILURES):
                raise click.ClickException(str(error)) from None
            if isinstance(error, duckdb.Error):
                said = str(error).strip().splitlines()[0]
                raise click.ClickException(f"the store {session.project.store} failed: {said}") from None
            raise


@contextmanager
def _stoppable(stopped: list[int]) -> Iterator[None]:
    """Within, Ctrl-C and SIGTERM are noted and raise KeyboardInterrupt, so that all is closed on the way."""

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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


for _command in (init, ingest, land, sql, show, explain, merge, unmerge, block, rejected,
                 schemas, rules, digest, rebuild, demo):  # fmt: skip
    main.add_command(_command)
accept_places(main)
