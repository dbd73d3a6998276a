"""What every format of file is read into.

Decides nothing: only the shapes between the readers of formats and the filling of contracts. Must never hold
behaviour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from schemas.conform import Problem


class FileError(ValueError):
    """A file that cannot be read at all; the text is a sentence that names it."""

    def __init__(self, file: Path, reason: str) -> None:
        """`reason` goes on after the file's name: "is empty"."""
        super().__init__(f"{file} {reason}")
        self.file, self.reason = file, reason


class Found(NamedTuple):
    """One row before its contract is known. `cells` is None if it has none, and `problem` says why.

    `raw` is its text as it came, bytes that the encoding does not know replaced by U+FFFD. `content` is what
    the digest of a row is made of. `progress` is the share of the file read, 0 to 1.
    """

    raw: str
    cells: Mapping[str, Any] | None
    content: Any
    progress: float
    problem: Problem | None = None


@dataclass(frozen=True)
class Table:
    """An open file. `columns` is None where each row names its own (JSON Lines)."""

    columns: tuple[str, ...] | None
    rows: Iterator[Found]
