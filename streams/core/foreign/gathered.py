"""Documents become raw columns of envelopes, a few thousand at a time.

Decides how many documents share columns, so that few bytes cannot ask for many of them. Must never let what
one document says depend on those beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.foreign import Foreign, filled_names
from schemas.harm import MAX_FIELDS
from streams.core.decode import Decoded, Opening, settled
from streams.core.explain import Malformed
from streams.core.faults import Indices, Place
from streams.core.foreign.debezium import debezium
from streams.core.foreign.documents import Document, read_document, wanted_types
from streams.core.foreign.opened import JSON, raw_type

MOST = 2_000
TEXTS = ("name", "snapshot", "file", "change_lsn", "scn")
NUMBERS = ("lsn", "pos", "row", "event_serial_no", "ts_us", "ts_ms", "ts_ns")
TIMES = ("ts_us", "ts_ms", "ts_ns")
PLACES = ("lsn", "file", "change_lsn", "scn")


@dataclass
class Gathered:
    """What values say: columns and their shape; those that are no envelope, and those that say nothing."""

    parts: list[tuple[Decoded, Any]] = field(default_factory=list)
    bad: dict[int, str] = field(default_factory=dict)
    silent: list[int] = field(default_factory=list)


@dataclass
class _Chunk:
    """Documents that share columns, by the index of their value; `places` is what their sources can say."""

    places: frozenset[str]
    names: dict[str, None] = field(default_factory=dict)
    documents: dict[int, Document] = field(default_factory=dict)

    def takes(self, document: Document) -> bool:
        grown = len(self.names.keys() | document.row.keys())
        return self.places == _places(document) and len(self.documents) < MOST and grown <= MAX_FIELDS


def gather(declared: Foreign, wanted: Any, values: Sequence[bytes], keys: Sequence[bytes | None]) -> Gathered:
    """Reads values and opens them; indices are those of the values. Never raises on data."""
    found = Gathered()
    for chunk in _chunks(declared, wanted, values, found):
        opening = debezium(declared, wanted, _shape(chunk), keys)
        rows = np.array(list(chunk.documents))
        doubted = _with_doubts(opening, list(chunk.documents.values()))
        found.parts.append((settled([(rows, _raw(chunk))], doubted, {}), opening.shape))
    return found


def _chunks(declared: Foreign, wanted: Any, values: Sequence[bytes], found: Gathered) -> Iterator[_Chunk]:
    types = wanted_types(wanted, filled_names(declared))
    chunk = _Chunk(frozenset())
    for index, value in enumerate(values):
        try:
            document = read_document(value, declared, types)
        except Malformed as fault:
            found.bad[index] = str(fault)
            continue
        if document is None:
            found.silent.append(index)
            continue
        if not chunk.takes(document):
            if chunk.documents:
                yield chunk
            chunk = _Chunk(_places(document))
        chunk.documents[index] = document
        chunk.names |= dict.fromkeys(document.row)
    if chunk.documents:
        yield chunk


def _places(document: Document) -> frozenset[str]:
    """The words of the log's place that a source uses, with a value or null."""
    said = document.source
    return frozenset(
        name
        for name in PLACES
        if name in said and (said[name] is None or (type(said[name]) is (int if name in NUMBERS else str)))
    )


def _shape(chunk: _Chunk) -> Any:
    names = chunk.names or ["row"]
    row = {"type": "record", "name": "Row", "fields": [{"name": name, "type": JSON} for name in names]}
    source = [
        {"name": name, "type": ["null", "string" if name in TEXTS else "long"]}
        for name in (*TEXTS, *NUMBERS)
        if name not in PLACES or name in chunk.places
    ]
    return {
        "type": "record",
        "name": "Envelope",
        "fields": [
            {"name": "after", "type": ["null", row]},
            {"name": "source", "type": {"type": "record", "name": "Source", "fields": source}},
            {"name": "op", "type": "string"},
            *({"name": name, "type": ["null", "long"]} for name in TIMES),
        ],
    }


def _raw(chunk: _Chunk) -> Any:
    shape = _shape(chunk)
    source = [entry["name"] for entry in shape["fields"][1]["type"]["fields"]]
    data = [
        {
            "after": one.row,
            "source": {name: _plain(one.source, name) for name in source},
            "op": one.envelope["op"],
            **{name: _plain(one.envelope, name) for name in TIMES},
        }
        for one in chunk.documents.values()
    ]
    return pa.array(data, raw_type(shape))


def _plain(part: Mapping[str, Any], name: str) -> Any:
    """A member of the source that a column can hold, else null."""
    value = part.get(name)
    if name in NUMBERS:
        return value if type(value) is int and -(2**63) <= value < 2**63 else None
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) and value.isprintable() else None


def _with_doubts(opening: Opening, documents: Sequence[Document]) -> Opening:
    def unwrap(raw: Any, rows: Indices, place: Place) -> Any:
        for at, document in enumerate(documents):
            for doubt in document.doubts:
                place.at(doubt.field).blame(np.array([at]), doubt.expected, [doubt.got])
        return opening.unwrap(raw, rows, place)

    return Opening(opening.shape, unwrap)
