"""Who is named: the identifiers of a batch, normalised once each, as nodes, mentions and anchors.

Decides what counts as an identifier and which one an event hangs on. Must never decide who belongs together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.catalogue import Catalogue
from schemas.identifiers import Kind
from schemas.meanings import ANY, IDENTIFYING, ITEMS, Mark, Path
from streams.core.normalise import normalise

Ints = npt.NDArray[np.int64]
ROLES = {"id": 0, "other": 1, "about": 2}
CONFIGURED = "configured"
NONE = np.iinfo(np.int64).max
LESS = 100  # a role weighs less than the one before it, whatever the strength


@dataclass(frozen=True)
class Naming:
    """What identifying needs beside the events: the store's secret and the nodes that events have blocked."""

    catalogue: Catalogue
    secret: bytes
    blocked: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class Named:
    """Who the rows of a batch name. Integers in `node` and `anchor` are rows of `nodes`.

    `nodes`: node (uuid), kind, value, blocked (why it joins nobody, or null).
    `mentions`: record, node, role (0 id, 1 other, 2 about), strength, joins (whether it gives an edge to the
    anchor), edge_strength, anchor; one row per record and node.
    `contacts`: record, field (index of the mark in its contract), node; every identifying field by itself.
    `anchors`: by record, the anchor's row in `nodes` or -1; length is the number of records.
    `unknown`: record, field, kind of identifiers whose kind is not declared.
    """

    nodes: pa.Table
    mentions: pa.Table
    contacts: pa.Table
    anchors: Ints
    unknown: tuple[tuple[int, str, str], ...] = ()


@dataclass
class _Names:
    """The distinct nodes met so far."""

    naming: Naming
    index: dict[bytes, int] = field(default_factory=dict)
    rows: list[tuple[bytes, str, str, str | None]] = field(default_factory=list)

    def find(self, kind: Kind, raws: Iterable[str]) -> list[int]:
        named = namer(self.naming.secret, kind)
        return [self._row(kind, *named(raw)) for raw in raws]

    def _row(self, kind: Kind, node: bytes, value: str, blocked: str | None) -> int:
        at = self.index.get(node)
        if at is None:
            at = self.index[node] = len(self.rows)
            if blocked is None and node in self.naming.blocked:
                blocked = CONFIGURED
            self.rows.append((node, kind.name, value, blocked))
        return at


@lru_cache(maxsize=100)
def namer(secret: bytes, kind: Kind) -> Callable[[str], tuple[bytes, str, str | None]]:
    """`name` for one kind; remembers values, since most come again."""
    return lru_cache(maxsize=200_000)(partial(name, secret, kind))


def name(secret: bytes, kind: Kind, raw: str) -> tuple[bytes, str, str | None]:
    """The node id (16 bytes), normalised value and reason of blocking of one identifier."""
    value, blocked = normalise(kind, raw)
    return node_id(secret, kind.name, value), value, blocked


def node_id(secret: bytes, kind: str, value: str) -> bytes:
    """A node's id: a keyed hash, so that it tells nothing and cannot be guessed."""
    text = f"{kind}\0{value}".encode()
    return hashlib.blake2b(text, digest_size=16, key=secret).digest()


def identify(tables: Mapping[str, pa.Table], records: int, naming: Naming) -> Named:
    """The nodes, mentions and anchors of decoded events.

    `tables` are rows by event type with a column `record` below `records`; see model.Reading.
    """
    names = _Names(naming)
    parts: list[tuple[Ints, Ints, int, int, int]] = []
    unknown: list[tuple[int, str, str]] = []
    for event_type, table in sorted(tables.items()):
        event = naming.catalogue.events[event_type]
        rows = table.column("record").to_numpy().astype(np.int64)
        for at, mark in enumerate(event.marks):
            if mark.meaning not in IDENTIFYING:
                continue
            found, nodes = _nodes_of(mark, table, names, unknown)
            parts.append((rows[found], nodes, ROLES[mark.meaning], event.strength(mark), at))
    return _assemble(names, parts, records, tuple(unknown))


def _nodes_of(
    mark: Mark, table: pa.Table, names: _Names, unknown: list[tuple[int, str, str]]
) -> tuple[Ints, Ints]:
    """The rows of `table` that name somebody in this field, and the nodes they name."""
    kinds = names.naming.catalogue.kinds
    values, rows = column_at(table, mark.path)
    if mark.name != ANY:
        kind = kinds[mark.name]
        return rows, _distinct(values, partial(names.find, kind))
    told = column_at(table, mark.options["kind"])[0].to_pylist()
    found: list[tuple[int, int]] = []
    record = table.column("record")
    for row, kind_name, raw in zip(rows.tolist(), told, values.to_pylist(), strict=True):
        if kind_name in kinds:
            found.append((row, *names.find(kinds[kind_name], [raw])))
        else:
            unknown.append((record[row].as_py(), ".".join(mark.options["kind"]), str(kind_name)))
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _distinct(values: pa.Array, find: Callable[[list[str]], list[int]]) -> Ints:
    encoded = values.dictionary_encode()
    rows = np.array(find(encoded.dictionary.to_pylist()), dtype=np.int64)
    indices = encoded.indices.to_numpy(zero_copy_only=False)
    result: Ints = rows[indices] if len(rows) else np.empty(0, np.int64)
    return result


