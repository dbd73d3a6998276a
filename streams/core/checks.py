"""What every event must hold beside the types of its fields: an id, a time, sane money, somebody it names.

Decides which rows of a contract's columns are no events. Must never repair a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.catalogue import EventType
from schemas.meanings import IDENTIFYING, ITEMS, Mark, Path
from streams.core.faults import Indices, Place, where

LONGEST_ID = 255
FIRST_MICROSECOND = 0
END_MICROSECOND = 7_258_118_400_000_000
CURRENCY = "^[A-Z]{3}$"
END_AMOUNT = 10**15  # in major units what DECIMAL(18, 3) holds, whatever the currency's digits


@dataclass(frozen=True)
class Leaf:
    """The column of a path. `chain` holds the offsets of the arrays on the way, outermost first."""

    array: Any
    chain: tuple[Any, ...] = ()

    def up(self, indices: Indices, levels: int = 0) -> Indices:
        """The elements, `levels` arrays deep, that hold elements of this column; 0 deep are the rows."""
        for offsets in reversed(self.chain[levels:]):
            indices = np.searchsorted(offsets, indices, side="right") - 1
        return indices


def leaf(columns: Any, path: Path) -> Leaf:
    """The column of a path; null where a record on the way is null."""
    array: Any = columns
    chain: tuple[Any, ...] = ()
    for step in path:
        if step == ITEMS:
            chain, array = (*chain, array.offsets.to_numpy()), array.values
        else:
            array = pc.struct_field(array, step)
    return Leaf(array, chain)


def check(contract: EventType, columns: Any, place: Place) -> list[int]:
    """Note the rows whose event id, time or money are wrong at `place`; return those that name nobody.

    `columns` is a struct array of the contract's columns. The result is indices as `place.rows` gives them.
    """
    for mark in contract.marked("event_id"):
        _check_id(leaf(columns, mark.path), _spot(place, mark.path))
    for mark in contract.marked("occurred_at"):
        _check_time(leaf(columns, mark.path), _spot(place, mark.path))
    checked = set()
    for mark in contract.marked("measure"):
        currency = mark.options.get("currency")
        if currency and (mark.path, currency) not in checked:
            checked.add((mark.path, currency))
            _check_currency(leaf(columns, mark.path), leaf(columns, currency), _spot(place, currency))
            _check_amount(leaf(columns, mark.path), _spot(place, mark.path))
    if "nobody" in contract.schema:
        return []
    marks = [mark for mark in contract.marks if mark.meaning in IDENTIFYING]
    rows: list[int] = place.rows(_nameless(columns, marks)).tolist()
    return rows


def _spot(place: Place, path: Path) -> Place:
    return Place(place.faults, path, place.rows)


def _check_id(ids: Leaf, place: Place) -> None:
    lengths = pc.utf8_length(pc.utf8_trim_whitespace(ids.array))
    longest = pc.greater(pc.utf8_length(ids.array), LONGEST_ID)
    found = where(pc.or_(pc.equal(lengths, 0), longest))
    place.blame(found, f"1 to {LONGEST_ID} characters", ids.array.take(pa.array(found)).to_pylist())


def _check_time(times: Leaf, place: Place) -> None:
    micros = times.array.view(pa.int64())
    found = where(pc.or_(pc.less(micros, FIRST_MICROSECOND), pc.greater_equal(micros, END_MICROSECOND)))
    got = [f"{moment}Z" for moment in times.array.take(pa.array(found)).to_pylist()]
    place.blame(found, "a time from 1970 to 2199", got)


def _check_currency(money: Leaf, currency: Leaf, place: Place) -> None:
    encoded = currency.array.dictionary_encode()
    good = pc.match_substring_regex(encoded.dictionary, CURRENCY)
    bad = pc.invert(pc.fill_null(good.take(encoded.indices), False))
    if not pc.any(bad).as_py():
        return
    spent = np.zeros(len(currency.array), np.bool_)
    spent[money.up(where(money.array.is_valid()), len(currency.chain))] = True
    found = np.flatnonzero(spent & bad.to_numpy(zero_copy_only=False))
    deep = Place(place.faults, place.path, lambda indices: place.rows(currency.up(indices)))
    deep.blame(found, "three capital letters (ISO 4217)", currency.array.take(pa.array(found)).to_pylist())


def _check_amount(money: Leaf, place: Place) -> None:
    amounts = money.array
    found = where(pc.or_(pc.greater_equal(amounts, END_AMOUNT), pc.less_equal(amounts, -END_AMOUNT)))
    deep = Place(place.faults, place.path, lambda indices: place.rows(money.up(indices)))
    deep.blame(found, "an amount of fewer than 16 digits", amounts.take(pa.array(found)).to_pylist())


def _nameless(columns: Any, marks: list[Mark]) -> Indices:
    """The rows in which no identifying field has a value."""
    named = np.zeros(len(columns), np.bool_)
    for mark in marks:
        found = leaf(columns, mark.path)
        named[found.up(where(_is_told(found.array)))] = True
        if named.all():
            break
    return np.flatnonzero(~named)


def _is_told(array: Any) -> Any:
    if pa.types.is_string(array.type):
        return pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(array)), 0)
    return array.is_valid()
