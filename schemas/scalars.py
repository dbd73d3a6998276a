"""Single values: JSON or Python -> what fastavro writes, and back to JSON.

Decides which texts and numbers a type accepts; nothing is rounded or guessed, save that a time keeps only its
type's precision. Must never know fields, records or contracts.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXACT_FLOAT = 2**53
LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?", re.ASCII)
ZONE = re.compile(r" ?(Z|[+-]\d\d(:?\d\d)?)$", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
CLOCK = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
FLOAT_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

Type = Mapping[str, Any]


class Refused(ValueError):
    """A value that its type does not accept; the text says what the type wants."""


def read_null(_: Type, value: Any) -> None:
    """Null only."""
    if value is not None:
        raise Refused("null")


def read_boolean(_: Type, value: Any) -> bool:
    """True or false; 0 and 1 are numbers."""
    if isinstance(value, bool):
        return value
    raise Refused("true or false")


def read_integer(bits: int) -> Callable[[Type, Any], int]:
    """A reader of whole numbers that fit `bits`."""
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def read(_: Type, value: Any) -> int:
        number = _whole(value)
        if number is None or not low <= number <= high:
            raise Refused(f"a whole number from {low} to {high}")
        return number

    return read


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_FLOAT:
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 20 and value == int(value):
        return int(value)
    return None


def read_float(code: str) -> Callable[[Type, Any], float]:
    """A reader of binary fractions, `code` as in struct: f or d. NaN and infinities are written as words."""

    def read(_: Type, value: Any) -> float:
        if isinstance(value, str) and value in FLOAT_WORDS:
            return FLOAT_WORDS[value]
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise Refused("a number")
        try:
            number = float(struct.unpack(code, struct.pack(code, float(value)))[0])
        except (OverflowError, ValueError):
            raise Refused("a number that the type can hold") from None
        if isinstance(value, int) and int(number) != value:
            raise Refused("a number that the type can hold exactly")
        if math.isinf(number) and abs(value) != math.inf:
            raise Refused("a number that the type can hold")
        return number

    return read


def read_text(_: Type, value: Any) -> str:
    """Text that UTF-8 and the store can hold."""
    if not isinstance(value, str):
        raise Refused("text")
    if "\0" in value:
        raise Refused("text without NUL")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise Refused("text without lone surrogates")
    return str(value)


def read_enum(avro: Type, value: Any) -> str:
    """One of the type's symbols."""
    if isinstance(value, str) and value in avro["symbols"]:
        return str(value)
    raise Refused(f"one of {', '.join(avro['symbols'])}")


def read_bytes(avro: Type, value: Any) -> bytes:
    """Bytes, or base64 text; of the type's size where it has one."""
    size = avro.get("size")
    wanted = "base64 text" if size is None else f"base64 text of {size} bytes"
    if isinstance(value, str):
        try:
            value = base64.b64decode(value.encode(), validate=True)
        except (binascii.Error, ValueError):
            raise Refused(wanted) from None
    if not isinstance(value, bytes) or (size is not None and len(value) != size):
        raise Refused(wanted)
    return value


def read_decimal(avro: Type, value: Any) -> Decimal:
    """A number written as text, a whole number, or Avro's raw bytes; within precision and scale."""
    precision, scale = int(avro["precision"]), int(avro.get("scale", 0))
    wanted = f'a number as text, such as "12.50", of at most {precision} digits, {scale} after the point'
    if isinstance(value, bytes):
        value = f"{int.from_bytes(value, 'big', signed=True)}e-{scale}"
    elif isinstance(value, bool) or not (
        NUMBER.fullmatch(value) if isinstance(value, str) else isinstance(value, int | Decimal)
    ):
        raise Refused(wanted)
    sign, digits, exponent = Decimal(value).as_tuple()
    if not isinstance(exponent, int) or exponent > precision or len(digits) - exponent > 4000:
        raise Refused(wanted)
    shift = exponent + scale
    unscaled = int("".join(map(str, digits))) * 10 ** max(shift, 0)
    unscaled, lost = divmod(unscaled, 10 ** max(-shift, 0))
    room = 8 * int(avro["size"]) - 1 if "size" in avro else None
    if lost or unscaled >= 10**precision or (room is not None and unscaled.bit_length() > room):
        raise Refused(wanted)
    return Decimal((sign if unscaled else 0, tuple(map(int, str(unscaled))), -scale))


def read_uuid(_: Type, value: Any) -> uuid.UUID:
    """A UUID in its usual text."""
    if isinstance(value, uuid.UUID):
        return value
    if isinstance(value, str) and UUID.fullmatch(value):
        return uuid.UUID(value)
    raise Refused("a UUID, such as 123e4567-e89b-12d3-a456-426614174000")


