"""How an Avro type becomes a column: Avro -> Arrow -> DuckDB.

Decides the columns of a typed table. Must never touch values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from schemas.meanings import is_nullable, without_null

PRIMITIVES: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "bytes": pa.binary(),
    "enum": pa.string(),
    "fixed": pa.binary(),
}
LOGICAL: dict[str, pa.DataType] = {
    "date": pa.date32(),
    "time-millis": pa.time32("ms"),
    "time-micros": pa.time64("us"),
    "timestamp-millis": pa.timestamp("us"),
    "timestamp-micros": pa.timestamp("us"),
    "local-timestamp-millis": pa.timestamp("us"),
    "local-timestamp-micros": pa.timestamp("us"),
    "uuid": pa.string(),
}


def arrow_type(avro: Any) -> pa.DataType:
    """The Arrow type of an Avro type; unions of several types become JSON text."""
    bare = without_null(avro)
    if isinstance(bare, list):
        return pa.string()
    if isinstance(bare, str):
        return PRIMITIVES[bare]
    logical = bare.get("logicalType")
    if logical == "decimal":
        return pa.decimal128(bare["precision"], bare.get("scale", 0))
    if logical in LOGICAL:
        return LOGICAL[logical]
    match bare["type"]:
        case "record":
            return pa.struct([arrow_field(entry) for entry in bare["fields"]])
        case "array":
            return pa.list_(pa.field("item", arrow_type(bare["items"])))
        case "map":
            return pa.map_(pa.string(), arrow_type(bare["values"]))
        case other:
            return PRIMITIVES[other]


def arrow_field(entry: Mapping[str, Any]) -> pa.Field:
    """The Arrow field of an Avro field."""
    return pa.field(entry["name"], arrow_type(entry["type"]), nullable=is_nullable(entry["type"]))


def arrow_schema(schema: Mapping[str, Any]) -> pa.Schema:
    """The Arrow schema of a record schema."""
    return pa.schema([arrow_field(entry) for entry in schema["fields"]])


SQL_TYPES: dict[pa.DataType, str] = {
    pa.bool_(): "BOOLEAN",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.binary(): "BLOB",
    pa.date32(): "DATE",
    pa.time32("ms"): "TIME",
    pa.time64("us"): "TIME",
    pa.timestamp("us"): "TIMESTAMP",
}


def sql_type(arrow: pa.DataType) -> str:
    """The DuckDB type of an Arrow type: `STRUCT("sku" VARCHAR, "price_minor" BIGINT)[]`."""
    if pa.types.is_struct(arrow):
        inner = ", ".join(f"{quote(child.name)} {sql_type(child.type)}" for child in arrow)
        return f"STRUCT({inner})"
    if pa.types.is_map(arrow):
        return f"MAP(VARCHAR, {sql_type(arrow.item_type)})"
    if pa.types.is_list(arrow):
        return f"{sql_type(arrow.value_type)}[]"
    if pa.types.is_decimal(arrow):
        return f"DECIMAL({arrow.precision}, {arrow.scale})"
    return SQL_TYPES[arrow]


def quote(name: str) -> str:
    """An SQL identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def loosened(arrow: pa.DataType) -> pa.DataType:
    """The same type with every nested field nullable, as a store gives it back."""
    if pa.types.is_struct(arrow):
        return pa.struct([pa.field(child.name, loosened(child.type)) for child in arrow])
    if pa.types.is_map(arrow):
        return pa.map_(pa.string(), loosened(arrow.item_type))
    if pa.types.is_list(arrow):
        return pa.list_(pa.field("item", loosened(arrow.value_type)))
    return arrow
