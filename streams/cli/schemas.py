"""`rundum schemas`: check the contracts, show one, start a new one.

Decides how contracts are shown to people. Must never decide whether one is right; schemas.lint does.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Protocol

import click
from rich.console import Console, Group, RenderableType
from rich.json import JSON
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from schemas.catalogue import SHIPPED, Catalogue, ContractError, EventType, load
from schemas.conform import near
from schemas.evolution import compare, next_released, write_released
from schemas.examples import read_examples
from schemas.lint import Finding, lint
from schemas.meanings import Field, Mark, dotted
from schemas.scaffold import ScaffoldError, write_scaffold
from schemas.todo import find_todos
from streams.sources.files import FileError
from streams.sources.guess import guess
from streams.trial import try_examples

MODELS = SHIPPED.parent / "sinks" / "duckdb" / "models"


class WithSchemas(Protocol):
    """What these commands need of the project: its schemas folder, None outside a project."""

    schemas: Path | None


@click.group("schemas")
def schemas() -> None:
    """The contracts: what events may say.

    \b
    Example:
      rundum schemas check
    """


@schemas.command()
@click.option("--release", is_flag=True, help="Record the contracts of today as released, if all is well.")
@click.pass_obj
def check(project: WithSchemas, release: bool) -> None:
    """Check every contract, and that it can still read what earlier versions wrote.

    Prints each broken rule as file: place: problem; mend, and ends with 1 if one must be mended.

    \b
    Example:
      rundum schemas check --release
    """
    catalogue = _load(project)
    roots = [SHIPPED, *([project.schemas] if project.schemas else [])]
    try:
        findings = lint(catalogue, MODELS if MODELS.is_dir() else None)
        findings += [finding for root in roots for finding in compare(root, catalogue.events.values())]
    except ContractError as error:
        raise click.ClickException(str(error)) from None
    errors = [finding for finding in findings if finding.level == "error"]
    if not errors:
        findings += (errors := _tried(project, catalogue))
    root = roots[-1]
    todos = find_todos(event for event in catalogue.events.values() if event.file.is_relative_to(root))
    findings += todos
    for finding in findings:
        click.echo(_line(finding))
    click.echo(
        f"{len(catalogue.events)} contracts, {len(errors)} to mend, {len(findings) - len(errors)} advised."
    )
    if errors:
        raise click.exceptions.Exit(1)
    if release and todos:
        raise click.ClickException(f"not released, for {len(todos)} TODO are left; settle them first")
    if release:
        click.echo(
            f"Released: {_near_here(write_released(root, next_released(root, catalogue.events.values())))}"
        )


def _tried(project: WithSchemas, catalogue: Catalogue) -> list[Finding]:
    """What the project's own examples give otherwise than they promise; without a project all examples."""
    mine = [
        event
        for event in catalogue.events.values()
        if project.schemas is None or event.file.is_relative_to(project.schemas)
    ]
    try:
        return try_examples(catalogue, mine)
    except ContractError as error:
        raise click.ClickException(str(error)) from None


@schemas.command()
@click.argument("event")
@click.pass_obj
def show(project: WithSchemas, event: str) -> None:
    """Show one contract: what it says, who answers for it, its fields and examples.

    \b
    Example:
      rundum schemas show shop/standard/order_placed
    """
    catalogue = _load(project)
    if event not in catalogue.events:
        names = sorted(catalogue.events)
        raise click.ClickException(f"no contract is called {event}; {near(event, names)}")
    try:
        Console().print(page(catalogue.events[event]))
    except ContractError as error:
        raise click.ClickException(str(error)) from None


@schemas.command()
@click.argument("event", metavar="CHANNEL/SOURCE/EVENT")
@click.option("--from", "sample", metavar="FILE", type=click.Path(path_type=Path),
              help="Guess it from a file of such events: CSV, TSV, JSON Lines, Parquet or Avro.")  # fmt: skip
