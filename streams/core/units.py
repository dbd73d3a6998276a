"""Numbers that are times though Avro does not say so: what Kafka Connect and Salesforce name beside them.

Decides what a number with a unit means, as a column and as text. Must never take a number without a unit for
a time, nor guess the unit from its size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import arrow_type
from streams.core.faults import Place, where
from streams.core.settle import BOUNDS, DAY, Bounds

UNSAID = "unsaid"
ZONED = "zoned"
NUMBER = "number"  # of a record that is a decimal with a scale of its own
VARIABLE_DECIMAL = "io.debezium.data.VariableScaleDecimal"
NAMED = {
    "io.debezium.time.Date": "days",
    "io.debezium.time.Time": "clock-ms",
    "io.debezium.time.MicroTime": "clock-us",
    "io.debezium.time.NanoTime": "clock-ns",
    "io.debezium.time.Timestamp": "ms",
    "io.debezium.time.MicroTimestamp": "us",
    "io.debezium.time.NanoTimestamp": "ns",
    "io.debezium.time.ZonedTimestamp": ZONED,
    "org.apache.kafka.connect.data.Date": "days",
    "org.apache.kafka.connect.data.Time": "clock-ms",
    "org.apache.kafka.connect.data.Timestamp": "ms",
}
SALESFORCE = "com.sforce.eventbus"
SALESFORCE_DOC = re.compile(r"\w+:(DateTime|DateOnly|TimeOnly)\b", re.ASCII)
SALESFORCE_UNITS = {"DateTime": "ms", "DateOnly": "midnight-ms", "TimeOnly": "clock-ms"}

NANOS = {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}  # of one of the unit
FAMILIES = {
    **dict.fromkeys(NANOS, "timestamp"),
    **{f"clock-{unit}": "time" for unit in NANOS},
    "days": "date",
    "midnight-ms": "date",
}
LONGEST_NUMBER = 1000  # bytes, and digits after the point
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEMPORAL = ("timestamp", "local-timestamp", "time", "date")
NO_UNIT = (
    "a time, but the number has no unit; let the connector send its schema, or say in source.toml "
    'units = {{{field} = "ms"}}'
)


def unit_of(named: Any, bare: Any) -> str:
    """The unit of a number or text that Kafka Connect names so; empty if it is none."""
    unit = NAMED.get(named, "") if isinstance(named, str) else ""
    fits = bare == "string" if unit == ZONED else bare in ("int", "long")
    return unit if fits else ""


def unit_of_doc(record: str, doc: Any, bare: Any) -> str:
    """The unit of a number of a Salesforce event, whose type stands in the field's documentation."""
    if bare != "long" or not record.startswith(SALESFORCE) or not isinstance(doc, str):
        return ""
    found = SALESFORCE_DOC.match(doc)
    return SALESFORCE_UNITS[found[1]] if found else ""


def with_unit(avro: Any, unit: str) -> Any:
    """A type whose numbers are said to have a unit, where they have none; other types stay."""
    if isinstance(avro, list):
        return [with_unit(branch, unit) for branch in avro]
    return {"type": avro, "unit": unit} if avro in ("int", "long") else avro


def without_guess(avro: Any) -> Any:
    """A type in which numbers without a unit are marked so, that none is taken for a time."""
    if isinstance(avro, list):
        return [without_guess(branch) for branch in avro]
    if isinstance(avro, str):
        return {"type": avro, "unit": UNSAID} if avro in ("int", "long") else avro
    inner = {key: without_guess(avro[key]) for key in ("items", "values") if key in avro}
    if "fields" in avro:
        inner["fields"] = [entry | {"type": without_guess(entry["type"])} for entry in avro["fields"]]
    return avro | inner


def is_temporal(avro: Any) -> bool:
    """Whether a type is a time or a day."""
    logical = str(avro.get("logicalType", "")) if isinstance(avro, Mapping) else ""
    return logical.removesuffix("-micros").removesuffix("-millis") in TEMPORAL


