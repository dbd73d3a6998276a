"""What a writer's schema says: is it known, is it harmless, which contract is it of, and how it is decoded.

Decides everything about a schema once, so that a batch pays nothing for it. Must never see a record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fastavro
import pyarrow as pa
from fastavro.schema import SchemaParseException, UnknownType

from schemas.columns import PRIMITIVES, arrow_type
from schemas.harm import CONNECT_DECIMAL, MAX_PRECISION, lint_writer
from schemas.meanings import is_nullable, without_null
from streams.core.units import (
    NUMBER,
    VARIABLE_DECIMAL,
    unit_of,
    unit_of_doc,
    with_unit,
)

WIRE_OF_LOGICAL: dict[str, str] = {
    "date": "int",
    "time-millis": "int",
    "time-micros": "long",
    "timestamp-millis": "long",
    "timestamp-micros": "long",
    "local-timestamp-millis": "long",
    "local-timestamp-micros": "long",
    "uuid": "string",
}


class SchemaError(ValueError):
    """A schema that cannot be used; the text says why."""


@dataclass(frozen=True)
class Writer:
    """A writer's schema, ready to decode with. Made by `writer_of`.

    `known` is false where no registry knows the id. `shape` is the schema with names written out, types in
    their shortest form, the logical types that become columns and the units of others (see units.py); `wire`
    is fastavro's parsed schema without logical types, `fast` the same as JSON for pyruhvro, None where only
    fastavro is trusted with it; `raw` is the Arrow type of a datum before logical types are put on.
    """

    schema_id: int
    known: bool = False
    problems: tuple[str, ...] = ()
    full_name: str = ""
    shape: Any = None
    wire: Any = None
    fast: str | None = None
    raw: pa.DataType | None = None


def writer_of(schema_id: int, text: str | None) -> Writer:
    """The writer of a schema id; `text` is its schema as JSON, None if no registry knows it. Never raises."""
    if text is None:
        return Writer(schema_id)
    try:
        plain, names = canonical(_parse(text))
        shape = _expand(plain, names)
        wire = without_logical(plain)
        return Writer(
            schema_id,
            known=True,
            full_name=plain["name"],
            shape=shape,
            wire=fastavro.parse_schema(wire, named_schemas={}),
            fast=json.dumps(wire) if _is_simple(shape) else None,
            raw=arrow_type(without_logical(shape, keep=("decimal", "uuid"))),
        )
    except UnknownType as error:
        return Writer(schema_id, known=True, problems=(f"{error.name} is not a type Avro knows",))
    except (SchemaError, SchemaParseException) as error:
        return Writer(schema_id, known=True, problems=(str(error) or "is not an Avro schema",))


def shape_of(schema: Mapping[str, Any]) -> Any:
    """A record schema with names written out and types in their shortest form. Raises SchemaError."""
    return _expand(*canonical(schema))


def canonical(schema: Any) -> tuple[Any, dict[str, Any]]:
    """A schema reduced to what decides bytes and columns, and its named types by full name.

    A named type stands in full where it first comes, by its full name after that; fields keep their default
    and aliases. Raises SchemaError.
    """
    names: dict[str, Any] = {}
    return _canonical(schema, "", names), names


def _parse(text: str) -> Any:
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        raise SchemaError("is not JSON") from None
    if problems := lint_writer(schema):
        raise SchemaError("; ".join(problems))
    return schema


def _canonical(avro: Any, namespace: str, names: dict[str, Any]) -> Any:
    if isinstance(avro, list):
        branches = [_canonical(branch, namespace, names) for branch in avro]
        if any(isinstance(branch, list) for branch in branches):
            raise SchemaError("a union stands directly in a union; Avro does not allow it")
        return branches
    if isinstance(avro, str):
        return avro if avro in PRIMITIVES or avro == "null" else _reference(avro, namespace, names)
    if not isinstance(avro, dict):
        raise SchemaError(f"{avro!r} is not a type")
    match avro.get("type"):
        case "record" | "enum" | "fixed":
            return _named(avro, namespace, names)
        case "array":
            return {"type": "array", "items": _canonical(avro.get("items"), namespace, names)}
        case "map":
            return {"type": "map", "values": _canonical(avro.get("values"), namespace, names)}
        case other:
            bare = _canonical(other, namespace, names)
            logical = avro.get("logicalType")
            if isinstance(logical, str) and WIRE_OF_LOGICAL.get(logical) == bare:
                return {"type": bare, "logicalType": logical}
            if unit := unit_of(avro.get("connect.name"), bare):
                return {"type": bare, "unit": unit}
            return {"type": bare, **_decimal(avro)} if bare == "bytes" and _decimal(avro) else bare


def _named(avro: Mapping[str, Any], namespace: str, names: dict[str, Any]) -> Any:
    full = _full_name(avro.get("name"), avro.get("namespace", namespace))
    if full in names:
        raise SchemaError(f"the type {full} is defined twice")
    kind = avro["type"]
    named: dict[str, Any] = {"type": kind, "name": full}
    names[full] = named
    if kind == "enum":
        named["symbols"] = avro.get("symbols")
    elif kind == "fixed":
        named["size"] = avro.get("size")
        if avro.get("logicalType") == "uuid" and named["size"] == 16:
            named["logicalType"] = "uuid"
        named |= _decimal(avro)
    else:
        named["fields"] = _fields(avro.get("fields"), full, names)
        if full == VARIABLE_DECIMAL:
            named["unit"] = NUMBER
    return named


def _fields(fields: Any, full: str, names: dict[str, Any]) -> list[Any]:
    namespace = full.rpartition(".")[0]
    if not isinstance(fields, list) or not all(
        isinstance(entry, dict) and "name" in entry for entry in fields
    ):
        raise SchemaError(f"the record {full} has no list of named fields")
    return [
        {key: entry[key] for key in ("name", "default", "aliases") if key in entry}
        | {"type": _with_doc(_canonical(entry.get("type"), namespace, names), full, entry.get("doc"))}
        for entry in fields
    ]


def _with_doc(avro: Any, record: str, doc: Any) -> Any:
    """A field's type with the unit that its documentation gives, as Salesforce does."""
    unit = unit_of_doc(record, doc, without_null(avro))
    return with_unit(avro, unit) if unit else avro


