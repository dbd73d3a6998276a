"""A batch on its way in: Arrow columns as temporary tables that the steps in SQL work on.

Decides the shapes of those tables. Must never write a table of the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from schemas.catalogue import EventType
from sinks.duckdb.database import Database
from streams.core.identify import Ints, Named, node_lists
from streams.core.model import Record


@dataclass(frozen=True)
class Arrival:
    """Where the records of a batch come from: `seq` is the landed_seq of each."""

    seq: Ints
    topic: pa.Array
    partition: pa.Array
    offset: pa.Array
    received_at: pa.Array


def arrive(records: Sequence[Record], first_seq: int) -> Arrival:
    """The arrival of records fresh from a log, numbered from `first_seq`."""
    columns = list(zip(*records, strict=True)) if records else [()] * 4
    return Arrival(
        np.arange(first_seq, first_seq + len(records), dtype=np.int64),
        pa.array(columns[0], pa.string()),
        pa.array(columns[1], pa.int32()),
        pa.array(columns[2], pa.int64()),
        pa.array(columns[3], pa.int64()).cast(pa.timestamp("us")),
    )


class Stage:
    """The temporary tables of one batch. `events` names the staged table of each event type."""

    def __init__(self, database: Database, arrival: Arrival, *, fresh: bool = True) -> None:
        """With `fresh` forgets what an earlier batch has turned up."""
        self.database = database
        self.arrival = arrival
        self.events: dict[str, str] = {}
        self._registered: set[str] = set()
        if fresh:
            database.step("stage_begin")
            self._register("arrow_record", self._records())

    def fill(self, tables: Mapping[str, pa.Table], named: Named, types: Mapping[str, EventType]) -> None:
        """Stages decoded rows by event type and whom they name."""
        count = len(self.arrival.seq)
        anchors = pa.array(named.anchors, mask=named.anchors < 0)
        nodes = named.nodes.column("node").combine_chunks()
        anchor_nodes = nodes.take(anchors)
        lists = node_lists(named, count)
        occurred = np.zeros(count, dtype=np.int64)
        spine: list[pa.Table] = []
        for event_type, table in sorted(tables.items()):
            event = types[event_type]
            staged = self._typed(event, table, anchor_nodes)
            record = table.column("record").to_numpy()
            occurred[record] = staged.column("occurred_at").cast(pa.int64()).to_numpy()
            name = staged_name(event)
            self._register(name, staged)
            self.events[event_type] = name
            spine.append(self._spine(event, staged, table, lists))
        self._register("arrow_event", pa.concat_tables(spine) if spine else _empty_spine(nodes.type))
        self._naming(named, occurred)
        self.database.step("stage_event")
        self.database.step("stage_naming")

    def clear(self) -> None:
        """Lets go of the Arrow data."""
        for name in self._registered:
            self.database.connection.unregister(name)

    def _register(self, name: str, table: pa.Table) -> None:
        self.database.connection.register(name, table)
        self._registered.add(name)

    def _records(self) -> pa.Table:
        at = self.arrival
        return pa.table(
            {
                "landed_seq": at.seq,
                "topic": at.topic,
                "partition": at.partition,
                "offset": at.offset,
                "received_at": at.received_at,
            }
        )

    def _typed(self, event: EventType, table: pa.Table, anchors: pa.Array) -> pa.Table:
        record = table.column("record")
        standard = {
            "event_id": table.column(event.marked("event_id")[0].path[0]),
            "occurred_at": table.column(event.marked("occurred_at")[0].path[0]),
            "node": anchors.take(record.combine_chunks()),
            "received_at": self.arrival.received_at.take(record.combine_chunks()),
            "landed_seq": pa.array(self.arrival.seq).take(record.combine_chunks()),
            "writer": table.column("writer"),
            "extra": table.column("extra"),
        }
        columns = {name: table.column(name) for name in event.arrow.names} | standard
        return pa.table(columns)

    def _spine(self, event: EventType, staged: pa.Table, table: pa.Table, lists: pa.Array) -> pa.Table:
        record = table.column("record").combine_chunks()
        size = len(table)
        return pa.table(
            {
                "record": record,
                "landed_seq": staged.column("landed_seq"),
                "event_type": pa.repeat(event.name, size),
                "event_id": staged.column("event_id"),
                "occurred_at": staged.column("occurred_at"),
                "received_at": staged.column("received_at"),
                "node": staged.column("node"),
                "nodes": lists.take(record),
                "topic": self.arrival.topic.take(record),
                "partition": self.arrival.partition.take(record),
                "offset": self.arrival.offset.take(record),
                "writer": table.column("writer"),
            }
        )

    def _naming(self, named: Named, occurred: Ints) -> None:
        record = named.mentions.column("record").to_numpy()
        mentions = named.mentions.append_column("landed_seq", pa.array(self.arrival.seq[record]))
        mentions = mentions.append_column("occurred_at", pa.array(occurred[record]).cast(pa.timestamp("us")))
        contact = named.contacts.column("record").to_numpy()
        contacts = named.contacts.append_column("landed_seq", pa.array(self.arrival.seq[contact]))
        self._register("arrow_node", named.nodes)
        self._register("arrow_mention", mentions.drop_columns("record"))
        self._register("arrow_contact", contacts.drop_columns("record"))


def staged_name(event: EventType) -> str:
    """The name under which rows of an event type are staged."""
    return "staged_" + event.name.replace("/", "_")


def _empty_spine(uuid: pa.DataType) -> pa.Table:
    shape = {
        "record": pa.int32(), "landed_seq": pa.int64(), "event_type": pa.string(), "event_id": pa.string(),
        "occurred_at": pa.timestamp("us"), "received_at": pa.timestamp("us"), "node": uuid,
        "nodes": pa.list_(uuid), "topic": pa.string(), "partition": pa.int32(), "offset": pa.int64(),
        "writer": pa.int32(),
    }  # fmt: skip
    return pa.table({name: pa.nulls(0, kind) for name, kind in shape.items()})
