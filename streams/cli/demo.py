"""`rundum demo`: a generated shop, from nothing to a customer's whole picture.

Decides what is shown first. Must never touch a folder that is not a demo's.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click
from rich.table import Table

from sinks.duckdb.reader import Reader
from streams.cli.layout import counts, progress
from streams.cli.session import Session
from streams.cli.show import print_customer
from streams.cli.words import heading, screen, table
from streams.ingest import APPENDED_AT_ONCE
from streams.inlet import Inlet
from streams.log.protocol import Outgoing
from streams.settings import FILE, SettingsError, init_project, read_project

FOLDER = Path("build/demo")
NAME = "demo"
INTERESTING = """
    SELECT customer_id FROM customers WHERE kind = 'person'
    ORDER BY (orders > 1)::INT + (returns > 0)::INT + (open_complaints > 0)::INT DESC,
        len(identifiers) DESC, email
    LIMIT 1"""
LEDGER = """
    SELECT topic, sum(accepted), sum(landed), sum(superseded), sum(rejected), sum(duplicate), sum(suppressed),
        CASE WHEN bool_and(balanced) THEN 'yes' ELSE 'NO' END
    FROM ops.conservation GROUP BY topic ORDER BY topic"""
ON = """
Go on with:{activate}
  cd {folder}
  rundum sql "FROM guide"
  rundum sql "FROM customers WHERE orders > 3 ORDER BY revenue_net DESC LIMIT 10"
  rundum segments apply --all && rundum segments list
  rundum kpi revenue --by month
  rundum rejected list
  rundum digest
"""


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=FOLDER)
@click.pass_obj
def demo(session: Session, folder: Path) -> None:
    """Make a project with a generated shop: 300 people, half a year, 10,000 events.

    \b
    Example:
      rundum demo build/demo
    """
    _clear(folder)
    init_project(folder)
    session.folder = folder
    console = screen()
    with session.house() as house:
        count = _append(house.inlet)
        click.echo(f"{count:,} events of a generated shop: {counts(house.land())}.")
        console.print(heading("One of its customers"))
        print_customer(console, house.reader, house.reader.value(INTERESTING))
        console.print(heading("Where every record went"))
        console.print(_ledger(house.reader))
    click.echo(ON.format(folder=folder, activate=_activate()).rstrip())


def _activate() -> str:
    """What makes the shell find `rundum`, if it does not yet."""
    script = Path(sys.prefix) / "bin" / "activate"
    if shutil.which("rundum") or not script.exists():
        return ""
    return f"\n  source {os.path.relpath(script)}"


def _clear(folder: Path) -> None:
    """Removes the demo of last time, and nothing else."""
    if not folder.exists():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not _is_demo(folder)):
        raise SettingsError(folder, "", "holds something that is no demo; name a new folder")
    shutil.rmtree(folder)


def _is_demo(folder: Path) -> bool:
    return (folder / FILE).is_file() and read_project(folder).name == folder.absolute().name == NAME


def _append(inlet: Inlet) -> int:
    """Appends the shop's events at the times they arrived; how many they are."""
    from streams.sources.synthetic import DEMO, generate  # Faker takes a third of a second to import

    records: list[Outgoing] = []
    count = 0
    with progress("a shop lives half a year", DEMO.events) as show:
        for event in generate(DEMO):
            contract = inlet.catalogue.events[event.type]
            records.append(inlet.outgoing(contract, event.datum, at=event.appended_at))
            count += 1
            if len(records) == APPENDED_AT_ONCE:
                inlet.log.append(records)
                records.clear()
            show(count, f"{count:,} events")
        inlet.log.append(records)
    return count


def _ledger(reader: Reader) -> Table:
    made = table(
        "topic", ">accepted", ">landed", ">superseded", ">rejected", ">duplicate", ">suppressed", "balanced"
    )
    for topic, *numbers, balanced in reader.rows(LEDGER):
        made.add_row(topic, *(f"{number:,}" for number in numbers), balanced)
    return made
