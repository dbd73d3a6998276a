"""The bare pipe: fetch, decode, append to the same tables with positions in one transaction; no rules at all.

Decides what is the least that anybody must do. Must never do more: what ours costs is told against it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
from aiokafka import AIOKafkaConsumer, TopicPartition

from sinks.duckdb.store import Store
from streams.brokers import Kafka
from streams.core.decode import decode
from streams.core.model import Place
from streams.core.read import HEADER
from streams.core.writers import Writer, writer_of
from streams.pipeline import BATCH, uncollected, utc_now
from streams.registry.protocol import Registry
from tests.bench.timing import Watch

FETCH_BYTES = 32 * 2**20
PLACE_BYTES = 8 * 2**20
Decoder = Callable[[Writer, Sequence[bytes]], list[pa.Array]]


def by_ours(writer: Writer, bodies: Sequence[bytes]) -> list[pa.Array]:
    """Columns by our decoder: pyruhvro, checked by encoding again."""
    columns: list[pa.Array] = decode(writer, bodies).columns.flatten()
    return columns


def by_fastavro(writer: Writer, bodies: Sequence[bytes]) -> list[pa.Array]:
    """Columns by fastavro, event by event, and nothing checked."""
    data = [fastavro.schemaless_reader(io.BytesIO(body), writer.wire, None) for body in bodies]
    columns: list[pa.Array] = pa.array(data, writer.raw).flatten()
    return columns


DECODERS: dict[str, Decoder] = {"ours": by_ours, "fastavro": by_fastavro}


def append(
    store: Store, writer: Writer, columns: Sequence[pa.Array], received_at: pa.Array, seq: pa.Array
) -> int:
    """Appends decoded columns to the table of their contract; how many rows."""
    event, connection = store.catalogue.by_full_name[writer.full_name], store.database.connection
    rows = {
        name: column.cast(event.arrow.field(name).type)
        for name, column in zip(event.arrow.names, columns, strict=True)
    }
    rows |= {
        "received_at": received_at,
        "landed_seq": seq,
        "landed_at": pa.repeat(utc_now(), len(seq)),
        "writer": pa.repeat(writer.schema_id, len(seq)),
    }
    connection.register("arrow_rows", pa.table(rows))
    connection.execute(f"INSERT INTO {event.table} BY NAME FROM arrow_rows")
    connection.unregister("arrow_rows")
    return len(seq)


def keep(store: Store, log_id: str, positions: Mapping[Place, int]) -> None:
    """Writes positions, instead of those that were."""
    store.database.connection.execute("DELETE FROM ops.position")
    store.database.connection.executemany(
        "INSERT INTO ops.position VALUES (?, ?, ?, ?, NULL)",
        [(log_id, *place, offset) for place, offset in positions.items()],
    )


class Pipe:
    """From a topic of a cluster to a store."""

    def __init__(self, store: Store, registry: Registry, decoder: Decoder) -> None:
        """Knows no schema yet."""
        self._store, self._registry, self._decoder = store, registry, decoder
        self._writers: dict[int, Writer] = {}
        self._positions: dict[Place, int] = {}
        self.landed = 0

    async def run(self, kafka: Kafka, topic: str, events: int) -> Watch:
        """Lands so many events, from the start of all partitions of a topic; what it took once connected."""
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=PLACE_BYTES,
            fetch_max_bytes=FETCH_BYTES,
            **kafka.cluster.for_aiokafka(),
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(topic, one) for one in range(kafka.partitions)])
            with Watch() as watch, uncollected():
                while self.landed < events:
                    self._land(await _fetch(consumer, min(BATCH, events - self.landed)))
            return watch
        finally:
            await consumer.stop()

    def _land(self, records: Sequence[Any]) -> None:
        by_id: dict[int, list[Any]] = {}
        for one in records:
            by_id.setdefault(int.from_bytes(one.value[1:HEADER], "big"), []).append(one)
            self._positions[Place(one.topic, one.partition)] = one.offset + 1
        with self._store.database.transaction():
            for schema_id, of in by_id.items():
                if schema_id not in self._writers:
                    self._writers[schema_id] = writer_of(schema_id, self._registry.fetch(schema_id))
                writer = self._writers[schema_id]
                columns = self._decoder(writer, [one.value[HEADER:] for one in of])
                at = pa.array(np.array([one.timestamp for one in of]) * 1000, pa.timestamp("us"))
                seq = pa.array(np.arange(self.landed, self.landed + len(of)))
                self.landed += append(self._store, writer, columns, at, seq)
            keep(self._store, "bare", self._positions)


async def _fetch(consumer: AIOKafkaConsumer, size: int) -> list[Any]:
    taken: list[Any] = []
    while len(taken) < size:
        got = await consumer.getmany(timeout_ms=1000, max_records=size - len(taken))
        for records in got.values():
            taken += records
    return taken
