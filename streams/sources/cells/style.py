"""How the cells of a column are written, and what is said of one that cannot be read.

Decides nothing: only the shapes that the readers of cells share. Must never hold a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from schemas.conform import describe

Convert = Callable[[Any], Any]


class CellError(ValueError):
    """A cell that does not say what its field wants; `path` (`[2].sku`) leads into nested values."""

    def __init__(self, expected: str, got: object, path: str = "") -> None:
        """`expected` is a phrase, `got` the value as it came."""
        shown = str(got) if isinstance(got, Decimal) else describe(got)
        super().__init__(f"expected {expected}; got {shown}")
        self.expected, self.got, self.path = expected, shown, path


@dataclass(frozen=True)
class Style:
    """How the cells of a column are written.

    `date_formats` are strptime formats, or unix, unix_ms, unix_us for counts since 1970; none means ISO 8601.
    `time_zone` is for times without a zone: one that happens twice is the first, one that a change of clocks
    skips moves forward by the gap. `minor` is the number of decimals that a whole number counts in: 2 makes
    11.77 into 1177. `values` translates words before anything else; `null_words` say nothing.
    """

    decimal: str = "."
    thousands: str = ""
    date_formats: tuple[str, ...] = ()
    time_zone: ZoneInfo | None = None
    null_words: frozenset[str] = frozenset()
    minor: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
