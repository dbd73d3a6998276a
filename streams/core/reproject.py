"""Rows of an older contract become rows of a newer one.

Decides which values come back from `extra` and which go there, so that a row is the same whether its contract
changed before it came or after. Must never lose a value: what does not fit its new column stays in `extra`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.catalogue import EventType
from schemas.conform import ConformError, conform
from schemas.meanings import is_nullable, without_null
from streams.core.faults import Fault, Place
from streams.core.listing import dumps, listing
from streams.core.project import container, default_of, loose, project
from streams.core.settle import retyped
from streams.core.units import is_temporal
from streams.core.writers import shape_of

NOTHING: tuple[Any, ...] = ({}, [])


def reproject(table: pa.Table, old: EventType, new: EventType) -> pa.Table:
    """Rows with the columns of `old`, as `read` gave them, with those of `new`; other columns stay.

    Nested columns may be as DuckDB gives them back. Fields that `new` names and `extra` holds become columns;
    columns that `new` does not name go to `extra`; the others are cast. Only rows with an `extra`, or with a
    value that cannot be cast, cost Python.
    """
    have, want = shape_of(old.schema), shape_of(new.schema)
    names = old.arrow.names
    table = table.take(pa.array(np.arange(len(table))))  # a copy, for a slice has an offset
    parts = [retyped(table.column(one.name).combine_chunks(), one.type) for one in old.arrow]
    columns = pa.StructArray.from_arrays(parts, fields=list(old.arrow))
    faults: dict[int, Fault] = {}
    fitted, extra = project(columns, have, want, Place(faults))
    careful = table.column("extra").is_valid().to_numpy().copy()
    careful[list(faults)] = True
    if careful.any():
        rows = pa.array(np.flatnonzero(careful))
        told = merged(
            listing(columns.take(rows), have, terse=True), table.column("extra").take(rows).to_pylist()
        )
        settled = [settle_record(want, one, new.is_foreign) for one in told]
        fitted = _replaced(fitted, careful, pa.array([datum for datum, _ in settled], fitted.type))
        left = pa.array([dumps(rest) if rest else None for _, rest in settled], pa.string())
        extra = _replaced(extra, careful, left)
    others = [name for name in table.column_names if name not in {*names, "extra"}]
    return pa.Table.from_arrays(
        [*(fitted.field(index) for index in range(len(new.arrow))), extra, *map(table.column, others)],
        schema=pa.schema([*new.arrow, pa.field("extra", pa.string()), *map(table.schema.field, others)]),
    )


def merged(rows: Sequence[Any], extras: Sequence[str | None]) -> list[Any]:
    """The JSON values of rows with what `extra` held put back in its place."""
    return [
        row if extra is None else merge(row, json.loads(extra))
        for row, extra in zip(rows, extras, strict=True)
    ]


def merge(value: Any, extra: Any) -> Any:
    """A JSON value with the left-over part of it put back; where both speak the left-over one holds."""
    if isinstance(value, dict) and isinstance(extra, dict):
        return value | {key: merge(value.get(key), part) for key, part in extra.items()}
    if isinstance(value, list) and isinstance(extra, list) and len(value) == len(extra):
        pairs = zip(value, extra, strict=True)
        return [one if part in NOTHING else merge(one, part) for one, part in pairs]
    return extra


def settle_record(
    want: Any, value: Mapping[str, Any], unsaid: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The datum of a record's shape that a JSON object gives, and the part of the object that it left.

    With `unsaid` no number becomes a time, since nobody has said what it counts (see units.py).
    """
    datum: dict[str, Any] = {}
    left = {key: part for key, part in value.items() if part is not None}
    for entry in want["fields"]:
        name = next(
            (one for one in (entry["name"], *entry.get("aliases", ())) if one in value), entry["name"]
        )
        found, rest = settle_value(without_null(entry["type"]), left.pop(name, None), unsaid)
        if found is None and (name not in value or not is_nullable(entry["type"])):
            found = default_of(entry)
        datum[entry["name"]] = found
        if rest is not None:
            left[name] = rest
    return datum, left


def settle_value(bare: Any, value: Any, unsaid: bool = False) -> tuple[Any, Any]:
    """The datum that a JSON value gives and what it left; None for nothing."""
    kind = bare["type"] if isinstance(bare, dict) else ""
    if value is None:
        return None, None
    if isinstance(bare, list):
        return dumps(value), None
    if kind == "record" and isinstance(value, dict):
        datum, left = settle_record(bare, value, unsaid)
        return datum, left or None
    if kind == "array" and isinstance(value, list) and (inner := container(bare["items"])):
        settled = [settle_value(without_null(bare["items"]), item, unsaid) for item in value]
        rests = [rest for _, rest in settled]
        blank = all(rest is None for rest in rests)
        nothing: Any = [] if inner == "array" else {}
        return [datum for datum, _ in settled], None if blank else [
            nothing if x is None else x for x in rests
        ]
    if kind == "map" and isinstance(value, dict):
        inside = without_null(bare["values"])
        entries = {key: settle_value(inside, item, unsaid) for key, item in value.items()}
        left = {key: rest for key, (_, rest) in entries.items() if rest is not None}
        return {key: datum for key, (datum, _) in entries.items()}, left or None
    if unsaid and type(value) is int and is_temporal(bare):
        return None, value
    try:
        return conform(loose(bare), value), None
    except ConformError:
        return None, value


def _replaced(array: Any, mask: Any, values: Any) -> Any:
    """An array with the masked elements taken, in order, from `values`."""
    both = pa.concat_arrays([array, values])
    chosen = np.arange(len(array))
    chosen[mask] = len(array) + np.arange(len(values))
    return both.take(pa.array(chosen))
