"""Where in a database's log a change stands, from the `source` of a Debezium envelope.

Decides the id of a change and its place among the changes of its source. Must never use what a second
delivery of the change would say otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from streams.core.units import micros

WIDEST = 19  # digits of a whole number of 64 bits
FILE_NUMBER = r"(?P<number>\d{1,9})$"
TIMES = (("ts_us", "us"), ("ts_ms", "ms"), ("ts_ns", "ns"))


class Position(NamedTuple):
    """`text` rises with the log and is null where nothing says the place; `sequence` is never null."""

    text: Any
    sequence: Any


def position_of(source: Mapping[str, Any], times: Any) -> Position:
    """The places of changes: PostgreSQL's lsn, MySQL's file and pos, SQL Server's change_lsn, Oracle's scn.

    `source` has the members of the envelope's source as raw columns, `times` when the changes happened, in
    microseconds; they are the sequence where the log has no place.
    """
    if _is(source, "lsn", pa.types.is_integer):
        lsn = source["lsn"].cast(pa.int64())
        return Position(_padded(lsn, WIDEST), lsn.fill_null(0))
    if _is(source, "file", pa.types.is_string) and _is(source, "pos", pa.types.is_integer):
        return _binlog(source)
    if _is(source, "change_lsn", pa.types.is_string):
        return _sql_server(source)
    nowhere = pa.nulls(len(times), pa.string())
    if _is(source, "scn", pa.types.is_string):  # several changes share one
        return Position(nowhere, _distinct(source["scn"], _whole))
    return Position(nowhere, times.fill_null(0))


def times_of(source: Mapping[str, Any], envelope: Mapping[str, Any]) -> Any:
    """When the changes were made, in microseconds, or null; the envelope's own time where nothing else is."""
    found = None
    for part in (source, envelope):
        for name, unit in TIMES:
            if _is(part, name, pa.types.is_integer):
                said = micros(part[name], unit)
                said = pc.if_else(pc.equal(said, 0), None, said)  # what old connectors say of a snapshot
                found = said if found is None else pc.coalesce(found, said)
    return pa.nulls(len(envelope["op"]), pa.int64()) if found is None else found


def digest(topic: str, parts: Iterable[bytes]) -> str:
    """What tells apart the changes of one place: rows that were written or read together."""
    told = hashlib.blake2b(topic.encode(), digest_size=8)
    for part in parts:
        told.update(b"\0" + part)
    return told.hexdigest()


def _binlog(source: Mapping[str, Any]) -> Position:
    pos = source["pos"].cast(pa.int64())
    parts = [source["file"], _padded(pos, 10)]
    if _is(source, "row", pa.types.is_integer):
        parts.append(_padded(source["row"].cast(pa.int64()), 6).fill_null("000000"))
    number = pc.struct_field(pc.extract_regex(source["file"], FILE_NUMBER), "number").cast(pa.int64())
    inside = pc.min_element_wise(pc.max_element_wise(pos, 0, skip_nulls=False), 2**32 - 1, skip_nulls=False)
    packed = pc.add(pc.multiply(number, 2**32), inside)
    return Position(pc.binary_join_element_wise(*parts, ":"), packed.fill_null(0))


def _sql_server(source: Mapping[str, Any]) -> Position:
    parts = [source["change_lsn"]]
    if _is(source, "event_serial_no", pa.types.is_integer):
        parts.append(_padded(source["event_serial_no"].cast(pa.int64()), 6).fill_null("000000"))
    return Position(pc.binary_join_element_wise(*parts, ":"), _distinct(source["change_lsn"], _log_block))


def _is(part: Mapping[str, Any], name: str, kind: Any) -> bool:
    return name in part and bool(kind(part[name].type))


def _padded(numbers: Any, width: int) -> Any:
    return pc.utf8_lpad(numbers.cast(pa.string()), width, "0")


def _distinct(texts: Any, read: Any) -> Any:
    encoded = texts.dictionary_encode()
    numbers = pa.array([read(text) for text in encoded.dictionary.to_pylist()], pa.int64())
    return numbers.take(encoded.indices).fill_null(0)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < WIDEST else 0


def _log_block(text: str) -> int:
    """`00000027:00000ac0:0002`: the log's part and the block in it; the slot orders the ids."""
    part, _, rest = text.partition(":")
    try:
        return (int(part, 16) & 0x7FFFFFFF) << 32 | int(rest.partition(":")[0], 16) & 0xFFFFFFFF
    except ValueError:
        return 0
