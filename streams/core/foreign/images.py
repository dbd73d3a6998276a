"""The image of a row in a Debezium envelope: after the change, or before it where the row is gone.

Decides which image counts and what in it is no statement of the database. Must never know the envelope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.meanings import is_nullable
from streams.core.faults import Indices, where
from streams.core.foreign.opened import members

UNAVAILABLE = "__debezium_unavailable_value"
FILLERS: dict[str, Any] = {
    "string": "", "int": 0, "long": 0, "float": 0.0, "double": 0.0, "boolean": False, "bytes": b"",
}  # fmt: skip


def image(
    entries: Sequence[Mapping[str, Any]], texts: Sequence[bool], after: Any, before: Any, op: Any
) -> list[Any]:
    """The raw columns of rows with columns of these types; `texts` says which the contract takes as text."""
    deleted, updated = where(pc.equal(op, "d")), pc.equal(op, "u").fill_null(False)
    columns = []
    for entry, is_text, column, old in zip(
        entries, texts, members(_chosen(after, before, deleted)), members(before), strict=True
    ):
        told = _cleared(column, old, updated) if is_text else column
        columns.append(_available(_without_fillers(told, entry, deleted)))
    return columns


def _chosen(after: Any, before: Any, deleted: Indices) -> Any:
    if not len(deleted):
        return after
    chosen = np.arange(len(after))
    chosen[deleted] += len(after)
    return pa.concat_arrays([after, before]).take(pa.array(chosen))


def _cleared(column: Any, old: Any, updated: Any) -> Any:
    """A text that an update took away becomes an empty one: null would say that nothing is known of it."""
    gone = pc.and_(updated, pc.and_(column.is_null(), old.is_valid()))
    return pc.if_else(gone, "", column) if pc.any(gone).as_py() else column


def _without_fillers(column: Any, entry: Mapping[str, Any], deleted: Indices) -> Any:
    """Of a row that is gone the log may hold the key alone. Columns that cannot be null are filled up then:
    what may be a filler says nothing.
    """
    fillers = _fillers(entry, column.type) if len(deleted) else None
    if fillers is None:
        return column
    is_filler = pc.is_in(column.take(pa.array(deleted)), value_set=fillers)
    return _without(column, deleted[where(is_filler)])


def _fillers(entry: Mapping[str, Any], kind: pa.DataType) -> Any | None:
    avro, default = entry["type"], entry.get("default")
    if is_nullable(avro):
        return None
    if pa.types.is_decimal(kind):
        return pa.array([Decimal(0)], kind)
    empty = FILLERS.get(avro if isinstance(avro, str) else avro["type"])
    if empty is None:
        return None
    return pa.array([empty, default] if type(default) is type(empty) else [empty], kind)


def _available(column: Any) -> Any:
    """What the log left out, for it is long and had not changed, is unknown."""
    if pa.types.is_string(column.type):
        return _without(column, where(pc.equal(column, UNAVAILABLE)))
    if pa.types.is_binary(column.type):
        return _without(column, where(pc.equal(column, UNAVAILABLE.encode())))
    return column


def _without(column: Any, found: Indices) -> Any:
    if not len(found):
        return column
    gone = np.zeros(len(column), np.bool_)
    gone[found] = True
    return pc.if_else(pa.array(gone), pa.scalar(None, column.type), column)
