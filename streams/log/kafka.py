"""The grown-up log: topics of an Apache Kafka cluster.

Decides how much is fetched for a batch and that a topic which was deleted and made anew is noticed before
anything of it lands. Must never jump: positions come from the caller, and no client picks one by itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import TimeoutError as NoAnswer
from time import monotonic
from typing import Any, Self

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from streams.core.model import Batch, Place, Record
from streams.log.cluster import SECONDS, Cluster
from streams.log.headers import join_headers
from streams.log.names import Names
from streams.log.protocol import (
    Ends,
    LogError,
    LogUnreachable,
    Outgoing,
    PositionError,
    check_head,
    check_life,
    check_start,
    may_be_trimmed,
)
from streams.log.sender import Sender
from streams.log.shares import by_turn, fair_shares
from streams.log.topics import Topic, Topics

BATCH_BYTES = 32 * 2**20
PLACE_BYTES = 8 * 2**20  # fetched at once of one place
FETCH_BYTES = 32 * 2**20
FETCH_WAIT_MS = 50  # a fetch that waits for idle places holds up the next one of busy places
PIECE = 10_000  # records taken from a place at a time, so that bytes are counted in between
GATHER_SECONDS = 0.2  # for a batch to grow, once something is there
MISSING_SECONDS = 15.0  # until a topic that is not there counts as deleted
GRACE = 4.0  # seconds beyond the client's own patience


class KafkaLog:
    """A `Log` of some topics of a cluster. For one thread at a time, not across fork.

    `topics` are those that are read, each with the name that the cluster knows it by; those that do not exist
    hold nothing. The consumer lives on `loop`, that of a running asyncio thread, or on one of its own.
    Whatever fails is a LogError, LogUnreachable if the cluster can be expected back.
    """

    def __init__(
        self,
        cluster: Cluster,
        topics: Mapping[str, str] | None = None,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Asks the cluster for its id. Raises LogError, LogUnreachable."""
        self.cluster = cluster
        self.topics = Topics(cluster)
        self.id = self.topics.cluster_id()
        self._names = Names(topics or {})
        self._sender = Sender(cluster)
        self._consumer: AIOKafkaConsumer | None = None
        self._assigned: frozenset[Place] = frozenset()
        self._last_served: Place | None = None
        self._missing_since: float | None = None
        self._thread = _LoopThread(loop)
        self._loop = self._thread.loop
        self._is_closed = False

    def read(self, topics: Mapping[str, str]) -> None:
        """Reads these topics from now on, each by the name that the cluster knows it by."""
        self._names = Names(topics)

    def append(self, records: Sequence[Outgoing]) -> list[int]:
        """Append; the offsets, in the order given.

        What cannot be a record is refused before anything is sent. If the cluster fails amid the records some
        can have been kept; sent again they are duplicates, which land once.
        """
        self._check_open()
        return self._sender.send([one._replace(topic=self._names.there(one.topic)) for one in records])

    def ends(self) -> dict[Place, Ends]:
        """The ends of every partition of the topics that exist."""
        return self._ends(self._look())

    def poll(self, positions: Mapping[Place, int], limit: int) -> Batch:
        """Up to `limit` records, and about 32 MiB at most. Waits for no record that is not there yet."""
        if limit < 1:
            raise ValueError(f"a batch has at least one record, not {limit}")
        topics = self._look()
        self._expect(topics, {place.topic for place in positions if place.topic in self._names.topics})
        ends = self._ends(topics)
        for place, position in {**dict.fromkeys(ends, 0), **positions}.items():
            if place.topic in self._names.topics:
                check_head(self.id, place, position, ends.get(place, Ends(0, 0)))
                check_start(self.id, place, position, ends.get(place, Ends(0, 0)))
        starts = {place: positions.get(place, 0) for place in by_turn(list(ends), self._last_served)}
        unread = {place: left for place, at in starts.items() if (left := ends[place].head - at)}
        shares = fair_shares(unread, limit)
        records: list[Record] = []
        reached: dict[Place, int] = {}
        if shares:
            records, reached = self._run(self._gather(ends.keys(), starts, shares))
            self._last_served = next(reversed(reached), self._last_served)
        return Batch(self.id, records, reached, _lives(self._look() if records else topics))

    def offsets_at(self, timestamp: int) -> dict[Place, int]:
        """The first offset of every place whose record is not older; the head where all are."""
        ends = self.ends()
        found = self.topics.offsets_at([*map(self._names.place_there, ends)], timestamp // 1000)
        offsets = {place: found[self._names.place_there(place)] for place in ends}
        return {place: offset if offset >= 0 else ends[place].head for place, offset in offsets.items()}

    def trim(self, positions: Mapping[Place, int]) -> None:
        """Have the cluster delete the records below the positions."""
        ends = self.ends()
        for place, position in positions.items():
            check_head(self.id, place, position, ends.get(place, Ends(0, 0)))
        self.topics.forget(
            {
                self._names.place_there(place): position
                for place, position in positions.items()
                if may_be_trimmed(place.topic) and position > ends[place].start
            }
        )

    def close(self) -> None:
        """Let go of the cluster; a second time does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._sender.close()
        if self._consumer:
            self._run(self._consumer.stop())
        self._thread.close()

    def __enter__(self) -> Self:
        """The log itself; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the log."""
        self.close()

    def _look(self) -> dict[str, Topic]:
        self._check_open()
        found = self.topics.look([*map(self._names.there, self._names.topics)])
        return {self._names.here(name): one for name, one in found.items()}

    def _expect(self, found: Mapping[str, Topic], wanted: set[str]) -> None:
        """Refuses to go on without a topic; a cluster that has just started can lack it for a moment."""
        missing = sorted(wanted - found.keys())
        if not missing:
            self._missing_since = None
            return
        self._missing_since = self._missing_since or monotonic()
        if monotonic() - self._missing_since < MISSING_SECONDS:
            raise LogUnreachable(f"Kafka at {self.cluster.bootstrap} does not have {', '.join(missing)} now")
        check_life(self.id, Place(missing[0], 0), "there", None)

    def _ends(self, topics: Mapping[str, Topic]) -> dict[Place, Ends]:
        places = [Place(name, number) for name, one in topics.items() for number in range(one.partitions)]
        found = self.topics.ends([*map(self._names.place_there, places)])
        return {place: found[self._names.place_there(place)] for place in places}

    async def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                max_partition_fetch_bytes=PLACE_BYTES,
                fetch_max_bytes=FETCH_BYTES,
                fetch_max_wait_ms=FETCH_WAIT_MS,
                metadata_max_age_ms=10_000,
                **self.cluster.for_aiokafka(),
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer

    async def _gather(
        self, known: Iterable[Place], starts: Mapping[Place, int], shares: Mapping[Place, int]
    ) -> tuple[list[Record], dict[Place, int]]:
        """Records from `starts` on, by shares, as they come; and the positions then reached."""
        consumer = await self._started()
        await self._assign(consumer, frozenset(known), starts)
        left, taken, room = dict(shares), [], BATCH_BYTES
        until, patience = None, monotonic() + SECONDS
        while left and room > 0 and (until is None or monotonic() < until):
            got = 0
            for place in list(left):
                one = self._names.partition(place)
                piece = await consumer.getmany(one, max_records=min(left[place], PIECE))
                for records in piece.values():
                    taken.append((place, records))
                    got += len(records)
                    room -= sum(len(record.value or b"") for record in records)
                    left[place] -= len(records)
                position = await consumer.position(one)
                if not left[place] or position >= starts[place] + shares[place]:  # gaps are no records
                    del left[place]
            if not got and left:
                await asyncio.sleep(0.002)
                if monotonic() > patience:
                    raise LogUnreachable(
                        f"Kafka at {self.cluster.bootstrap} gives no records of "
                        f"{', '.join(sorted({place.topic for place in left}))}, though there are some"
                    )
            if until is None and taken:
                until = monotonic() + GATHER_SECONDS
        reached = {}
        for place in shares:
            position = await consumer.position(self._names.partition(place))
            if position > starts[place]:
                reached[place] = position
        return [_record(place.topic, one) for place, records in taken for one in records], reached

    async def _assign(
        self, consumer: AIOKafkaConsumer, known: frozenset[Place], starts: Mapping[Place, int]
    ) -> None:
        """Has the consumer stand at the positions; it goes on fetching where it stands there already."""
        if known != self._assigned:
            consumer.assign([self._names.partition(place) for place in sorted(known)])
            for place in known:
                consumer.seek(self._names.partition(place), starts[place])
            self._assigned = known
        for place, start in starts.items():
            if await consumer.position(self._names.partition(place)) != start:
                consumer.seek(self._names.partition(place), start)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Has the loop do something and waits for it."""
        asked = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return asked.result(2 * SECONDS + GRACE)
        except NoAnswer:
            asked.cancel()
            raise LogUnreachable(f"Kafka at {self.cluster.bootstrap} does not answer") from None
        except OffsetOutOfRangeError as error:
            raise PositionError(
                f"log {self.id}: {error.args[0]} does not lie in its topic any more; `rundum topics` shows "
                "what the topics hold"
            ) from error
        except (KafkaError, OSError) as error:
            is_passing = getattr(error, "retriable", True) or isinstance(error, OSError)
            said = f"Kafka at {self.cluster.bootstrap}: {error or type(error).__name__}"
            raise (LogUnreachable if is_passing else LogError)(said) from error

    def _check_open(self) -> None:
        if self._is_closed:
            raise LogError("the log is closed")


class _LoopThread:
    """An event loop in a thread of its own, or the given one, which others run."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self.loop = loop or asyncio.new_event_loop()
        self._thread = None if loop else threading.Thread(target=self.loop.run_forever, daemon=True)
        if self._thread:
            self._thread.start()

    def close(self) -> None:
        if self._thread:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
            self.loop.close()


def _lives(topics: Mapping[str, Topic]) -> dict[Place, str]:
    return {Place(name, at): one.life for name, one in topics.items() for at in range(one.partitions)}


def _record(topic: str, one: Any) -> Record:
    headers = join_headers(one.headers) if one.headers else None
    return Record(topic, one.partition, one.offset, one.timestamp * 1000, one.key, one.value, headers)
