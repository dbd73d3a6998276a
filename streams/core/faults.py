"""Where in a batch a value is at fault, and what is wrong with it.

Decides how a fault deep in a column finds its record. Must never decide what counts as a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.meanings import ITEMS, Path, dotted

Indices = npt.NDArray[np.int64]
LONGEST_GOT = 80


class Fault(NamedTuple):
    """What a field wanted and what came; `field` as people write it, `got` shortened."""

    field: str
    expected: str
    got: str

    def __str__(self) -> str:
        """The fault in a line."""
        return f"{self.field}: expected {self.expected}, got {self.got}"


def unchanged(indices: Indices) -> Indices:
    """The records of a top-level column's elements: themselves."""
    return indices


@dataclass(frozen=True)
class Place:
    """A column somewhere in a batch: its path, the record of each of its elements, the faults found so far.

    `faults` maps a record to its first fault. `rows` maps indices of elements to indices of records.
    """

    faults: dict[int, Fault] = field(default_factory=dict)
    path: Path = ()
    rows: Callable[[Indices], Indices] = unchanged

    def at(self, step: str) -> Place:
        """The column of a record's field."""
        return replace(self, path=(*self.path, step))

    def within(self, offsets: Any) -> Place:
        """The column of the items of an array or the values of a map, `offsets` being Arrow's."""
        starts = np.asarray(offsets)
        return replace(
            self,
            path=(*self.path, ITEMS),
            rows=lambda indices: self.rows(np.searchsorted(starts, indices, side="right") - 1),
        )

    def blame(self, indices: Indices, expected: str, got: Iterable[Any]) -> None:
        """Note a fault for the record of each element; the first one of a record stays."""
        for record, value in zip(self.rows(indices).tolist(), got, strict=True):
            if record not in self.faults:
                self.faults[record] = Fault(dotted(self.path), expected, shorten(value))


def shorten(value: Any) -> str:
    """A value in at most 80 characters."""
    text = "nothing" if value is None else value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_GOT else text[: LONGEST_GOT - 1] + "…"


def where(mask: Any) -> Indices:
    """The indices at which a boolean Arrow or numpy array is true; null counts as false."""
    if isinstance(mask, pa.Array | pa.ChunkedArray):
        mask = mask.fill_null(False).to_numpy(zero_copy_only=False)
    return np.flatnonzero(mask)
