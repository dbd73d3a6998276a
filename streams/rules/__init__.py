"""The fold as SQL: facts of a batch, and how they join what is known. One statement or step a file.

Decides the names under which the files are found. Must never run them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def rule(name: str) -> str:
    """The SQL of one rule."""
    return (FOLDER / f"{name}.sql").read_text("utf-8")


@cache
def all_rules() -> str:
    """The text of every rule, in the order of their names: part of the rules' fingerprint."""
    return "\n".join(file.read_text("utf-8") for file in sorted(FOLDER.glob("*.sql")))
