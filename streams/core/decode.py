"""From Avro bodies to columns with the writer's schema.

Decides which decoder a body may trust: pyruhvro where its result, encoded again, gives the same bytes; else
fastavro, one by one, whose result is encoded again too; else a strict walk. Must never know a contract.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyruhvro

from schemas.columns import arrow_type
from schemas.meanings import without_null
from streams.core.explain import Malformed, check_datum
from streams.core.faults import Fault, Indices, Place
from streams.core.listing import dumps, listing
from streams.core.settle import settle
from streams.core.writers import Writer, without_logical

FEW = 64
CAREFUL_BYTES = 16 << 10
CHUNK_BYTES = 64 << 10
BALKS = (EOFError, ValueError, IndexError, KeyError, TypeError, OverflowError, RecursionError, AttributeError,
         MemoryError, pa.ArrowException)  # fmt: skip
PYTHON_TYPES: dict[type, set[str]] = {
    bool: {"boolean"},
    int: {"int", "long"},
    float: {"float", "double"},
    str: {"string", "enum"},
    bytes: {"bytes", "fixed"},
    list: {"array"},
    dict: {"record", "map"},
}

Converter = Callable[[Any], Any]


@dataclass(frozen=True)
class Decoded:
    """The bodies of one writer as columns.

    `columns` is a struct array of the type of the shape opened; `rows` the index of the body of each of its
    elements, rising. `bad` maps an index to why the body is no datum, `faults` one in `rows` to a value that
    no column can hold: the caller leaves those rows out.
    """

    columns: Any
    rows: Indices
    bad: Mapping[int, str] = field(default_factory=dict)
    faults: Mapping[int, Fault] = field(default_factory=dict)


@dataclass(frozen=True)
class Opening:
    """How the event is taken out of a datum that wraps it: `unwrap` makes raw columns of the event's `shape`.

    It is given the raw columns of the whole, the index of the body of each element, and where to note faults.
    """

    shape: Any
    unwrap: Callable[[Any, Indices, Place], Any]


def decode(writer: Writer, bodies: Sequence[bytes], opening: Opening | None = None) -> Decoded:
    """Decode bodies with a writer that is known and has no problems. Never raises on data."""
    bad: dict[int, str] = {}
    return settled(_pieces(writer, list(bodies), bad), opening or whole(writer.shape), bad)


def whole(shape: Any) -> Opening:
    """The opening of a datum that is the event itself."""
    return Opening(shape, lambda raw, _rows, _place: raw)


def settled(pieces: Iterable[tuple[Indices, Any]], opening: Opening, bad: Mapping[int, str]) -> Decoded:
    """Pieces of raw columns, opened and settled, in the order of their bodies."""
    faults: dict[int, Fault] = {}
    rows, columns = [], []
    for indices, raw in pieces:
        place = Place(faults, rows=indices.take)
        rows.append(indices)
        columns.append(settle(opening.unwrap(raw, indices, place), opening.shape, place))
    if len(rows) == 1:
        return Decoded(columns[0], rows[0], bad, faults)
    if not rows:
        return Decoded(pa.array([], arrow_type(opening.shape)), np.empty(0, np.int64), bad, faults)
    merged = np.concatenate(rows)
    order = np.argsort(merged)
    return Decoded(pa.concat_arrays(columns).take(pa.array(order)), merged[order], bad, faults)


def _pieces(writer: Writer, bodies: list[bytes], bad: dict[int, str]) -> Iterator[tuple[Indices, Any]]:
    """Raw columns and the indices of their bodies; halves what the fast decoder refuses down to a few."""
    todo = [(0, len(bodies))] if bodies else []
    while todo:
        start, stop = todo.pop()
        indices = np.arange(start, stop)
        fast = _fast(writer, bodies if stop - start == len(bodies) else bodies[start:stop])
        if fast is not None:
            raw, same = fast
            if same.all():
                yield indices, raw
                continue
            if same.any():
                yield indices[same], raw.filter(pa.array(same))
            yield from _slow(writer, bodies, indices[~same], bad)
        elif stop - start <= FEW or writer.fast is None:
            yield from _slow(writer, bodies, indices, bad)
        else:
            middle = (start + stop) // 2
            todo += [(middle, stop), (start, middle)]


def _fast(writer: Writer, bodies: list[bytes]) -> tuple[Any, Any] | None:
    """Raw columns and, for each body, whether they give it again; None where the decoder cannot say."""
    if writer.fast is None:
        return None
    try:
        batch = pyruhvro.deserialize_array(bodies, writer.fast)
        batch.validate(full=True)
        (again,) = pyruhvro.serialize_record_batch(batch, writer.fast, 1)
    except BALKS:
        return None
    same = pc.equal(again, pa.array(bodies, pa.binary()))
    return batch.to_struct_array(), same.to_numpy(zero_copy_only=False)


def _slow(
    writer: Writer, bodies: list[bytes], rows: Indices, bad: dict[int, str]
) -> Iterator[tuple[Indices, Any]]:
    """Raw columns by fastavro, few bytes at a time so that Python objects stay few."""
    convert = converter(writer.shape)
    data: dict[int, Any] = {}
    size = 0
    for row in rows.tolist():
        try:
            datum = _read(writer, bodies[row])
            data[row] = convert(datum) if convert else datum
            size += len(bodies[row])
        except Malformed as fault:
            bad[row] = str(fault)
        if size >= CHUNK_BYTES:
            yield from _columns(writer, bodies, data, bad)
            data, size = {}, 0
    yield from _columns(writer, bodies, data, bad)


def _columns(
    writer: Writer, bodies: list[bytes], data: dict[int, Any], bad: dict[int, str]
) -> Iterator[tuple[Indices, Any]]:
    """Raw columns of a few data by row; a number beyond its type's bits, which fastavro lets pass, is bad."""
    if not data:
        return
    try:
        yield np.array(list(data)), pa.array(list(data.values()), writer.raw)
    except BALKS as error:
        if len(data) > 1:
            for row, datum in data.items():
                yield from _columns(writer, bodies, {row: datum}, bad)
            return
        (row,) = data
        bad[row] = f"no column can hold it: {error}"[:200]
        try:
            check_datum(writer.shape, bodies[row])
        except Malformed as fault:
            bad[row] = str(fault)


