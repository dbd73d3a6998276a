"""Raw columns, as they lie on the wire, become the columns of their schema.

Decides how logical types and maps look in Arrow, and which values no column can hold. Must never know a
contract.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import arrow_type
from schemas.meanings import without_null
from streams.core.faults import Place, where

FIRST_DAY, LAST_DAY = -719_162, 2_932_896
DAY = 86_400_000_000


class Bounds(NamedTuple):
    """The least and greatest raw number of a logical type, the factor to its column's unit, and words."""

    least: int
    greatest: int
    factor: int
    expected: str


YEARS = "a time in the years 1 to 9999"
MICROS = Bounds(FIRST_DAY * DAY, (LAST_DAY + 1) * DAY - 1, 1, YEARS)
MILLIS = Bounds(FIRST_DAY * DAY // 1000, (LAST_DAY + 1) * DAY // 1000 - 1, 1000, YEARS)
BOUNDS = {
    "date": Bounds(FIRST_DAY, LAST_DAY, 1, "a day in the years 1 to 9999"),
    "time-millis": Bounds(0, DAY // 1000 - 1, 1, "a time of day"),
    "time-micros": Bounds(0, DAY - 1, 1, "a time of day"),
    "timestamp-millis": MILLIS,
    "timestamp-micros": MICROS,
    "local-timestamp-millis": MILLIS,
    "local-timestamp-micros": MICROS,
}


def settle(array: Any, avro: Any, place: Place) -> Any:
    """A raw column as `arrow_type(avro)`: times in their unit, the entries of maps sorted by key, the last of
    several entries with one key. Copies nothing but maps and milliseconds.

    Numbers out of a type's bounds and text with NUL are noted at `place`, and replaced where need be. `array`
    has no offset; `avro` is a shape (see writers.py).
    """
    bare = without_null(avro)
    if isinstance(bare, list):
        return array
    if bare == "string":
        return _text(array, place)
    if isinstance(bare, str):
        return array
    if bare.get("logicalType") in BOUNDS:
        return _bounded(array, BOUNDS[bare["logicalType"]], arrow_type(bare), place)
    match bare["type"]:
        case "record":
            parts = [
                settle(array.field(index), entry["type"], place.at(entry["name"]))
                for index, entry in enumerate(bare["fields"])
            ]
            return rebuild(array, arrow_type(bare), parts)
        case "array":
            inner = settle(array.values, bare["items"], place.within(array.offsets))
            return rebuild(array, arrow_type(bare), [inner])
        case "map":
            return _map(array, bare, place)
        case "string":
            return _text(array, place)
        case _:
            return array


def rebuild(array: Any, wanted: pa.DataType, children: list[Any]) -> Any:
    """A nested array with other children of the same lengths; validity and offsets are shared."""
    if pa.types.is_map(wanted):
        fields = [wanted.key_field, wanted.item_field]
        children = [pa.StructArray.from_arrays(children, fields=fields)]
    buffers = array.buffers()[: 1 if pa.types.is_struct(wanted) else 2]
    return pa.Array.from_buffers(wanted, len(array), buffers, array.null_count, 0, children=children)


def retyped(array: Any, wanted: pa.DataType) -> Any:
    """An array under a type that differs only in names and nullability of nested fields. Copies nothing."""
    if pa.types.is_struct(wanted):
        children = [retyped(array.field(index), child.type) for index, child in enumerate(wanted)]
    elif pa.types.is_list(wanted):
        children = [retyped(array.values, wanted.value_type)]
    elif pa.types.is_map(wanted):
        children = [array.keys, retyped(array.items, wanted.item_type)]
    else:
        return array
    return rebuild(array, wanted, children)


def _text(array: Any, place: Place) -> Any:
    data = array.buffers()[2]
    if data is not None and b"\0" in data.to_pybytes():
        found = where(pc.match_substring(array, "\0"))
        place.blame(found, "text without NUL", array.take(pa.array(found)).to_pylist())
    return array


def _bounded(array: Any, bounds: Bounds, wanted: pa.DataType, place: Place) -> Any:
    extremes = pc.min_max(array)
    least, greatest = extremes["min"].as_py(), extremes["max"].as_py()
    if least is not None and (least < bounds.least or greatest > bounds.greatest):
        outside = pc.or_(pc.less(array, bounds.least), pc.greater(array, bounds.greatest))
        found = where(outside)
        place.blame(found, bounds.expected, array.take(pa.array(found)).to_pylist())
        array = pc.if_else(outside, pa.scalar(0, array.type), array)
    if bounds.factor != 1:
        array = pc.multiply(array, pa.scalar(bounds.factor, array.type))
    return array.view(wanted)


def _map(array: Any, bare: Any, place: Place) -> Any:
    inside = place.within(array.offsets)
    keys = _text(array.keys, inside)
    items = settle(array.items, bare["values"], inside)
    encoded = keys.dictionary_encode()
    rank = np.empty(len(encoded.dictionary), np.int64)
    rank[pc.sort_indices(encoded.dictionary).to_numpy()] = np.arange(len(rank))
    owner = np.repeat(np.arange(len(array)), np.diff(array.offsets.to_numpy()))
    place_of = owner * len(rank) + rank[encoded.indices.to_numpy()]
    if np.all(place_of[1:] > place_of[:-1]):
        return rebuild(array, arrow_type(bare), [keys, items])
    order = np.argsort(place_of, kind="stable")
    ordered = place_of[order]
    order = order[np.append(ordered[1:] != ordered[:-1], True)]
    ends = np.cumsum(np.bincount(owner[order], minlength=len(array)))
    offsets = pa.py_buffer(np.append(0, ends).astype(np.int32))
    wanted, taken = arrow_type(bare), pa.array(order)
    entries = pa.StructArray.from_arrays(
        [keys.take(taken), items.take(taken)], fields=[wanted.key_field, wanted.item_field]
    )
    buffers = [array.buffers()[0], offsets]
    return pa.Array.from_buffers(wanted, len(array), buffers, array.null_count, 0, children=[entries])