def column_at(table: pa.Table, path: Path) -> tuple[pa.Array, Ints]:
    """The non-null values of a field as text, and the row of the table that each came from."""
    values, rows = flat_at(table, path)
    kept = pc.is_valid(values)
    if not pc.all(kept).as_py():
        rows = rows[kept.to_numpy(zero_copy_only=False)]
        values = values.drop_null()
    return (values if pa.types.is_string(values.type) else values.cast(pa.string())), rows


def flat_at(table: pa.Table, path: Path) -> tuple[pa.Array, Ints]:
    """The values of a field, lists laid flat, and the row of the table that each came from."""
    values = _whole(table.column(path[0]))
    rows: Ints = np.arange(len(table), dtype=np.int64)
    for step in path[1:]:
        if step == ITEMS:
            rows = rows[pc.list_parent_indices(values).to_numpy()]
            values = pc.list_flatten(values)
        else:
            values = pc.struct_field(values, step)
    return values, rows


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _assemble(
    names: _Names, parts: list[tuple[Ints, Ints, int, int, int]], records: int, unknown: Any
) -> Named:
    record, node, role, strength, at = _columns(parts)
    named = _node_table(names)
    by_order = _by_order(named, names.naming.catalogue)
    order = np.empty(len(by_order), dtype=np.int64)
    order[by_order] = np.arange(len(by_order))
    usable = named.column("blocked").is_null().to_numpy()
    naming = (role == ROLES["id"]) & usable[node]
    least = np.full(records, NONE, dtype=np.int64)
    np.minimum.at(least, record[naming], order[node[naming]])
    anchors = np.full(records, -1, dtype=np.int64)
    anchored = least != NONE
    anchors[anchored] = by_order[least[anchored]]
    first = _one_per_node(record, node, role, strength)
    kept = {"record": record[first], "node": node[first], "role": role[first], "strength": strength[first]}
    mentions = _mentions(kept, anchors, naming[first])
    contacts = pa.table({"record": record.astype(np.int32), "field": at.astype(np.int16), "node": node})
    return Named(named, mentions, contacts, anchors, unknown)


def _columns(parts: list[tuple[Ints, Ints, int, int, int]]) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    def spread(which: int) -> Ints:
        return np.concatenate(
            [np.empty(0, np.int64), *(np.full(len(part[0]), part[which], np.int64) for part in parts)]
        )

    record = np.concatenate([np.empty(0, np.int64), *(part[0] for part in parts)])
    node = np.concatenate([np.empty(0, np.int64), *(part[1] for part in parts)])
    return record, node, spread(2), spread(3), spread(4)


def _by_order(nodes: pa.Table, catalogue: Catalogue) -> Ints:
    """The rows of `nodes` in the order by (rank of kind, value), the strongest first."""
    kind = _whole(nodes.column("kind")).dictionary_encode()
    ranks = pa.array([catalogue.kinds[name].rank for name in kind.dictionary.to_pylist()], pa.int64())
    table = pa.table({"rank": ranks.take(kind.indices), "value": nodes.column("value")})
    ordered: Ints = pc.sort_indices(table, [("rank", "ascending"), ("value", "ascending")]).to_numpy()
    return ordered.astype(np.int64)


def _one_per_node(record: Ints, node: Ints, role: Ints, strength: Ints) -> Ints:
    """Of several mentions of a node in one record, the row of the weightiest: an id before others."""
    pair = record * (node.max(initial=0) + 1) + node
    ranked = np.lexsort((role * LESS - strength, pair))
    first = np.ones(len(ranked), dtype=bool)
    first[1:] = np.diff(pair[ranked]) != 0
    result: Ints = ranked[first]
    return result


def _mentions(kept: Mapping[str, Ints], anchors: Ints, naming: npt.NDArray[np.bool_]) -> pa.Table:
    record, node, strength = kept["record"], kept["node"], kept["strength"]
    anchor = anchors[record]
    anchor_strength = np.zeros(len(anchors), dtype=np.int64)
    is_anchor = anchor == node
    anchor_strength[record[is_anchor]] = strength[is_anchor]
    return pa.table(
        {
            "record": record.astype(np.int32),
            "node": node,
            "role": kept["role"].astype(np.int8),
            "strength": strength.astype(np.int8),
            "joins": naming & ~is_anchor,
            "edge_strength": np.minimum(strength, anchor_strength[record]).astype(np.int8),
            "anchor": anchor,
        }
    )


def _node_table(names: _Names) -> pa.Table:
    node, kind, value, blocked = zip(*names.rows, strict=True) if names.rows else ((), (), (), ())
    return pa.table(
        {
            "node": uuids(node),
            "kind": pa.array(kind, pa.string()),
            "value": pa.array(value, pa.string()),
            "blocked": pa.array(blocked, pa.string()),
            "row": np.arange(len(node)),
        }
    )


def uuids(nodes: Any) -> pa.Array:
    """Node ids (16 bytes each) as an Arrow column that DuckDB reads as UUID."""
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(nodes, pa.binary(16)))


def node_lists(named: Named, records: int) -> pa.Array:
    """For each record the ids of all nodes it mentions, blocked ones too."""
    record = named.mentions.column("record").to_numpy()
    offsets = np.concatenate([[0], np.cumsum(np.bincount(record, minlength=records))]).astype(np.int32)
    node = named.mentions.column("node").to_numpy()
    return pa.ListArray.from_arrays(
        pa.array(offsets), _whole(named.nodes.column("node")).take(pa.array(node))
    )
