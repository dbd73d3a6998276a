"""Which columns make the event's id, tell its time, its version and its currency.

Decides by names first, and by values whether a column can have that part at all. Must never write a contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from streams.sources.cells.convert import converter
from streams.sources.cells.style import CellError, Style
from streams.sources.guess.columns import Column
from streams.sources.guess.names import Name
from streams.sources.guess.shapes import DAY, INSTANT, UTC, Shape
from streams.sources.guess.words import (
    CHANGED,
    CURRENCIES,
    DOCUMENTS,
    EVENT_IDS,
    OTHER_TIMES,
    SEQUENCES,
    TIMES,
    word_set,
)

ISO_4217 = word_set("EUR USD CHF GBP SEK NOK DKK PLN CZK HUF RON BGN TRY JPY CNY CAD AUD INR BRL MXN ZAR KRW")
FIRST_YEAR, LAST_YEAR = 1970, 2100


class Leaf(NamedTuple):
    """A column that holds values, its name read, and its shape."""

    column: Column
    name: Name
    shape: Shape


@dataclass(frozen=True)
class Roles:
    """The columns with a part of their own; `versions` tells that rows seem to come again, changed."""

    event_id: Leaf | None
    time: Leaf | None
    sequence: Leaf | None
    versions: bool


def roles_of(leaves: Sequence[Leaf]) -> Roles:
    """The parts of these columns, none of which is inside a record."""
    top = [leaf for leaf in leaves if len(leaf.column.way) == 1]
    times = [leaf for leaf in top if _can_be_time(leaf)]
    changed = [leaf for leaf in times if _tells_change(leaf) and leaf.column.is_full]
    time = changed[0] if changed else min(times, key=_time_rank, default=None)
    sequence = next(
        (leaf for leaf in top if leaf.shape.avro == "long" and leaf.name.whole in SEQUENCES), None
    )
    ids = [leaf for leaf in top if _can_be_id(leaf)]
    return Roles(None if changed else min(ids, key=_id_rank, default=None), time, sequence, bool(changed))


def is_currency(leaf: Leaf) -> bool:
    """Whether a column holds codes of currencies."""
    codes = {value for value in leaf.column.values if isinstance(value, str)}
    known = (
        leaf.shape.is_text
        and codes
        and all(len(code.strip()) == 3 and code.strip().isalpha() for code in codes)
    )
    return bool(known and (leaf.name.is_one_of(CURRENCIES) or codes <= ISO_4217))


def _can_be_time(leaf: Leaf) -> bool:
    if not leaf.shape.is_time or not leaf.column.values or leaf.name.starts(("birth", "geb", "dob")):
        return False
    read = converter(INSTANT, style_of(leaf.shape.style), {})
    try:
        moments = [read(value) for value in leaf.column.values]
    except (CellError, OverflowError):
        return False
    return all(FIRST_YEAR < moment.year < LAST_YEAR for moment in moments)


def style_of(keys: Any) -> Style:
    """The style that reads cells by the keys of a map, zones aside."""
    ways = keys.get("date_format", [])
    return Style(
        decimal=keys.get("decimal", "."),
        thousands=keys.get("thousands", ""),
        date_formats=(ways,) if isinstance(ways, str) else tuple(ways),
        time_zone=UTC,
    )


def _tells_change(leaf: Leaf) -> bool:
    return leaf.name.starts(CHANGED)


def _time_rank(leaf: Leaf) -> tuple[bool, bool, bool, bool]:
    return (
        not leaf.column.is_full,
        leaf.name.starts(OTHER_TIMES) or _tells_change(leaf),
        leaf.name.whole not in TIMES,
        leaf.shape.avro == DAY,
    )


def _can_be_id(leaf: Leaf) -> bool:
    return (
        leaf.column.is_unique
        and (leaf.shape.is_text or leaf.shape.avro == "long")
        and all(isinstance(value, str | int) and str(value).strip() for value in leaf.column.values)
        and leaf.name.whole in EVENT_IDS | DOCUMENTS
    )


def _id_rank(leaf: Leaf) -> bool:
    return leaf.name.whole not in EVENT_IDS
