"""The values of a column -> its type and how its cells are written.

Decides the type by trial: one whose own reader takes every value of the sample. Must never know a contract,
nor read a file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from streams.sources.cells.convert import converter
from streams.sources.cells.numbers import number
from streams.sources.cells.style import CellError, Convert, Style
from streams.sources.guess.names import Name
from streams.sources.guess.words import COUNTS, MONEY, RATES

INSTANT = {"type": "long", "logicalType": "timestamp-micros"}
DAY = {"type": "int", "logicalType": "date"}
SIGNS = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (",", "\u00a0"), (",", "\u202f"),
         (".", " "), (".", "'"), (",", "'"), (".", "’"), (",", "’"))  # fmt: skip
NUMERIC = re.compile(r"[-+0-9.,' \u00a0\u202f’]*[0-9]-?", re.ASCII)
WHOLE = re.compile(r"[-+]?[0-9]+-?")
PADDED = re.compile(r"[-+]?0[0-9]+")
DATED = re.compile(r"[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{1,4}.*", re.DOTALL)
PLAIN_DAY = re.compile(r"(?:19|20)[0-9]{6}")
DAYS = (
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%Y.%m.%d",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
)
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
EPOCHS = {"unix": 10, "unix_ms": 13, "unix_us": 16}  # digits of today's counts
EPOCH_NAMES = ("time", "timestamp", "ts", "at", "zeit", "zeitstempel", "date", "datum", "created")
BOOLEANS = (("j", "n"), ("ja", "nein"), ("y", "n"), ("yes", "no"), ("wahr", "falsch"))
MOST_DIGITS = 16  # of a number; in cents it has two more, and 18 fit a long
CENTS = 2
UTC = ZoneInfo("UTC")

Signs = tuple[str, str]


@dataclass(frozen=True)
class Shape:
    """What a column holds. `style` are the keys of a map for its cells: date_format, decimal, values ...

    `decimals` is the most that a number of it has, `fixed` whether all have as many. `zoneless` tells times
    that name no zone. `doubt` is what a person should look at, in a question.
    """

    avro: Any
    style: dict[str, Any] = field(default_factory=dict)
    decimals: int = 0
    fixed: bool = False
    zoneless: bool = False
    doubt: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it is text."""
        return bool(self.avro == "string")

    @property
    def is_time(self) -> bool:
        """Whether it is a moment or a day."""
        return self.avro in (INSTANT, DAY)


TEXT = Shape("string")


def decimal_sign(columns: Iterable[Sequence[str]], fallback: str) -> str:
    """The decimal sign of a text file: that of most columns whose numbers can be read with one sign only."""
    votes: Counter[str] = Counter()
    for values in columns:
        if not all(WHOLE.fullmatch(value.strip()) for value in values):
            signs = {decimal for decimal, _ in _signs_of(values)}
            votes.update(signs if len(signs) == 1 else ())
    return max(votes, key=lambda sign: votes[sign], default=fallback)


def shape_of(values: Sequence[Any], name: Name, decimal: str) -> Shape | None:
    """The shape of a column with these values, none of them null; None if no field can hold them.

    `decimal` is the sign that numbers in text are read with where two are possible.
    """
    kinds = {type(value) for value in values}
    if kinds <= {str}:
        return _text(values, name, decimal)
    if kinds == {bool}:
        return Shape("boolean")
    if kinds == {datetime}:
        return Shape(INSTANT, zoneless=any(value.tzinfo is None for value in values))
    if kinds == {date}:
        return Shape(DAY, zoneless=True)
    if kinds <= {int, float, Decimal}:
        return _number(values, name)
    plain = kinds <= {str, int, bool, Decimal, date, datetime, time, UUID, bytes}
    return TEXT if plain and takes(converter("string", Style(), {}), values) else None


def takes(convert: Convert, values: Iterable[Any]) -> bool:
    """Whether a reader of cells takes every value."""
    try:
        for value in values:
            convert(value)
    except (CellError, OverflowError):
        return False
    return True


def _number(values: Sequence[Any], name: Name) -> Shape:
    if all(isinstance(value, int) for value in values):
        if name.is_code or any(len(str(abs(value))) > MOST_DIGITS for value in values):
            return TEXT
        return _epoch([str(value) for value in values], name) or Shape("long")
    read = number(Style(), str)
    if not takes(read, values):  # NaN and infinities
        return Shape("double")
    decimals = max(len(read(value).partition(".")[2].rstrip("0")) for value in values)
    if any(abs(value) >= 10**MOST_DIGITS for value in values):
        return Shape("double", decimals=MOST_DIGITS)  # no amount of money has as many digits
    return Shape("double" if decimals else "long", decimals=decimals)


