"""Columns of a writer's schema become the columns of a contract; what the contract leaves unnamed is kept.

Decides which field fills which column, which values fit, and what goes to `extra`. Must never drop a value:
what the contract names and cannot hold is a fault, what it does not name is `extra`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import arrow_type
from schemas.conform import ConformError, conform, conform_default
from schemas.meanings import is_nullable, type_text, without_null
from streams.core.faults import Place, where
from streams.core.listing import dumps, listing
from streams.core.settle import rebuild
from streams.core.units import timed

WIDER = {
    (pa.int32(), pa.int64()),
    (pa.int32(), pa.float64()),
    (pa.float32(), pa.float64()),
}
SAME_COLUMN = {
    "enum": "string",
    "string-uuid": "string",
    "fixed-uuid": "string",
    "fixed": "bytes",
    "long-timestamp-millis": "timestamp",
    "long-timestamp-micros": "timestamp",
    "long-local-timestamp-millis": "local-timestamp",
    "long-local-timestamp-micros": "local-timestamp",
}


def project(columns: Any, have: Any, want: Any, place: Place) -> tuple[Any, Any]:
    """Columns of shape `have` as columns of shape `want`, and what is left over as JSON text or null.

    `columns` is a struct array without offset. A missing column takes the field's default. Values that
    do not fit are noted at `place` and become null. Where the shapes agree nothing is copied.
    """
    fitted = fit(columns, have, want, place)
    rest = leftover(columns, have, want)
    if rest is None:
        return fitted, pa.nulls(len(columns), pa.string())
    return fitted, pa.array([None if left is None else dumps(left) for left in rest], pa.string())


def fit(array: Any, have: Any, want: Any, place: Place, alive: Any = None) -> Any:
    """A column of type `have` as one of type `want`. `alive` masks elements whose parents are not null."""
    have, want = without_null(have), without_null(want)
    if signature(have) == signature(want):
        return array
    if (found := timed(array, have, want, place)) is not None:
        return found
    kinds = (container(have), container(want))
    if kinds == ("record", "record"):
        return _fit_record(array, have, want, place, alive)
    if kinds == ("array", "array"):
        inside = place.within(array.offsets)
        items = _inner(array.values, have["items"], want["items"], inside)
        return rebuild(array, arrow_type(want), [items])
    if kinds == ("map", "map"):
        inside = place.within(array.offsets)
        items = _inner(array.items, have["values"], want["values"], inside)
        return rebuild(array, arrow_type(want), [array.keys, items])
    if not any(kinds) and (array.type, arrow_type(want)) in WIDER:
        return array.cast(arrow_type(want))
    return _conformed(array, have, want, place)


def signature(avro: Any) -> Any:
    """What a type's column depends on: equal for two types when a column of one is a column of the other."""
    bare = without_null(avro)
    if isinstance(avro, list):
        inner = ("union", *map(signature, bare)) if isinstance(bare, list) else signature(bare)
        return ("null", inner) if is_nullable(avro) else inner
    if isinstance(bare, str):
        return bare
    match bare["type"]:
        case "record":
            return ("record", *((entry["name"], signature(entry["type"])) for entry in bare["fields"]))
        case "array":
            return ("array", signature(bare["items"]))
        case "map":
            return ("map", signature(bare["values"]))
    if bare.get("logicalType") == "decimal":
        return ("decimal", bare["precision"], bare.get("scale", 0))
    key = f"{bare['type']}-{bare['logicalType']}" if "logicalType" in bare else bare["type"]
    return SAME_COLUMN.get(key, key)


def loose(avro: Any) -> Any:
    """A type that takes everything its column holds: enums and UUIDs are any text, fixed any bytes."""
    if isinstance(avro, list):
        bare = without_null(avro)
        inner = "string" if isinstance(bare, list) else loose(bare)
        return ["null", inner] if is_nullable(avro) else inner
    if isinstance(avro, str):
        return avro
    if avro["type"] in ("enum", "string") or avro.get("logicalType") == "uuid":
        return "string"
    looser = {key: value for key, value in avro.items() if key not in ("size", "name")}
    if avro["type"] == "fixed":
        return looser | {"type": "bytes"}
    if "fields" in avro:
        return avro | {"fields": [entry | {"type": loose(entry["type"])} for entry in avro["fields"]]}
    return looser | {key: loose(avro[key]) for key in ("items", "values") if key in avro}


def sources(have: Any, want: Any) -> dict[str, str]:
    """For each field of `want` that `have` holds, its name there: its own or one of its aliases."""
    names = {entry["name"] for entry in have["fields"]}
    return {
        entry["name"]: known[0]
        for entry in want["fields"]
        if (known := [name for name in (entry["name"], *entry.get("aliases", ())) if name in names])
    }


