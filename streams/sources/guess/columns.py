"""Rows of a sample -> columns, those inside nested records too.

Decides which values belong together and which say nothing. Must never judge what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.sources.guess.names import LONGEST, Way

NULL_WORDS = frozenset({
    "NULL", "null", "\\N", "N/A", "n/a", "#N/A", "#NV", "NaN", "nan", "None", "nil", "-", "--", "k.A.",
    "k. A.",
})  # fmt: skip
DEEPEST = 5


@dataclass(frozen=True)
class Column:
    """One column: `way` leads to it, more than one step into nested records. `values` are those not null.

    `rows` counts the rows in which its record is there. `parts` are the columns of a nested record, which has
    no values of its own.
    """

    way: Way
    values: tuple[Any, ...]
    rows: int
    parts: tuple[Column, ...] = field(default=())

    @property
    def is_full(self) -> bool:
        """Whether every row has a value."""
        return len(self.values) == self.rows

    @property
    def is_unique(self) -> bool:
        """Whether no two rows have the same value."""
        return self.is_full and len({str(value).strip() for value in self.values}) == self.rows

    @property
    def name(self) -> str:
        """The name as a map writes it: `address.city`."""
        return ".".join(self.way)

    @property
    def title(self) -> str:
        """The name for people: printable and short."""
        return printable(self.name)

    @property
    def is_usable(self) -> bool:
        """Whether a map can name it."""
        try:
            self.name.encode()
        except UnicodeEncodeError:
            return False
        alone = len(self.way) == 1 and not self.parts
        return all(step.strip() and (alone or "." not in step) for step in self.way)


def printable(text: str) -> str:
    """A text without characters that a terminal or a reader of lines would obey, cut if long."""
    shown = "".join(char if char.isprintable() else " " for char in text).strip()
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def columns_of(rows: Sequence[Mapping[str, Any]], is_text: bool) -> list[Column]:
    """The columns of rows, in the order of their first appearance. In text, empty cells are null."""
    return _inside(rows, (), is_text)


def _inside(rows: Sequence[Mapping[str, Any]], prefix: Way, is_text: bool) -> list[Column]:
    keys = dict.fromkeys(key for row in rows for key in row)
    return [_column(rows, (*prefix, key), is_text) for key in keys]


def _column(rows: Sequence[Mapping[str, Any]], way: Way, is_text: bool) -> Column:
    values = tuple(value for row in rows if not _is_null(value := row.get(way[-1]), is_text))
    objects = [value for value in values if isinstance(value, Mapping)]
    nested = 0 < len(objects) == len(values) and len(way) < DEEPEST
    parts = _inside(objects, way, is_text) if nested else []
    return Column(way, values, len(rows), tuple(parts))


def _is_null(value: Any, is_text: bool) -> bool:
    return value is None or (is_text and (not value.strip() or value.strip() in NULL_WORDS))


def null_words_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The words in the cells of a text file that stand for nothing."""
    return sorted({cell.strip() for row in rows for cell in row.values()} & NULL_WORDS)