def _reference(name: str, namespace: str, names: Mapping[str, Any]) -> str:
    for full in (_full_name(name, namespace), name):
        if full in names:
            return full
    raise SchemaError(f"{name} is not a type Avro knows")


def _full_name(name: Any, namespace: Any) -> str:
    if not isinstance(name, str) or not isinstance(namespace, str | None):
        raise SchemaError("a named type has no name")
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _decimal(avro: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a decimal that a column can hold, else none: then it is mere bytes, as Avro has it."""
    precision, scale = avro.get("precision"), avro.get("scale", 0)
    if avro.get("logicalType") != "decimal" or type(precision) is not int or type(scale) is not int:
        return {}
    if avro.get("connect.name") == CONNECT_DECIMAL:  # says 64 where the database set no limit
        precision = min(precision, MAX_PRECISION)
    if not 0 <= scale <= precision <= MAX_PRECISION or precision == 0:
        return {}
    return {"logicalType": "decimal", "precision": precision, "scale": scale}


def _expand(plain: Any, names: Mapping[str, Any]) -> Any:
    """The schema with every reference written out. Raises SchemaError for a type that no column can hold."""
    if isinstance(plain, list):
        if all(branch == "null" for branch in plain):
            raise SchemaError("a union of nothing but null cannot be a column; take the field out")
        return [branch if branch == "null" else _expand(branch, names) for branch in plain]
    if isinstance(plain, str):
        plain = plain if plain in PRIMITIVES else names.get(plain, plain)
    if plain == "null" or (isinstance(plain, dict) and (plain.get("fields") == [] or plain.get("size") == 0)):
        raise SchemaError("a value that takes no bytes cannot be a column; take the field out")
    if isinstance(plain, str):
        return plain
    expanded = dict(plain)
    for key in {"items", "values"} & plain.keys():
        expanded[key] = _expand(plain[key], names)
    if "fields" in plain:
        expanded["fields"] = [entry | {"type": _expand(entry["type"], names)} for entry in plain["fields"]]
    return expanded


def without_logical(avro: Any, keep: tuple[str, ...] = ()) -> Any:
    """A canonical schema whose times are mere integers, as they are on the wire; `keep` stays."""
    if isinstance(avro, list):
        return [without_logical(branch, keep) for branch in avro]
    if isinstance(avro, str):
        return avro
    if avro["type"] in PRIMITIVES and "size" not in avro and "symbols" not in avro:
        return avro if avro.get("logicalType") in keep else avro["type"]
    drop = {"logicalType", "precision", "scale"} if avro.get("logicalType") not in keep else set()
    bare = {key: value for key, value in avro.items() if key not in drop}
    for key in {"items", "values"} & bare.keys():
        bare[key] = without_logical(bare[key], keep)
    if "fields" in bare:
        bare["fields"] = [entry | {"type": without_logical(entry["type"], keep)} for entry in bare["fields"]]
    return bare


def _is_simple(shape: Any) -> bool:
    """Whether pyruhvro gives exactly what fastavro gives: it panics on bytes, and unions of several types and
    of one become Arrow unions.
    """
    if isinstance(shape, list):
        return len(shape) == 2 and is_nullable(shape) and _is_simple(without_null(shape))
    if isinstance(shape, str):
        return shape != "bytes"
    match shape["type"]:
        case "record":
            return all(_is_simple(entry["type"]) for entry in shape["fields"])
        case "array":
            return _is_simple(shape["items"])
        case "map":
            return _is_simple(shape["values"])
        case other:
            return other not in ("bytes", "fixed")