def default_of(entry: Mapping[str, Any]) -> Any:
    """The datum of a field's default, None where it has none."""
    try:
        return conform_default(loose(entry["type"]), entry["default"]) if "default" in entry else None
    except ConformError:
        return None


def leftover(array: Any, have: Any, want: Any) -> list[Any] | None:
    """What `want` leaves unnamed in each element, in its place: `{"lines":[{"color":"red"},{}]}`.

    None where nothing is unnamed, in an element or at all. Nulls count as nothing.
    """
    have, want = without_null(have), without_null(want)
    match container(have), container(want):
        case "record", "record":
            return _leftover_record(array, have, want)
        case "array", "array":
            rest = leftover(array.values, have["items"], want["items"])
            if rest is None:
                return None
            nothing: Any = [] if container(have["items"]) == "array" else {}
            parts = [rest[a:b] for a, b in pairwise(array.offsets.to_pylist())]
            return [None if _blank(part) else [nothing if x is None else x for x in part] for part in parts]
        case "map", "map":
            rest = leftover(array.items, have["values"], want["values"])
            if rest is None:
                return None
            entries = list(zip(array.keys.to_pylist(), rest, strict=True))
            parts = [entries[a:b] for a, b in pairwise(array.offsets.to_pylist())]
            return [{key: x for key, x in part if x is not None} or None for part in parts]
    return None


def _leftover_record(array: Any, have: Any, want: Any) -> list[Any] | None:
    taken = {source: name for name, source in sources(have, want).items()}
    wanted = {entry["name"]: entry["type"] for entry in want["fields"]}
    parts: dict[str, list[Any]] = {}
    for index, entry in enumerate(have["fields"]):
        name, child = entry["name"], array.field(index)
        if child.null_count == len(child):
            continue
        if name not in taken:
            parts[name] = listing(child, entry["type"], terse=True)
        elif (rest := leftover(child, entry["type"], wanted[taken[name]])) is not None:
            parts[name] = rest
    if not parts:
        return None
    valid = array.is_valid().to_pylist()
    rows = zip(*parts.values(), strict=True)
    return [
        ({name: x for name, x in zip(parts, row, strict=True) if x is not None} or None) if alive else None
        for row, alive in zip(rows, valid, strict=True)
    ]


def _blank(part: list[Any]) -> bool:
    return all(x is None for x in part)


def container(avro: Any) -> str:
    """`record`, `array` or `map`, else nothing."""
    bare = without_null(avro)
    kind = bare["type"] if isinstance(bare, dict) else ""
    return kind if kind in ("record", "array", "map") else ""


def _fit_record(array: Any, have: Any, want: Any, place: Place, alive: Any) -> Any:
    if array.null_count:
        alive = array.is_valid() if alive is None else pc.and_(alive, array.is_valid())
    index = {entry["name"]: at for at, entry in enumerate(have["fields"])}
    types = {entry["name"]: entry["type"] for entry in have["fields"]}
    known = sources(have, want)
    children = []
    for entry in want["fields"]:
        here, name = place.at(entry["name"]), known.get(entry["name"])
        if name is None:
            child = pa.array([default_of(entry)], arrow_type(entry["type"])).take(
                pa.array(np.zeros(len(array), np.int64))
            )
        else:
            child = fit(array.field(index[name]), types[name], entry["type"], here, alive)
        children.append(_required(child, entry["type"], here, alive, entry))
    return rebuild(array, arrow_type(want), children)


def _inner(array: Any, have: Any, want: Any, place: Place) -> Any:
    return _required(fit(array, have, want, place), want, place)


def _required(array: Any, avro: Any, place: Place, alive: Any = None, entry: Any = None) -> Any:
    """Null in a field that must have a value takes the default; where there is none it is a fault."""
    if is_nullable(avro) or not array.null_count:
        return array
    default = default_of(entry) if entry else None
    if default is not None:
        return _filled(array, default)
    missing = array.is_null() if alive is None else pc.and_(array.is_null(), alive)
    found = where(missing)
    place.blame(found, type_text(avro), [None] * len(found))
    return array


def _filled(array: Any, default: Any) -> Any:
    both = pa.concat_arrays([array, pa.array([default], array.type)])
    chosen = np.arange(len(array))
    chosen[where(array.is_null())] = len(array)
    return both.take(pa.array(chosen))


def _conformed(array: Any, have: Any, want: Any, place: Place) -> Any:
    """The slow way, for types that do not widen into each other: value by value, as JSON would be taken."""
    if isinstance(want, list):
        return pa.array(
            [None if value is None else dumps(value) for value in listing(array, have)], pa.string()
        )
    wanted = loose(want)
    data: list[Any] = []
    for index, value in enumerate(listing(array, have)):
        try:
            data.append(None if value is None else conform(wanted, value))
        except ConformError as error:
            data.append(None)
            place.blame(np.array([index]), error.problems[0].expected, [value])
    return pa.array(data, arrow_type(want))
