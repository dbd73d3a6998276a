"""Which fields a Salesforce header means: bitmaps over the writer's schema as names, and what was taken away.

Decides how bits become names and names become empty texts. Must never read the rest of the header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.meanings import without_null
from streams.core.faults import Indices, Place, where
from streams.core.foreign.opened import members, texts_wanted
from streams.core.project import container, sources

BITMAP = re.compile(r"(?:(?P<parent>\d{1,4})-)?0x(?P<bits>[0-9a-fA-F]{1,4096})", re.ASCII)
Fields = Sequence[Mapping[str, Any]]


def names_of(bitmap: str, fields: Fields) -> list[str]:
    """`0x6` as the second and third field, `3-0x4` as the third inside the fourth; a name stays as it is."""
    found = BITMAP.fullmatch(bitmap)
    if not found:
        return [bitmap]
    prefix, inner = "", fields
    if found["parent"]:
        at = int(found["parent"])
        compound = record_in(fields[at]["type"]) if at < len(fields) else None
        if compound is None:
            return [bitmap]
        prefix, inner = f"{fields[at]['name']}.", compound["fields"]
    bits = int(found["bits"], 16)
    return [prefix + entry["name"] for at, entry in enumerate(inner) if bits >> at & 1]


def record_in(avro: Any) -> Any | None:
    """The record of a compound field, which may be a text as well: a person's name, or a firm's."""
    branches = avro if isinstance(avro, list) else [avro]
    return next((branch for branch in branches if container(branch) == "record"), None)


def names_in(bitmaps: Any, fields: Fields, place: Place) -> Any:
    """Lists of bitmaps as lists of names. More bitmaps than fields are noted at `place`."""
    lengths = pc.list_value_length(bitmaps).fill_null(0)
    if len(found := where(pc.greater(lengths, len(fields) + 1))):
        place.blame(found, f"at most {len(fields) + 1} bitmaps", lengths.take(pa.array(found)).to_pylist())
        bitmaps = pc.if_else(pc.greater(lengths, len(fields) + 1), pa.scalar([], bitmaps.type), bitmaps)
    encoded = bitmaps.values.dictionary_encode()
    told = [names_of(bitmap, fields) for bitmap in encoded.dictionary.to_pylist()]
    names = pa.array(told, pa.list_(pa.string())).take(encoded.indices)
    return pa.ListArray.from_arrays(names.offsets.take(bitmaps.offsets), names.values)


def taken_away(column: Any, entry: Mapping[str, Any], wanted: Any, nulled: Any) -> Any:
    """A column whose texts are empty in the rows that name it, or a part of it, among the nulled fields.

    `entry` is its field, `wanted` the contract; null would say that the value is unchanged.
    """
    known = {have: want for want, have in sources({"fields": [entry]}, wanted).items()}
    if entry["name"] not in known or not len(nulled.values):
        return column
    want = without_null(next(one["type"] for one in wanted["fields"] if one["name"] == known[entry["name"]]))
    if want == "string" and pa.types.is_string(column.type):
        return _emptied(column, rows_with(nulled, entry["name"]))
    if container(want) != "record" or container(entry["type"]) != "record":
        return column
    parts = without_null(entry["type"])["fields"]
    valid = column.is_valid().to_numpy(zero_copy_only=False).copy()
    children = []
    for part, is_text, child in zip(parts, texts_wanted(parts, want), members(column), strict=True):
        rows = rows_with(nulled, entry["name"], f"{entry['name']}.{part['name']}")
        children.append(_emptied(child, rows) if is_text else child)
        valid[rows] |= is_text
    return pa.StructArray.from_arrays(children, fields=list(column.type), mask=pa.array(~valid))


def rows_with(lists: Any, *names: str) -> Indices:
    """The rows whose list holds one of the names."""
    found = where(pc.is_in(lists.values, value_set=pa.array(names)))
    return np.unique(np.searchsorted(lists.offsets.to_numpy(), found, side="right") - 1)


def _emptied(column: Any, rows: Indices) -> Any:
    if not len(rows):
        return column
    named = np.zeros(len(column), np.bool_)
    named[rows] = True
    return pc.if_else(pc.and_(pa.array(named), column.is_null()), "", column)