def timed(array: Any, have: Any, want: Any, place: Place) -> Any | None:
    """A column with a unit as a column of the time or day that is wanted; None where that is not the way.

    Values out of bounds, and numbers without a unit, are noted at `place`. Copies, but not value by value.
    """
    unit = have.get("unit") if isinstance(have, Mapping) else None
    if not unit or not is_temporal(want):
        return None
    logical = str(want["logicalType"])
    family = logical.removesuffix("-micros").removesuffix("-millis")
    if unit == UNSAID:
        found = where(array.is_valid())
        place.blame(found, NO_UNIT.format(field=place.path[-1]), array.take(pa.array(found)).to_pylist())
        return pa.nulls(len(array), arrow_type(want))
    if unit == ZONED and family == "timestamp":
        return _moments(array, logical)
    if FAMILIES.get(unit) != family:
        return None
    bounds = BOUNDS["date" if family == "date" else f"{family}-micros"]
    scaled = _inside(array, days(array, unit) if family == "date" else micros(array, unit), bounds, place)
    if family == "date":
        return scaled.cast(pa.int32()).view(pa.date32())
    if logical == "time-millis":
        return floored(scaled, 1000).cast(pa.int32()).view(pa.time32("ms"))
    if logical.endswith("-millis"):
        scaled = pc.multiply(floored(scaled, 1000), 1000)
    return scaled.view(arrow_type(want))


def micros(array: Any, unit: str) -> Any:
    """Whole numbers of a unit in microseconds; what would not fit 64 bits is as large as can be."""
    nanos = NANOS[unit.removeprefix("clock-")]
    array = array.cast(pa.int64())
    if nanos < 1000:
        return floored(array, 1000 // nanos)
    limit = (2**63 - 1) // (nanos // 1000)
    kept = pc.min_element_wise(pc.max_element_wise(array, -limit, skip_nulls=False), limit, skip_nulls=False)
    return pc.multiply(kept, nanos // 1000)


def days(array: Any, unit: str) -> Any:
    """Whole numbers of a unit in days since 1970."""
    array = array.cast(pa.int64())
    return array if unit == "days" else floored(array, DAY // 1000)


def floored(array: Any, divisor: int) -> Any:
    """Whole numbers divided, rounded down, before 1970 too."""
    filled = array.fill_null(0).to_numpy(zero_copy_only=False)
    return pa.array(np.floor_divide(filled, divisor), pa.int64(), mask=array.is_null().to_numpy(False))


def text_of(value: Any, unit: str) -> Any:
    """A number with a unit as `schemas.conform` takes it; out of bounds as a text that is no time."""
    if value is None or unit in (UNSAID, ZONED):
        return value
    if FAMILIES[unit] == "date":
        day = value if unit == "days" else value // (DAY // 1000)
        bounds = BOUNDS["date"]
        inside = bounds.least <= day <= bounds.greatest
        return (EPOCH + timedelta(days=day)).date().isoformat() if inside else f"{value} {unit}"
    nanos = NANOS[unit.removeprefix("clock-")]
    tick = value * nanos // 1000
    bounds = BOUNDS[f"{FAMILIES[unit]}-micros"]
    if not bounds.least <= tick <= bounds.greatest:
        return f"{value} {unit}"
    moment = EPOCH + timedelta(microseconds=tick)
    return moment.time().isoformat() if FAMILIES[unit] == "time" else _zulu(moment)


def number_text(value: Mapping[str, Any] | None) -> str | None:
    """A decimal that brings its own scale, {scale, value}, as the text of the number."""
    if value is None or value["value"] is None or value["scale"] is None:
        return None
    return decimal_text(value["value"], value["scale"])


def decimal_text(value: bytes, scale: int) -> str:
    """The text of a decimal from its bytes; what is too long to be one as a text that is no number."""
    if len(value) > LONGEST_NUMBER or not 0 <= scale <= LONGEST_NUMBER:
        return f"a number of {len(value)} bytes with the scale {scale}"
    number = int.from_bytes(value, "big", signed=True)
    digits = str(abs(number)).rjust(scale + 1, "0")
    point = len(digits) - scale
    return ("-" if number < 0 else "") + digits[:point] + ("." + digits[point:] if scale else "")


def _zulu(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _moments(array: Any, logical: str) -> Any | None:
    """Texts with a zone as times, if Arrow can read them all."""
    try:
        found = array.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    if logical.endswith("-millis"):
        found = pc.multiply(floored(found, 1000), 1000)
    return found.view(pa.timestamp("us"))


def _inside(array: Any, scaled: Any, bounds: Bounds, place: Place) -> Any:
    outside = pc.or_(pc.less(scaled, bounds.least), pc.greater(scaled, bounds.greatest))
    found = where(outside)
    if not len(found):
        return scaled
    place.blame(found, bounds.expected, array.take(pa.array(found)).to_pylist())
    return pc.if_else(outside, pa.scalar(0, scaled.type), scaled)
