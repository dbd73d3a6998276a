"""Columns as JSON values, an element each: what `schemas.conform` takes back.

Decides how a value of a column is written in JSON. Must never choose which values to write.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pyarrow as pa

from schemas.meanings import without_null
from schemas.scalars import write_scalar
from streams.core.units import NUMBER, number_text, text_of


def listing(array: Any, avro: Any, terse: bool = False) -> list[Any]:
    """The elements of a column of shape `avro` as JSON values, null as None. `array` has no offset.

    A `terse` listing leaves null fields of records out, so that an unnamed and a null one look the same.
    """
    bare = without_null(avro)
    if isinstance(bare, list):
        # Under a record that is null Arrow may hold an empty text, which is no JSON.
        return [json.loads(text) if text else None for text in array.to_pylist()]
    kind = bare if isinstance(bare, str) else bare["type"]
    match kind:
        case "record" if bare.get("unit") == NUMBER:
            return [number_text(value) for value in array.to_pylist()]
        case "record":
            names = [entry["name"] for entry in bare["fields"]]
            parts = [listing(array.field(i), one["type"], terse) for i, one in enumerate(bare["fields"])]
            rows = [
                {
                    name: value
                    for name, value in zip(names, row, strict=True)
                    if not terse or value is not None
                }
                for row in zip(*parts, strict=True)
            ]
            return rows if not array.null_count else _unless_null(array, rows)
        case "array":
            inner, ends = listing(array.values, bare["items"], terse), array.offsets.to_pylist()
            return _unless_null(array, [inner[a:b] for a, b in pairwise(ends)])
        case "map":
            entries = list(
                zip(array.keys.to_pylist(), listing(array.items, bare["values"], terse), strict=True)
            )
            ends = array.offsets.to_pylist()
            return _unless_null(array, [dict(entries[a:b]) for a, b in pairwise(ends)])
        case "string" | "enum" | "boolean":
            return array.to_pylist()  # type: ignore[no-any-return]
        case _:
            return _scalars(array, bare)


def dumps(value: Any) -> str:
    """A JSON value as text, the same for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _scalars(array: Any, bare: Any) -> list[Any]:
    if not isinstance(bare, str) and "unit" in bare:
        return [text_of(value, bare["unit"]) for value in array.to_pylist()]
    if not isinstance(bare, str) and str(bare.get("logicalType")).startswith("timestamp"):
        array = array.cast(pa.timestamp("us", tz="UTC"))
    return [None if value is None else write_scalar(value) for value in array.to_pylist()]


def _unless_null(array: Any, values: list[Any]) -> list[Any]:
    return [
        value if valid else None for value, valid in zip(values, array.is_valid().to_pylist(), strict=True)
    ]
