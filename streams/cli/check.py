"""`rundum check`: whether all is well, and what mends it where it is not.

Decides how findings are told. Must never mend anything that people have not been shown and agreed to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click
from rich.table import Table
from rich.text import Text

from streams.check import check_all
from streams.check.deep import check_derived
from streams.check.finding import Finding, State
from streams.check.repair import mend, plan, would
from streams.cli.layout import progress
from streams.cli.session import Session
from streams.cli.words import as_json, safe, screen

STYLES = {State.OK: "green", State.ADVICE: "yellow", State.WRONG: "bold red"}
WIDE = max(map(len, State)), 12  # columns of the state and of the name of a check


@click.command()
@click.option("--deep", is_flag=True, help="Derive everything again in a copy, and compare.")
@click.option("--repair", is_flag=True, help="Mend what can be mended without a backup; asks first.")
@click.option("--yes", is_flag=True, help="Do not ask before a repair.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def check(session: Session, deep: bool, repair: bool, yes: bool, form: str) -> None:
    """Read the whole store and log and say whether all is well. The exit code is 0 if nothing is WRONG.

    It works while `rundum run` has the store. Nothing is changed but with --repair, which says before what it
    would do, needs the store for itself, and never touches an event.

    \b
    Example:
      rundum check
      rundum check --deep --repair
    """
    if repair and form == "json":
        raise click.UsageError("--repair talks to people; leave out --format json")
    findings = _check(session, deep, form)
    if repair and _mend(session, findings, yes=yes):
        click.echo("\nChecked again:")
        findings = _check(session, deep, form)
    if any(finding.state == State.WRONG for finding in findings):
        raise click.exceptions.Exit(1)


def _check(session: Session, deep: bool, form: str) -> list[Finding]:
    """Every finding; told one by one, or as one document."""
    console, findings = screen(), []
    with progress("checking", 1) as show:
        for finding in _findings(session, deep):
            show(0, finding.check)
            findings.append(finding)
            if form == "text":
                console.print(_line(finding))
    wrong = sum(finding.state == State.WRONG for finding in findings)
    if form == "json":
        click.echo(as_json({"well": not wrong, "checks": [*map(asdict, findings)]}))
    elif wrong:
        click.echo(f"{wrong} of {len(findings)} checks found something wrong.")
    else:
        click.echo("All is well.")
    return findings


def _findings(session: Session, deep: bool) -> Iterator[Finding]:
    yield from check_all(session.project, session.catalogue)
    if deep:
        yield check_derived(session.project, session.catalogue, lambda *_: None)


def _line(finding: Finding) -> Table:
    """A finding: how it is, what must hold, and where it does not, the faults and the mend."""
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(width=WIDE[0], style=STYLES[finding.state])
    made.add_column(width=WIDE[1])
    made.add_column(overflow="fold")
    if finding.state == State.OK and len(finding.seen) == 1:
        lines = [Text(f"{finding.must} {finding.seen[0]}", style="dim")]
    else:
        style = "dim" if finding.state == State.OK else STYLES[finding.state]
        lines = [Text(finding.must), *(Text(safe(seen), style=style) for seen in finding.seen)]
    if finding.count > len(finding.seen):
        lines.append(Text(f"… {finding.count:,} in all", style=STYLES[finding.state]))
    if finding.mend:
        lines.append(Text(f"→ {finding.mend}"))
    made.add_row(finding.state, finding.check, Text("\n").join(lines))
    return made


def _mend(session: Session, findings: Sequence[Finding], *, yes: bool) -> bool:
    """Says what would be done about each finding, asks, and does it; whether anything was done."""
    planned = plan(findings)
    console = screen()
    for finding in findings:
        if finding.state != State.OK:
            console.print(Text(f"\n{finding.check}: {would(finding, planned)}"))
    if not planned:
        click.echo("\nThere is nothing to mend here.")
        return False
    if not (yes or _agreed()):
        return False
    for repair in planned:
        with progress(repair, 1) as show:
            said = mend(
                session.project, session.catalogue, repair,
                lambda done, total: show(done / max(total, 1), f"{done:,} events"),
            )  # fmt: skip
        click.echo(said)
    return True


def _agreed() -> bool:
    if not sys.stdin.isatty():
        click.echo("\nNothing was done; --yes does it.", err=True)
        return False
    return click.confirm("\nDo this?", default=False)
