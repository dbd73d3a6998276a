"""Times of cells: one moment each, whatever wrote them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.cells.style import CellError, Style
from streams.sources.cells.times import day, instant

BERLIN = Style(time_zone=ZoneInfo("Europe/Berlin"))
moments = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments)
def test_a_moment_is_the_same_in_every_writing(moment: datetime) -> None:
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    seconds = f"{micros // 10**6}.{micros % 10**6:06d}"
    assert instant(Style())(moment.isoformat()) == moment
    assert instant(BERLIN)(moment.astimezone(ZoneInfo("Asia/Tokyo"))) == moment
    assert instant(Style(date_formats=("unix_us",)))(micros) == moment
    assert instant(Style(date_formats=("%Y", "unix")))(seconds) == moment


@given(moments)
def test_local_times_come_back_unless_the_clocks_skip_or_repeat_them(moment: datetime) -> None:
    local = moment.astimezone(BERLIN.time_zone).replace(tzinfo=None, fold=0)
    found = instant(BERLIN)(local)
    assert found == moment or found == moment - timedelta(hours=1)
    assert found.astimezone(BERLIN.time_zone).replace(tzinfo=None, fold=0) == local


@pytest.mark.parametrize(
    ("style", "cell", "expected"),
    [
        (Style(), "2026-05-01", "a time with its zone"),
        (Style(), 1_700_000_000, "a time \\(numbers need date_format"),
        (Style(date_formats=("unix",)), "2026-05-01", "a count as unix"),
        (Style(date_formats=("unix",)), 1e15, "a time"),
        (Style(date_formats=("%d.%m.%Y", "%d.%m.%y")), "1/5/26", r"what is written %d.%m.%Y or %d.%m.%y"),
        (BERLIN, "0001-01-01T00:00", "a time between the years 1 and 9999"),
        (BERLIN, [], "a time"),
    ],
)
def test_no_time_is_guessed(style: Style, cell: object, expected: str) -> None:
    with pytest.raises(CellError, match=f"^expected {expected}"):
        instant(style)(cell)


def test_days_have_no_time() -> None:
    assert day(Style())("2026-05-01") == "2026-05-01"
    assert day(Style(date_formats=("%d.%m.%Y",)))("01.05.2026") == "2026-05-01"
    assert day(Style())(datetime(2026, 5, 1, tzinfo=UTC)) == "2026-05-01"
    for cell in ("2026-05-01T00:01:00", "yesterday", 20260501):
        with pytest.raises(CellError, match="got"):
            day(Style())(cell)
