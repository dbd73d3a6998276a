"""`rundum ingest --dry-run`: the first rows of a file, each beside the event that it would become.

Decides how they look. Must never append a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from rich.text import Text

from schemas.conform import jsonable
from streams.cli.words import safe, screen
from streams.ingest import Target
from streams.sources.files import Row, rows

SHOWN = 20
LONGEST = 60  # characters of one value
INDENT = 8


def preview(file: Path, target: Target) -> None:
    """Show the first rows as they came and below each its fields, or why it is refused.

    Raises FileError, MapError.
    """
    first = list(islice(rows(file, target.map, target.event), SHOWN))
    console = screen()
    console.print(Text(f"{file.name} as {target.event.name}; nothing was kept", style="bold"))
    for row in first:
        label = f"row {row.number}".ljust(INDENT)
        console.print(Text(cut(label + safe(row.raw), console.width)))
        for text in _below(row, target):
            for line in text.wrap(console, console.width - INDENT):
                line.rstrip()
                console.print(Text(" " * INDENT) + line)
    refused = sum(row.datum is None for row in first)
    console.print(Text(f"{len(first)} rows shown, {refused} of them refused.", style="bold"))


def cut(text: str, width: int) -> str:
    """A text of at most `width` characters; what is left out shows as an ellipsis."""
    return text if len(text) <= width else text[: width - 1] + "…"


def _below(row: Row, target: Target) -> Iterator[Text]:
    """What became of a row: its fields that hold something in a line, or its problems, one a line."""
    if row.datum is None:
        yield from (Text(safe(str(problem)), style="red") for problem in row.problems)
        return
    event = jsonable(target.event.schema, row.datum)
    filled = ((name, _shown(value)) for name, value in event.items() if value is not None)
    pairs = (Text.assemble((f"{name}=", "dim"), value) for name, value in filled)
    yield Text("  ").join(pairs)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return cut(safe(text), LONGEST)