def read_date(_: Type, value: Any) -> date:
    """A day: ISO 8601 text, or Avro's days since 1970."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return (EPOCH + timedelta(days=value)).date()
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if isinstance(value, str) and DAY.fullmatch(value):
            return date.fromisoformat(value)
    except (OverflowError, ValueError):
        pass
    raise Refused("a date, such as 2026-05-01")


def read_clock(step: int) -> Callable[[Type, Any], time]:
    """A reader of times of day, `step` being the type's unit in microseconds."""

    def read(_: Type, value: Any) -> time:
        found: time | None = None
        try:
            if isinstance(value, int) and 0 <= value * step < 86_400_000_000 and not isinstance(value, bool):
                found = (EPOCH + timedelta(microseconds=value * step)).time()
            elif isinstance(value, time) and value.tzinfo is None:
                found = value
            elif isinstance(value, str) and CLOCK.fullmatch(value):
                found = time.fromisoformat(value)
        except ValueError:
            pass
        if found is None:
            raise Refused("a time of day, such as 12:30:00")
        return found.replace(microsecond=found.microsecond // step * step)

    return read


def read_instant(step: int) -> Callable[[Type, Any], datetime]:
    """A reader of points in time, in UTC; `step` is the type's unit in microseconds."""
    wanted = "a time with its zone, such as 2026-05-01T12:00:00Z"

    def read(_: Type, value: Any) -> datetime:
        try:
            found = _instant(value, step)
            if found is not None and found.tzinfo is not None:
                found = found.astimezone(UTC)
        except (OverflowError, ValueError):
            raise Refused(wanted) from None
        if found is None:
            raise Refused(wanted)
        if found.tzinfo is None:
            raise Refused(f"{wanted}; name a zone (Z or +02:00)")
        return found.replace(microsecond=found.microsecond // step * step)

    return read


def read_local(step: int) -> Callable[[Type, Any], datetime]:
    """A reader of wall-clock times without a zone; `step` is the type's unit in microseconds."""

    def read(_: Type, value: Any) -> datetime:
        try:
            found = _instant(value, step)
        except (OverflowError, ValueError):
            found = None
        if found is not None and isinstance(value, int):
            found = found.replace(tzinfo=None)
        if found is None or found.tzinfo is not None:
            raise Refused("a time without a zone, such as 2026-05-01T12:00:00")
        return found.replace(microsecond=found.microsecond // step * step)

    return read


def _instant(value: Any, step: int) -> datetime | None:
    """The time that a value names, with a zone if it names one. Raises ValueError or OverflowError."""
    if isinstance(value, int):
        return None if isinstance(value, bool) else EPOCH + timedelta(microseconds=value * step)
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        return None
    text = value.upper()
    zone = ZONE.search(text)
    bare = text[: zone.start()] if zone else text
    return datetime.fromisoformat(bare + (zone[1] if zone else "")) if LOCAL_TIME.fullmatch(bare) else None


READERS: dict[str, Callable[[Type, Any], Any]] = {
    "null": read_null,
    "boolean": read_boolean,
    "int": read_integer(32),
    "long": read_integer(64),
    "float": read_float("<f"),
    "double": read_float("<d"),
    "string": read_text,
    "enum": read_enum,
    "bytes": read_bytes,
    "fixed": read_bytes,
    "bytes-decimal": read_decimal,
    "fixed-decimal": read_decimal,
    "string-uuid": read_uuid,
    "int-date": read_date,
    "int-time-millis": read_clock(1000),
    "long-time-micros": read_clock(1),
    "long-timestamp-millis": read_instant(1000),
    "long-timestamp-micros": read_instant(1),
    "long-local-timestamp-millis": read_local(1000),
    "long-local-timestamp-micros": read_local(1),
}


def scalar_of(avro: Any) -> tuple[str, Type]:
    """The key in READERS of a type and the type as a mapping; a key of no scalar is the type's own name."""
    if isinstance(avro, str):
        return avro, {}
    key = f"{avro['type']}-{avro.get('logicalType')}"
    if key.endswith("-decimal") and "precision" not in avro:
        key = ""
    return (key if key in READERS else str(avro["type"])), avro


def read_scalar(avro: Any, value: Any) -> Any:
    """A JSON or Python value as fastavro reads it back. Raises Refused."""
    key, shape = scalar_of(avro)
    return READERS[key](shape, value)


def write_scalar(value: Any) -> Any:
    """A datum as JSON: times as ISO 8601, decimals and UUIDs as text, bytes in base64."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
