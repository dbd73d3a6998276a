from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.columns import arrow_type
from schemas.conform import ConformError, conform
from streams.core.faults import Place
from streams.core.project import loose
from streams.core.units import decimal_text, text_of, timed, with_unit, without_guess

INSTANT = {"type": "long", "logicalType": "timestamp-micros"}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
DAY = {"type": "int", "logicalType": "date"}
CLOCK = {"type": "long", "logicalType": "time-micros"}
CLOCK_MILLIS = {"type": "int", "logicalType": "time-millis"}
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-(10**16), 10**16) | st.integers(-(10**5), 10**5)
PAIRS = [
    *((unit, want) for unit in ("s", "ms", "us", "ns") for want in (INSTANT, MILLIS)),
    *((unit, DAY) for unit in ("days", "midnight-ms")),
    *((unit, want) for unit in ("clock-ms", "clock-us", "clock-ns") for want in (CLOCK, CLOCK_MILLIS)),
]


@pytest.mark.parametrize(("unit", "want"), PAIRS)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | NUMBERS, max_size=5))
def test_a_column_is_what_the_text_of_each_value_is(unit: str, want: Any, values: list[int | None]) -> None:
    """So an event is the same whether its contract knew the column when it came, or learnt of it later."""
    place = Place().at("x")
    column = timed(pa.array(values, pa.int64()), {"type": "long", "unit": unit}, want, place)
    assert column is not None
    told, bad = [], []
    for index, value in enumerate(values):
        try:
            text = text_of(value, unit)
            told.append(None if text is None else conform(loose(want), text))
        except ConformError:
            bad.append(index)
            told.append(None)
    assert column.type == arrow_type(want)
    assert sorted(place.faults) == bad
    good = [index for index in range(len(values)) if index not in bad]
    expected = pa.array(told, arrow_type(want))
    assert column.take(pa.array(good, pa.int64())) == expected.take(pa.array(good, pa.int64()))


@pytest.mark.parametrize(("unit", "want"), [("ms", DAY), ("days", INSTANT), ("ms", CLOCK), ("zoned", DAY)])
def test_a_unit_of_another_sort_goes_the_slow_way(unit: str, want: Any) -> None:
    column = pa.array(["x"] if unit == "zoned" else [1])
    assert timed(column, {"type": "long", "unit": unit}, want, Place()) is None


def test_what_has_no_unit_is_not_touched() -> None:
    assert timed(pa.array([1]), "long", INSTANT, Place()) is None
    assert timed(pa.array([1]), {"type": "long", "unit": "ms"}, "long", Place()) is None


def test_units_are_said_where_there_is_none_yet() -> None:
    stated = {"type": "long", "unit": "ms"}
    assert with_unit(["null", "long"], "us") == ["null", {"type": "long", "unit": "us"}]
    assert with_unit(["null", stated], "us") == ["null", stated]
    assert with_unit("string", "us") == "string"
    inner = {"type": "record", "name": "R", "fields": [{"name": "x", "type": ["null", "int"]}]}
    assert without_guess({"type": "array", "items": inner}) == {
        "type": "array",
        "items": inner | {"fields": [{"name": "x", "type": ["null", {"type": "int", "unit": "unsaid"}]}]},
    }
    assert without_guess(["null", stated]) == ["null", stated]


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (b"\x05", 0, "5"),
        (b"\x05", 3, "0.005"),
        (b"\xfb", 1, "-0.5"),
        (b"\x04\xe2", 2, "12.50"),
        (b"", 2, "0.00"),
        (b"\x05", -1, "a number of 1 bytes with the scale -1"),
        (b"\x05" * 2000, 0, "a number of 2000 bytes with the scale 0"),
        (b"\x05", 10**9, "a number of 1 bytes with the scale 1000000000"),
    ],
)
def test_the_text_of_a_decimal(value: bytes, scale: int, text: str) -> None:
    assert decimal_text(value, scale) == text
