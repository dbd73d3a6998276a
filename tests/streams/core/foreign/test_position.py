from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from streams.core.foreign.position import digest, position_of, times_of

TIMES = pa.array([5, None], pa.int64())


def column(*values: Any) -> pa.Array:
    return pa.array(values, pa.int64() if isinstance(values[0], int) else pa.string())


@pytest.mark.parametrize(
    ("source", "texts", "sequence"),
    [
        ({"lsn": column(24_023_128, None)}, ["0000000000024023128", None], [24_023_128, 0]),
        ({"file": column("mysql-bin.000003", "x"), "pos": column(154, 154), "row": column(0, None)},
         ["mysql-bin.000003:0000000154:000000", "x:0000000154:000000"], [(3 << 32) + 154, 0]),
        ({"file": column("b.999999999", "b.1"), "pos": column(2**40, -5)},
         ["b.999999999:1099511627776", "b.1:00000000-5"], [(999_999_999 << 32) + 2**32 - 1, 1 << 32]),
        ({"change_lsn": column("00000027:00000ac0:0002", "no"), "event_serial_no": column(1, None)},
         ["00000027:00000ac0:0002:000001", "no:000000"], [(0x27 << 32) + 0xAC0, 0]),
        ({"change_lsn": column("ffffffff:ffffffff:0000", None)}, ["ffffffff:ffffffff:0000", None],
         [2**63 - 1, 0]),
        ({"scn": column("2122184", "-")}, [None, None], [2_122_184, 0]),
        ({"lsn": column("1", "2"), "scn": column(1, 2)}, [None, None], [5, 0]),
        ({}, [None, None], [5, 0]),
    ],
)  # fmt: skip
def test_places_rise_with_the_log(source: dict[str, Any], texts: list[Any], sequence: list[int]) -> None:
    place = position_of(source, TIMES)
    assert place.text.to_pylist() == texts
    assert place.sequence.to_pylist() == sequence


def test_texts_of_places_sort_like_the_log() -> None:
    numbers = [1, 9, 10, 99, 100, 2**40]
    lsns = position_of({"lsn": column(*numbers)}, pa.nulls(6, pa.int64())).text.to_pylist()
    files = {"file": column(*["b.1"] * 6), "pos": column(*numbers[:5], 2**32)}
    assert lsns == sorted(lsns)
    assert (found := position_of(files, pa.nulls(6, pa.int64())).text.to_pylist()) == sorted(found)


@pytest.mark.parametrize(
    ("source", "envelope", "micros"),
    [
        ({"ts_us": column(7), "ts_ms": column(9)}, {}, 7),
        ({"ts_ms": column(9)}, {"ts_us": column(1)}, 9_000),
        ({"ts_ns": column(9_999)}, {}, 9),
        ({"ts_ms": column(0)}, {"ts_ms": column(4)}, 4_000),
        ({"ts_ms": column("9")}, {"ts_ms": column(4)}, 4_000),
        ({"ts_ms": column(2**62)}, {}, 9_223_372_036_854_775_000),
        ({}, {}, None),
    ],
)
def test_the_time_is_the_databases_own_where_it_says_one(
    source: dict[str, Any], envelope: dict[str, Any], micros: int | None
) -> None:
    assert times_of(source, envelope | {"op": column("c")}).to_pylist() == [micros]


def test_a_digest_keeps_its_parts_apart() -> None:
    told = [digest("t", [b"ab"]), digest("t", [b"a", b"b"]), digest("ta", [b"b"]), digest("t", [])]
    assert len(set(told)) == 4
    assert digest("t", [b"ab"]) == told[0]
    assert {len(one) for one in told} == {16}
