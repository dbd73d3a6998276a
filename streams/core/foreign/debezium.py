"""A Debezium envelope becomes the row that it tells of, and what it says of the change.

Decides what of the envelope is part of the event. Must never let in what a second delivery of the same change
would say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.foreign import Foreign
from schemas.meanings import without_null
from streams.core.decode import Opening
from streams.core.faults import Indices, Place
from streams.core.foreign.images import image
from streams.core.foreign.opened import MICROS, members, row_fields, struct_of, texts_wanted
from streams.core.foreign.position import digest, position_of, times_of
from streams.core.listing import dumps, listing
from streams.core.project import container, signature
from streams.core.writers import without_logical

WANTED = "a Debezium envelope with after, source and op"
KEPT = ("decimal", "uuid")
HEADER = 5
FILLED: dict[str, Any] = {
    "event_id": "string", "occurred_at": MICROS, "sequence": "long", "op": "string",
    "snapshot": ["null", "string"],
}  # fmt: skip


def misfit(shape: Any) -> str:
    """Why a writer's schema is no envelope; empty if it is one."""
    parts = {entry["name"]: without_null(entry["type"]) for entry in shape["fields"]}
    if not {"after", "source", "op"} <= parts.keys() or parts["op"] != "string":
        return f"wants {WANTED}; the schema has {', '.join(parts)[:200]}"
    if container(parts["after"]) != "record" or container(parts["source"]) != "record":
        return f"wants {WANTED}, of which after and source are records"
    if signature(parts.get("before", parts["after"])) != signature(parts["after"]):
        return f"wants {WANTED}, in which before has the columns of after"
    return ""


def debezium(declared: Foreign, wanted: Any, shape: Any, keys: Sequence[bytes | None]) -> Opening:
    """The opening of envelopes of a shape that is no misfit; `keys` are those of the records."""
    types: dict[str, Any] = {entry["name"]: without_null(entry["type"]) for entry in shape["fields"]}
    row = types["after"]["fields"]
    fields = row_fields(declared, row)
    texts = texts_wanted(fields, wanted)
    named = {entry["name"] for entry in wanted["fields"]}
    filled = [{"name": name, "type": avro} for name, avro in FILLED.items() if name in named]
    envelopes = _Envelopes(declared.topic, types, keys)

    def unwrap(raw: Any, rows: Indices, _: Place) -> Any:
        said = dict(zip(types, members(raw), strict=True))
        told = envelopes.tell(said, rows)
        columns = image(row, texts, said["after"], said.get("before", said["after"]), said["op"])
        return struct_of([*fields, *filled], [*columns, *(told[entry["name"]] for entry in filled)])

    return Opening({"type": "record", "name": "row", "fields": [*fields, *filled]}, unwrap)


@dataclass(frozen=True)
class _Envelopes:
    """Envelopes of one shape: their topic, the types of their parts without null, the keys of the records."""

    topic: str
    types: Mapping[str, Any]
    keys: Sequence[bytes | None]

    def tell(self, said: Mapping[str, Any], rows: Indices) -> dict[str, Any]:
        """What the format fills in. `said` are the parts, `rows` the places of their keys."""
        names = [entry["name"] for entry in self.types["source"]["fields"]]
        source = dict(zip(names, members(said["source"]), strict=True))
        times = times_of(source, said)
        place = position_of(source, times)
        snapshot = _text(source.get("snapshot"), len(times))
        name = _text(source.get("name"), len(times)).fill_null("")
        moments = pc.binary_join_element_wise("t", times.cast(pa.string()), "").fill_null("t")
        verbs = _verbs(said["op"], snapshot)
        # A place in the log is read as often as there are snapshots: each is a statement of its own time.
        spot = pc.if_else(pc.equal(verbs, "read"), moments, pc.coalesce(place.text, moments))
        marks = pa.array(self._marks(said, place.text, rows), pa.string())
        return {
            "event_id": pc.binary_join_element_wise(name, spot, verbs, marks, "/"),
            "occurred_at": times,
            "sequence": place.sequence,
            "op": said["op"],
            "snapshot": snapshot,
        }

    def _marks(self, said: Mapping[str, Any], places: Any, rows: Indices) -> list[str]:
        """What tells apart changes of one place: the key; where key or place are missing, the content too."""
        keys = [_unframed(self.keys[row]) for row in rows.tolist()]
        placed = places.is_valid().to_pylist()
        bare = [at for at, key in enumerate(keys) if key is None or not placed[at]]
        contents = dict(zip(bare, self._contents(said, bare), strict=True))
        return [
            digest(self.topic, [part for part in (key, contents.get(at)) if part is not None])
            for at, key in enumerate(keys)
        ]

    def _contents(self, said: Mapping[str, Any], chosen: list[int]) -> list[bytes]:
        taken = pa.array(chosen, pa.int64())
        images = [
            listing(said[part].take(taken), without_logical(self.types[part], KEPT), terse=True)
            for part in ("before", "after")
            if part in said
        ]
        return [dumps(pair).encode() for pair in zip(*images, strict=True)]


def _verbs(op: Any, snapshot: Any) -> Any:
    """What was done, in words that sort as it is done at one place: an old key goes, a new one is written."""
    streamed = pc.is_in(snapshot, value_set=pa.array(["false", "", None]))
    is_read = pc.or_(pc.equal(op, "r").fill_null(False), pc.invert(streamed))
    kept = pc.if_else(pc.equal(op, "t").fill_null(False), "truncate", pc.if_else(is_read, "read", "write"))
    return pc.if_else(pc.equal(op, "d").fill_null(False), "delete", kept)


def _text(column: Any, size: int) -> Any:
    """A text or a boolean of the source as text; null where it is anything else."""
    if column is None or not (pa.types.is_string(column.type) or pa.types.is_boolean(column.type)):
        return pa.nulls(size, pa.string())
    return column.cast(pa.string())


def _unframed(key: bytes | None) -> bytes | None:
    """A key without the number of its schema, which a new registry changes."""
    return key[HEADER:] if key and key[:1] == b"\0" else key or None