def _text(values: Sequence[str], name: Name, decimal: str) -> Shape:
    texts = [value.strip() for value in values]
    if not texts or not all(texts):
        return TEXT
    return _boolean(texts) or _whole(texts, name) or _moment(texts) or _decimal(texts, name, decimal) or TEXT


def _boolean(texts: Sequence[str]) -> Shape | None:
    words = {text.lower() for text in texts}
    if words <= {"true", "false"}:
        return Shape("boolean")
    for yes, no in BOOLEANS:
        if words == {yes, no}:
            return Shape("boolean", {"values": {word: word.lower() == yes for word in sorted(set(texts))}})
    return None


def _whole(texts: Sequence[str], name: Name) -> Shape | None:
    """Whole numbers without any sign between; codes stay text, for 007 is not 7."""
    if not all(WHOLE.fullmatch(text) for text in texts):
        return None
    if all(PLAIN_DAY.fullmatch(text) for text in texts) and (day := _in_format(texts, "%Y%m%d")):
        return day
    if name.is_code or any(PADDED.fullmatch(text) or len(text) > MOST_DIGITS for text in texts):
        return TEXT
    return _epoch(texts, name) or Shape("long")


def _epoch(texts: Sequence[str], name: Name) -> Shape | None:
    """Counts since 1970, if the name tells of a time and the counts have the length of today's."""
    if name.has(EPOCH_NAMES):
        for way, digits in EPOCHS.items():
            if all(len(text) == digits and text.isdigit() for text in texts):
                return Shape(INSTANT, {"date_format": way})
    return None


def _moment(texts: Sequence[str]) -> Shape | None:
    if not all(DATED.fullmatch(text) for text in texts):
        return None
    if takes(converter(INSTANT, Style(time_zone=UTC), {}), texts):
        only_days = all(len(text) == len("2026-05-01") for text in texts)
        zoneless = not takes(converter(INSTANT, Style(), {}), texts)
        return Shape(DAY if only_days else INSTANT, {"date_format": []}, zoneless=zoneless)
    found = [shape for day in DAYS for clock in CLOCKS if (shape := _in_format(texts, day + clock))]
    if len(found) < 2:
        return found[0] if found else None
    ways = " or ".join(str(shape.style["date_format"]) for shape in found)
    return Shape(found[0].avro, found[0].style, zoneless=True, doubt=f"Is it written {ways}?")


def _in_format(texts: Sequence[str], way: str) -> Shape | None:
    if not takes(converter(INSTANT, Style(date_formats=(way,), time_zone=UTC), {}), texts):
        return None
    return Shape(INSTANT if "%M" in way else DAY, {"date_format": way}, zoneless=True)


def _decimal(texts: Sequence[str], name: Name, decimal: str) -> Shape | None:
    fitting = _signs_of(texts)
    if not fitting or name.is_code or any(sum(map(str.isdigit, text)) > MOST_DIGITS for text in texts):
        return None
    point, thousands = next((signs for signs in fitting if signs[0] == decimal), fitting[0])
    tails = {len(text.rstrip("-").partition(point)[2]) for text in texts}
    style = {"decimal": point, "thousands": thousands}
    return Shape("double" if any(tails) else "long", style, max(tails), fixed=len(tails) == 1)


def _signs_of(texts: Sequence[str]) -> list[Signs]:
    """The decimal and thousands signs with which every text is a number."""
    stripped = [text.strip() for text in texts]
    if not stripped or not all(NUMERIC.fullmatch(text) for text in stripped):
        return []
    return [
        (point, mark)
        for point, mark in SIGNS
        if takes(number(Style(decimal=point, thousands=mark), str), stripped)
    ]


def is_money(shape: Shape, name: Name) -> bool:
    """Whether numbers are amounts of money: by their name, or since all have two decimals."""
    if shape.avro not in ("long", "double") or shape.decimals > CENTS or name.is_code:
        return False
    if name.has(RATES) or name.has(COUNTS):
        return False
    return name.has(MONEY) or (shape.fixed and shape.decimals == CENTS)