@click.pass_obj
def new(project: WithSchemas, event: str, sample: Path | None) -> None:
    """Start a contract: its source, schema, examples and map, ready to edit.

    What was guessed, and what only you can know, is marked TODO; `rundum schemas check` lists what is left.

    \b
    Example:
      rundum schemas new loyalty/app/points_earned --from points.jsonl
    """
    if project.schemas is None:
        raise click.ClickException(
            "no project here; make one with `rundum init DIR`, or name it by --project DIR"
        )
    try:
        guessed = guess(sample, event, _load(project)) if sample else None
        files = write_scaffold(project.schemas, event, guessed.draft if guessed else None)
    except (ScaffoldError, FileError) as error:
        raise click.ClickException(str(error)) from None
    for file in files:
        click.echo(_near_here(file))
    for note in guessed.notes if guessed else ():
        click.echo(note)
    click.echo("Settle what is marked TODO; `rundum schemas check` lists it.")
    if sample:
        click.echo(f"See its rows by: rundum ingest {shlex.quote(str(sample))} --as {event} --dry-run")


def _load(project: WithSchemas) -> Catalogue:
    try:
        return load([project.schemas] if project.schemas else [])
    except ContractError as error:
        raise click.ClickException(str(error)) from None


def _line(finding: Finding) -> str:
    where = ": ".join(part for part in (_near_here(finding.file), finding.place) if part)
    advice = "advice: " if finding.level == "advice" else ""
    return f"{where}: {advice}{finding.problem}; {finding.mend}"


def _near_here(file: Path) -> str:
    """A path as seen from the working directory, if it is below."""
    here = Path.cwd()
    return os.path.relpath(file) if file.is_relative_to(here) else str(file)


def page(event: EventType) -> Group:
    """One page about a contract."""
    source = event.source
    about = Table.grid(padding=(0, 2))
    about.add_column(style="dim")
    about.add_column()
    for label, text in (
        ("Source", f"{source.name}: {source.title}"),
        ("Owner", f"{source.owner}, {source.contact}"),
        ("Purpose", source.purpose),
        ("Legal basis", source.legal_basis),
        ("Kept", source.retention),
        ("Table", event.table),
        ("File", _near_here(event.file)),
    ):
        about.add_row(label, Text(text))
    parts: list[RenderableType] = [
        Text(event.name, style="bold"),
        Text(event.doc),
        Text(),
        about,
        Text(),
        _fields(event),
    ]
    for example in read_examples(event):
        parts += [
            Text(f"\nExample, line {example.line}", style="bold"),
            Padding(JSON.from_data(example.event), (0, 2)),
        ]
        if example.rejected:
            parts.append(Text(f"  rejected: {example.rejected['field']}: {example.rejected['reason']}"))
    return Group(*parts)


def _fields(event: EventType) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("Field", "Type", "Meaning", "Unit", "PII", "What it says"):
        table.add_column(title, overflow="fold")
    for field in event.fields:
        marks = [
            mark for mark in event.marks if mark.path[: len(field.path)] == field.path and _on(field, mark)
        ]
        table.add_row(
            Text(field.name),
            Text(field.type + (", optional" if field.nullable else "")),
            Text("\n".join(_meaning(mark) for mark in marks)),
            Text("\n".join(dict.fromkeys(_unit(mark) for mark in marks if _unit(mark)))),
            Text("" if field.pii == "none" else field.pii),
            Text(field.doc),
        )
    return table


def _on(field: Field, mark: Mark) -> bool:
    """Whether a mark sits on this field rather than on one inside it."""
    return set(mark.path[len(field.path) :]) <= {"[]"}


def _meaning(mark: Mark) -> str:
    return f"{mark.meaning}:{mark.name}" if mark.name else mark.meaning


def _unit(mark: Mark) -> str:
    if "currency" in mark.options:
        return f"minor units of {dotted(mark.options['currency'])}"
    return str(mark.options.get("unit", ""))
