"""`rundum guide`: what there is to ask for.

Decides how the guide is laid out. Must never say anything that the store does not.
"""

from __future__ import annotations

import click
from rich.text import Text

from schemas.conform import near
from streams.cli.session import Session
from streams.cli.words import safe, screen, table

OBJECTS = """
    SELECT object, any_value(description) FILTER ("column" IS NULL), count("column")
    FROM guide GROUP BY object ORDER BY object LIKE '%.%', object"""
COLUMNS = """
    SELECT "column", type, unit, meaning, pii, description
    FROM guide WHERE object = $object AND "column" IS NOT NULL"""


@click.command()
@click.argument("name", metavar="[OBJECT]", required=False)
@click.pass_obj
def guide(session: Session, name: str | None) -> None:
    """List what can be asked for in SQL, or the columns of one OBJECT.

    \b
    Example:
      rundum guide customers
    """
    with session.reading() as reader:
        objects = reader.rows(OBJECTS)
        names = [row[0] for row in objects]
        if name and name not in names:
            raise click.ClickException(f"there is no {name}; {near(name, names)}")
        if name:
            made = table("column", "type", "unit", "meaning", "pii", "what it says")
            found = reader.rows(COLUMNS, {"object": name})
        else:
            made, found = table("object", "what it holds", ">columns"), objects
    for row in found:
        made.add_row(*(Text(safe("" if cell is None else cell)) for cell in row))
    screen().print(made)
