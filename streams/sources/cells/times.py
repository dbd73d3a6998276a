"""Times and days as files write them.

Decides which moment a cell means. Must never take a zone from the machine.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from streams.sources.cells.numbers import whole
from streams.sources.cells.style import CellError, Convert, Style

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
UNIX = {"unix": 6, "unix_ms": 3, "unix_us": 0}  # decimals that make the count one of microseconds


def instant(style: Style) -> Convert:
    """A reader of moments, to datetimes in UTC; what is finer than a microsecond is cut off."""
    counts = [whole(Style(minor=UNIX[name])) for name in style.date_formats if name in UNIX]
    formats = [name for name in style.date_formats if name not in UNIX]

    def from_count(cell: Any) -> datetime | None:
        for count in counts:
            try:
                moment: datetime = EPOCH + MICROSECOND * count(cell)
                return moment
            except (CellError, OverflowError):
                continue
        return None

    @lru_cache(maxsize=10_000)
    def from_text(text: str) -> datetime:
        counted = from_count(text)
        if counts and not formats and not counted:
            raise CellError(f"a count as {' or '.join(style.date_formats)}", text)
        return counted or _in_utc(_parse(text, formats), style, text)

    def convert(cell: Any) -> datetime:
        if isinstance(cell, str):
            return from_text(cell.strip())
        if isinstance(cell, datetime):
            return _in_utc(cell, style, cell)
        if isinstance(cell, date):
            return _in_utc(datetime.combine(cell, time()), style, cell)
        if counted := from_count(cell):
            return counted
        raise CellError('a time (numbers need date_format = "unix", "unix_ms" or "unix_us")', cell)

    return convert


def _parse(text: str, formats: list[str], example: str = "2026-05-01T12:00:00Z") -> datetime:
    for name in formats:
        try:
            return datetime.strptime(text, name)  # noqa: DTZ007
        except ValueError:
            continue
    if formats:
        raise CellError("what is written " + " or ".join(formats), text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise CellError(f"ISO 8601, such as {example}", text) from None


def _in_utc(moment: datetime, style: Style, got: object) -> datetime:
    if moment.tzinfo is None:
        if style.time_zone is None:
            raise CellError("a time with its zone (time_zone in the map names one for all)", got)
        moment = moment.replace(tzinfo=style.time_zone, fold=0)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise CellError("a time between the years 1 and 9999", got) from None


def day(style: Style) -> Convert:
    """A reader of days, to ISO 8601; a time is taken only if it is midnight."""
    formats = [name for name in style.date_formats if name not in UNIX]

    def convert(cell: Any) -> str:
        moment = _parse(cell.strip(), formats, "2026-05-01") if isinstance(cell, str) else cell
        if isinstance(moment, datetime):
            if moment.time() != time():
                raise CellError("a day without a time", cell)
            moment = moment.date()
        if not isinstance(moment, date):
            raise CellError("a day", cell)
        return moment.isoformat()

    return convert
