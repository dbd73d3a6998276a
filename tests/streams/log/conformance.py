"""What every log must do. A log's own test module subclasses `LogConformance` and says how to open it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from uuid import uuid4

import pytest

from streams.core.model import Place, Record
from streams.log.protocol import Log, LogError, Outgoing, PositionError

OpenLog = Callable[[Mapping[str, int]], Log]
PATIENCE_SECONDS = 20


def read_on(log: Log, positions: dict[Place, int], limit: int = 1000) -> list[Record]:
    """Everything from the positions to the heads; the positions move along."""
    heads = {place: ends.head for place, ends in log.ends().items()}
    records: list[Record] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(positions.get(place, 0) < head for place, head in heads.items()):
        assert time.monotonic() < deadline, f"stuck at {positions} of {heads}"
        batch = log.poll(positions, limit)
        assert len(batch.records) <= limit
        records.extend(batch.records)
        positions.update(batch.positions)
    return records


def values(records: list[Record], place: Place | None = None) -> list[bytes | None]:
    return [record.value for record in records if place in (None, (record.topic, record.partition))]


class LogConformance:
    @pytest.fixture
    def open_log(self) -> OpenLog:
        """Opens the same log at each call; its topics and their numbers of partitions are the argument."""
        raise NotImplementedError

    @pytest.fixture
    def topic(self) -> str:
        return f"shop.{uuid4().hex}"

    def test_a_place_is_read_in_the_order_appended(self, open_log: OpenLog, topic: str) -> None:
        with open_log({topic: 1}) as log:
            sent = [b"%d" % number for number in range(250)]
            offsets = [offset for value in sent[:50] for offset in log.append([Outgoing(topic, value)])]
            offsets += log.append([Outgoing(topic, value) for value in sent[50:]])
            records = read_on(log, {}, limit=70)
        assert values(records) == sent
        assert [record.offset for record in records] == offsets
        assert offsets == sorted(set(offsets))
        assert {(record.topic, record.partition) for record in records} == {(topic, 0)}

    def test_records_keep_key_value_headers_and_time(self, open_log: OpenLog, topic: str) -> None:
        sent = [
            Outgoing(topic, b"\x00\xff", b"email:anna@example.de", 0, b"trace=1", 1_700_000_000_000_000),
            Outgoing(topic, None, b"", 0, None, 1_700_000_000_001_000),
            Outgoing(topic, b"", None, 0, b"", 1_700_000_000_002_000),
        ]
        with open_log({topic: 1}) as log:
            log.append(sent)
            records = read_on(log, {})
        got = [Outgoing(r.topic, r.value, r.key, r.partition, r.headers, r.timestamp) for r in records]
        assert [one._replace(headers=one.headers or None) for one in got] == [
            one._replace(headers=one.headers or None) for one in sent
        ]

    def test_time_is_now_unless_given(self, open_log: OpenLog, topic: str) -> None:
        before = time.time_ns() // 1_000_000 * 1000
        with open_log({topic: 1}) as log:
            log.append([Outgoing(topic, b"a"), Outgoing(topic, b"b")])
            times = [record.timestamp for record in read_on(log, {})]
        assert before <= times[0] <= times[1] <= time.time_ns() // 1000

    def test_append_is_all_or_nothing(self, open_log: OpenLog, topic: str) -> None:
        with open_log({topic: 2}) as log:
            log.append([Outgoing(topic, b"before", partition=0)])
            wrong = Outgoing(topic, object(), partition=1)  # type: ignore[arg-type]
            with pytest.raises((LogError, TypeError, AssertionError)):
                log.append([Outgoing(topic, b"half", partition=0), wrong])
            log.append([Outgoing(topic, b"after", partition=0)])
            assert values(read_on(log, {})) == [b"before", b"after"]

    def test_nothing_to_append_and_nothing_to_read(self, open_log: OpenLog, topic: str) -> None:
        with open_log({topic: 1}) as log:
            assert log.append([]) == []
            empty = log.poll({}, 10)
            assert (empty.log_id, list(empty.records), dict(empty.positions)) == (log.id, [], {})
            log.append([Outgoing(topic, b"a")])
            positions: dict[Place, int] = {}
            read_on(log, positions)
            assert not log.poll(positions, 10).records

    def test_reading_goes_on_from_positions(self, open_log: OpenLog, topic: str) -> None:
        place = Place(topic, 0)
        with open_log({topic: 1}) as log:
            offsets = log.append([Outgoing(topic, b"%d" % number) for number in range(10)])
            assert values(read_on(log, {place: offsets[6]})) == [b"6", b"7", b"8", b"9"]
            assert values(read_on(log, {place: offsets[2]}))[0] == b"2"
            positions = {place: offsets[9]}
            read_on(log, positions)
            log.append([Outgoing(topic, b"next")])
        with open_log({topic: 1}) as log:
            assert values(read_on(log, positions)) == [b"next"]

    def test_no_place_starves(self, open_log: OpenLog, topic: str) -> None:
        with open_log({topic: 5}) as log:
            for partition, count in enumerate((400, 3, 50, 400, 1)):
                log.append([Outgoing(topic, b"x", partition=partition)] * count)
            read: dict[int, int] = dict.fromkeys(range(5), 0)
            positions: dict[Place, int] = {}
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not all(read.values()) and time.monotonic() < deadline:
                batch = log.poll(positions, 4)
                positions.update(batch.positions)
                for record in batch.records:
                    read[record.partition] += 1
            assert all(read.values())
            assert sum(read.values()) < 400, "the large places were read out first"
            assert len(read_on(log, positions)) == 854 - sum(read.values())

    def test_a_key_stays_in_its_partition(self, open_log: OpenLog, topic: str) -> None:
        sent = [Outgoing(topic, b"%d" % number, b"customer:%d" % (number % 40)) for number in range(200)]
        with open_log({topic: 4}) as log:
            log.append(sent[:100])
        with open_log({topic: 4}) as log:
            log.append(sent[100:])
            records = read_on(log, {})
        homes: dict[bytes | None, set[int]] = {}
        for record in records:
            homes.setdefault(record.key, set()).add(record.partition)
        assert len(homes) == 40
        assert all(len(partitions) == 1 for partitions in homes.values())
        assert set.union(*homes.values()) == {0, 1, 2, 3}
        for key in homes:
            assert values([r for r in records if r.key == key]) == [s.value for s in sent if s.key == key]

    def test_a_position_beyond_the_head_stops_loudly(self, open_log: OpenLog, topic: str) -> None:
        place = Place(topic, 0)
        with open_log({topic: 1}) as log:
            log.append([Outgoing(topic, b"a")])
            beyond = log.ends()[place].head + 5
            with pytest.raises(PositionError, match="beyond the head") as raised:
                log.poll({place: beyond}, 10)
        for part in (log.id, f"{topic}/0", str(beyond), f"head {beyond - 5}"):
            assert part in str(raised.value)

    def test_a_position_before_the_start_stops_loudly(self, open_log: OpenLog, topic: str) -> None:
        place = Place(topic, 0)
        with open_log({topic: 1}) as log:
            offsets = log.append([Outgoing(topic, b"%d" % number) for number in range(10)])
            log.trim({place: offsets[7]})
            for positions in ({place: offsets[6]}, {}):
                with pytest.raises(PositionError, match="before the start"):
                    log.poll(positions, 10)
            assert values(read_on(log, {place: offsets[7]})) == [b"7", b"8", b"9"]

    def test_offsets_go_on_after_trimming_everything(self, open_log: OpenLog, topic: str) -> None:
        place = Place(topic, 0)
        with open_log({topic: 1}) as log:
            log.append([Outgoing(topic, b"%d" % number) for number in range(10)])
            head = log.ends()[place].head
            log.trim({place: head})
            assert log.ends()[place] == (head, head)
        with open_log({topic: 1}) as log:
            assert log.ends()[place] == (head, head)
            assert log.append([Outgoing(topic, b"next")])[0] >= head
            assert values(read_on(log, {place: head})) == [b"next"]

    def test_trimming_beyond_the_head_is_refused(self, open_log: OpenLog, topic: str) -> None:
        with open_log({topic: 2}) as log:
            log.append([Outgoing(topic, b"a", partition=0), Outgoing(topic, b"b", partition=1)])
            ends = log.ends()
            with pytest.raises(PositionError, match="beyond the head"):
                log.trim({Place(topic, 0): ends[Place(topic, 0)].head, Place(topic, 1): 99})
            assert log.ends() == ends

    def test_own_topics_are_kept_whole(self, open_log: OpenLog, topic: str) -> None:
        own = f"own.{topic}"
        with open_log({topic: 1, own: 1}) as log:
            log.append([Outgoing(own, b"merge"), Outgoing(topic, b"order")])
            heads = {place: ends.head for place, ends in log.ends().items()}
            log.trim(heads)
            assert values(read_on(log, {Place(topic, 0): heads[Place(topic, 0)]})) == [b"merge"]

    def test_reopening_keeps_id_and_ends(self, open_log: OpenLog, topic: str) -> None:
        with open_log({topic: 3}) as log:
            log.append([Outgoing(topic, b"a", partition=number % 3) for number in range(10)])
            kept = log.id, log.ends()
        with open_log({topic: 3}) as log:
            assert (log.id, log.ends()) == kept
