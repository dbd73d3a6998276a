"""`rundum api`: segments and customers for other programs, over HTTP.

Decides what people see of it, and that nobody is answered without a token. Must never open the store, nor
keep a token.
"""

from __future__ import annotations

import os
import sys
import threading

import click

from sinks.serving.accesses import to_file, to_stdout
from sinks.serving.api import make_api
from sinks.serving.copy import copy_of
from sinks.serving.reader import CopyMissing, CopyReader
from sinks.serving.server import Server
from sinks.serving.tokens import NAME, SCOPES, new_token, written
from streams.apis import token_line
from streams.cli.run import stoppable_by
from streams.cli.session import Session
from streams.settings import FILE, Project, SettingsError

LOOK_SECONDS = 1.0  # between two looks at whether there is a copy by now


@click.group()
def api() -> None:
    """Serve segments and customers to other programs, and make the tokens that they ask with.

    \b
    Example:
      rundum api token website --scope customers
      rundum api serve
    """


@api.command()
@click.option("--host", help="By default api.host of rundum.toml.")
@click.option("--port", type=click.IntRange(0, 65535), help="By default api.port; 0 takes a free one.")
@click.pass_obj
def serve(session: Session, host: str | None, port: int | None) -> None:
    """Answer from the serving copy that `rundum run` or `rundum worker` keeps, until stopped.

    It can be started first: until there is a copy it answers 503. Each access to personal data is a line of
    JSON on standard output, or in the file api.access_log. Ctrl-C or SIGTERM ends it within seconds.

    \b
    Example:
      rundum api serve
    """
    project, settings = session.project, session.project.api
    if not settings.grants:
        mend = "names nobody who may ask: run `rundum api token NAME` and add the line that it prints"
        raise SettingsError(project.root / FILE, "api.tokens", mend)
    reader = CopyReader(copy_of(project.store))
    write = to_file(settings.access_log) if settings.access_log else to_stdout
    app = make_api(reader, session.catalogue.kinds, settings.grants, write)
    host = host or settings.host
    try:
        server = Server(app, host, settings.port if port is None else port)
    except OSError as error:
        raise click.ClickException(_taken(project, host, error)) from None
    stop = threading.Event()
    with stoppable_by(stop):
        server.start(ended=stop.set)
        shown = f"[{server.host}]" if ":" in server.host else server.host
        _say(f"listening on http://{shown}:{server.port}/v1, described by /openapi.json")
        _tell_of(reader, stop)
        stop.wait()
        server.stop()
    reader.close()
    _say("stopped")
    sys.stdout.flush()
    os._exit(0)  # a thread that still answers somebody must not keep the process


@api.command()
@click.argument("name")
@click.option(
    "--scope", multiple=True, type=click.Choice(SCOPES), help="What it may ask for; by default all."
)
@click.option("--segment", "segments", multiple=True, help="A segment that it may see; by default all.")
@click.pass_obj
def token(session: Session, name: str, scope: tuple[str, ...], segments: tuple[str, ...]) -> None:
    """Make a token, shown this once, and the line for rundum.toml that lets it in.

    Taking the line out again shuts it out, once `rundum api serve` was started anew.

    \b
    Example:
      rundum api token newsletter --scope segments --segment newsletter_readers
    """
    if not NAME.fullmatch(name):
        raise click.ClickException("a name is letters, digits, - and _, such as shop_website")
    if any(grant.name == name for grant in session.project.api.grants):
        raise click.ClickException(
            f"there is a token {name} already; choose another name or take its line out"
        )
    made = new_token()
    click.echo(made)
    click.echo(
        f"Keep it now: it is stored nowhere. Add this to [api.tokens] in {session.project.root / FILE}:",
        err=True,
    )
    click.echo(token_line(name, written(made), scope, segments))


def _tell_of(reader: CopyReader, stop: threading.Event) -> None:
    """Says that there is no copy yet, and when there is one."""
    try:
        reader.standing()
        return
    except CopyMissing as missing:
        _say(f"answering 503 for now: {missing}")

    def look() -> None:
        while not stop.wait(LOOK_SECONDS):
            try:
                _say(f"the copy is there; last told something at {reader.standing().applied_at}")
            except CopyMissing:
                continue
            return

    threading.Thread(target=look, daemon=True).start()


def _taken(project: Project, host: str, error: OSError) -> str:
    mend = f"name another by --host and --port, or as api.host and api.port in {project.root / FILE}"
    return f"the API cannot listen on {host} ({error.strerror}); {mend}"


def _say(text: str) -> None:
    click.echo(text, err=True)  # standard output is for the log
