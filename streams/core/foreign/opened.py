"""What opening a record of a foreign topic gives: the columns of a row, and those that the format fills.

Decides names and types of what is opened. Must never read a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from schemas.columns import arrow_type
from schemas.foreign import OF_ROW, Foreign, filled_names
from schemas.meanings import is_nullable, without_null
from streams.core.project import sources
from streams.core.units import with_unit, without_guess
from streams.core.writers import without_logical

MICROS = {"type": "long", "logicalType": "timestamp-micros"}
JSON = ["null", "string", "double"]  # a union of several types: its column holds JSON text
TEXTS = {"type": "array", "items": "string"}


def row_fields(declared: Foreign, fields: Any) -> list[dict[str, Any]]:
    """The columns of a row as fields of what is opened: nullable, with units, apart from what is filled."""
    filled = filled_names(declared)
    return [
        {
            "name": OF_ROW + entry["name"] if entry["name"] in filled else entry["name"],
            "type": optional(without_guess(_with_unit(declared, entry))),
        }
        for entry in fields
    ]


def _with_unit(declared: Foreign, entry: Mapping[str, Any]) -> Any:
    unit = declared.units.get(entry["name"])
    return with_unit(entry["type"], unit) if unit else entry["type"]


def optional(avro: Any) -> Any:
    """A type that admits null."""
    if isinstance(avro, list):
        return avro if is_nullable(avro) else ["null", *avro]
    return ["null", avro]


def texts_wanted(fields: Any, wanted: Any) -> list[bool]:
    """Which fields the contract takes as text: in these an empty one says that a value was taken away."""
    types = {entry["name"]: without_null(entry["type"]) for entry in wanted["fields"]}
    texts = {have for want, have in sources({"fields": fields}, wanted).items() if types[want] == "string"}
    return [entry["name"] in texts for entry in fields]


def members(array: Any) -> list[Any]:
    """The columns of a record, null where the record is."""
    return (
        list(array.flatten())
        if array.null_count
        else [array.field(at) for at in range(array.type.num_fields)]
    )


def raw_type(avro: Any) -> pa.DataType:
    """The Arrow type of a field before logical types are put on."""
    return arrow_type(without_logical(avro, keep=("decimal", "uuid")))


def struct_of(fields: Any, columns: list[Any]) -> Any:
    """Raw columns as one struct array."""
    kinds = [pa.field(entry["name"], column.type) for entry, column in zip(fields, columns, strict=True)]
    return pa.StructArray.from_arrays(columns, fields=kinds)