def _read(writer: Writer, body: bytes) -> Any:
    """One datum. Raises Malformed."""
    if len(body) > CAREFUL_BYTES:
        check_datum(writer.shape, body)
    again = io.BytesIO()
    try:
        datum = fastavro.schemaless_reader(io.BytesIO(body), writer.wire, None)
        fastavro.schemaless_writer(again, writer.wire, datum)
    except BALKS as error:
        check_datum(writer.shape, body)
        raise Malformed(f"the decoder gave up: {type(error).__name__}: {error}"[:200]) from None
    if again.getvalue() != body:
        check_datum(writer.shape, body)
    return datum


def converter(avro: Any) -> Converter | None:
    """What makes fastavro's values ready for a raw column; None where they are so already."""
    bare = without_null(avro)
    convert = _bare_converter(bare)
    if convert is None:
        return None
    return lambda value: None if value is None else convert(value)


def _bare_converter(bare: Any) -> Converter | None:
    if isinstance(bare, list):
        return lambda value: _union_text(bare, value)
    if isinstance(bare, str):
        return None
    if bare.get("logicalType") == "decimal":
        return lambda value: _decimal(bare, value)
    if bare["type"] == "fixed" and bare.get("logicalType") == "uuid":
        return lambda value: str(uuid.UUID(bytes=value))
    if bare["type"] == "record":
        parts = {entry["name"]: converter(entry["type"]) for entry in bare["fields"]}
        needed = {name: convert for name, convert in parts.items() if convert}
        if not needed:
            return None
        return lambda value: value | {name: convert(value[name]) for name, convert in needed.items()}
    inner = converter(bare.get("items", bare.get("values", "string")))
    if inner is None:
        return None
    if bare["type"] == "array":
        return lambda value: [inner(item) for item in value]
    return lambda value: {key: inner(item) for key, item in value.items()}


def _decimal(bare: Mapping[str, Any], value: bytes) -> Decimal:
    number = int.from_bytes(value, "big", signed=True)
    if abs(number) >= 10 ** bare["precision"]:
        raise Malformed(f"a decimal of {bare['precision']} digits holds more")
    return Decimal((number < 0, tuple(map(int, str(abs(number)))), -bare.get("scale", 0)))


def _union_text(branches: Sequence[Any], value: Any) -> str:
    """A value of a union of several types as JSON text. Raises Malformed."""
    kinds = PYTHON_TYPES[type(value)]
    fitting = [
        branch for branch in branches if (branch if isinstance(branch, str) else branch["type"]) in kinds
    ]
    branch = next((one for one in fitting if _has_fields_of(one, value)), fitting[0])
    convert, place = converter(branch), Place()
    raw = pa.array(
        [convert(value) if convert else value], arrow_type(without_logical(branch, ("decimal", "uuid")))
    )
    (written,) = listing(settle(raw, branch, place), branch)
    for fault in place.faults.values():
        raise Malformed(f"{fault.field}: wants {fault.expected}, not {fault.got}")
    return dumps(written)


def _has_fields_of(branch: Any, value: Any) -> bool:
    if isinstance(branch, str) or branch["type"] != "record":
        return True
    return isinstance(value, dict) and {entry["name"] for entry in branch["fields"]} == value.keys()
