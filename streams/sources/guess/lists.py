"""Lists in JSON or Parquet -> the type of an array.

Decides the type that holds every item of the sample. Must never rename a key: a list's objects keep theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from streams.sources.guess.names import Way, free, pascal, snake

FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
BITS = 63


def record_type(entries: list[dict[str, Any]], path: Way, types: set[str]) -> dict[str, Any]:
    """A record type, with a name after its path that is not among `types`; then it is."""
    return {"type": "record", "name": free(pascal(*path), types), "fields": entries}


def list_type(values: Sequence[Any], path: Way, types: set[str]) -> Any:
    """The type of lists; None if a value is none, or no type holds all items. `path` starts at the event."""
    if not values or not all(isinstance(value, list) for value in values):
        return None
    items = _items([item for value in values for item in value], path, types)
    return None if items is None else {"type": "array", "items": items}


def _items(items: Sequence[Any], path: Way, types: set[str]) -> Any:
    filled = [item for item in items if item is not None]
    kinds = {type(item) for item in filled}
    if kinds == {list}:
        avro = list_type(filled, path, types)
    elif kinds == {dict}:
        avro = _objects(filled, path, types)
    else:
        avro = _scalar(kinds, filled)
    return ["null", avro] if avro is not None and len(filled) < len(items) else avro


def _objects(objects: Sequence[Mapping[str, Any]], path: Way, types: set[str]) -> Any:
    keys = list(dict.fromkeys(key for one in objects for key in one))
    differ = len({key.lower() for key in keys}) == len(keys)
    if not keys or not differ or not all(FIELD.fullmatch(key) for key in keys):
        return None
    entries = []
    for key in keys:
        avro = _items([one.get(key) for one in objects], (*path, snake(key) or "key"), types)
        if avro is None:
            return None
        default = {"default": None} if isinstance(avro, list) else {}
        doc = f"Key {key} of the list {'.'.join(path[1:])}."
        entries.append({"name": key, "type": avro, **default, "doc": doc})
    return record_type(entries, path, types)


def _scalar(kinds: set[type], items: Iterable[Any]) -> Any:
    """The type of items that are no lists or objects; text where none was seen."""
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "long" if all(item.bit_length() <= BITS for item in items) else "string"
    if kinds and kinds <= {int, float, Decimal}:
        return "double"
    return None if kinds & {list, dict, float, bytes, tuple} else "string"
