"""SQL from files: one object or step a file, its documentation in its comments.

Decides how a file's comments become COMMENTs in the store. Must never run SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
DECLARED = re.compile(r'^\s*"?(?P<name>\w+)"?\s+[A-Z][^-]*?,?\s+--\s(?P<doc>.+)$')
SELECTED = re.compile(r'\bAS\s+"?(?P<name>\w+)"?,?\s+--\s(?P<doc>.+)$')


@dataclass(frozen=True)
class Script:
    """One SQL file: its name, its text, the comment at its head and those behind its columns."""

    name: str
    text: str
    doc: str
    columns: dict[str, str]


@cache
def script(folder: str, name: str) -> Script:
    """One file of a folder of this package."""
    return read_script(FOLDER / folder / f"{name}.sql")


def scripts(folder: str) -> list[Script]:
    """Every file of a folder of this package, by name."""
    return [read_script(file) for file in sql_files(folder)]


def sql_files(folder: str) -> list[Path]:
    """The paths of every file of a folder of this package, by name."""
    return sorted((FOLDER / folder).glob("*.sql"))


def read_script(file: Path) -> Script:
    """A file with its documentation taken apart."""
    lines = file.read_text("utf-8").splitlines()
    head = []
    for line in lines:
        if not line.startswith("--"):
            break
        head.append(line.removeprefix("--").strip())
    columns = {}
    for line in lines[len(head) :]:
        found = SELECTED.search(line) or DECLARED.search(line)
        if found:
            columns[found["name"]] = found["doc"].strip()
    return Script(file.stem, "\n".join(lines) + "\n", " ".join(head), columns)


def literal(text: str) -> str:
    """Text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
