"""KPIs: numbers that a company steers by, each a file with a head and a SELECT of facts; see sinks/README.md.

Decides what such a file must say, and how facts become a value of a period. Must never know one KPI
from another.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from schemas.catalogue import ContractError
from schemas.conform import near
from schemas.header import read_headed
from sinks.duckdb.reader import Answer, QueryError, Reader
from sinks.duckdb.sql import script, sql_files

MONEY = "money"
SHARE = "share"
PERIODS = ("day", "week", "month")
MUST = ("owner", "description", "unit", "value")
# How the facts of a period become one value, and of how much it is one.
VALUES = {
    "sum": ("sum(numerator)", "count(numerator)"),
    "ratio": ("sum(numerator) / nullif(sum(denominator), 0)", "sum(denominator)"),
    "median": ("median(numerator)", "count(numerator)"),
}
TIMES = {"occurred_at": True, "ended_at": False}  # whether a KPI must have the column
NUMBERS = {"numerator": True, "denominator": False}
TEXTS = {"subject": False, "series": False}
COLUMNS = TIMES | NUMBERS | TEXTS


class Kpi(NamedTuple):
    """One KPI as its file says it. `value` is a key of VALUES; `text` is the SELECT."""

    name: str
    file: Path
    owner: str
    description: str
    unit: str
    value: str
    text: str


class Period(NamedTuple):
    """What is asked for: cut by day, week or month, or whole (None), and the first and the last day."""

    by: str | None = None
    since: date | None = None
    until: date | None = None


def kpi_files(own: Path) -> dict[str, Path]:
    """Every KPI's file by its name: those in a company's folder `own`, and those that ship and it has not."""
    return dict(sorted({file.stem: file for file in (*sql_files("kpis"), *own.glob("*.sql"))}.items()))


def read_kpi(file: Path) -> Kpi:
    """The KPI in a file. Raises ContractError."""
    head = read_headed(file, must=MUST)
    owner, description, unit, value = (head.keys[key] for key in MUST)
    kpi = Kpi(file.stem, file, owner, description, unit, value, head.text)
    if kpi.value not in VALUES:
        raise ContractError(file, "value", f"is {kpi.value}; {near(kpi.value, tuple(VALUES))}")
    try:
        kinds = [statement.type for statement in duckdb.extract_statements(kpi.text)]
    except duckdb.Error as error:
        raise ContractError(file, "", f"is no SELECT: {_first_line(error)}") from None
    if kinds != [duckdb.StatementType.SELECT]:
        raise ContractError(file, "", "is not one SELECT; write one, and nothing before or after it")
    return kpi


def ask_kpi(reader: Reader, kpi: Kpi, period: Period) -> Answer:
    """The value of each period and series, the oldest first; no rows if there is no fact.

    Columns: first_day, last_day, series, value, of. Raises ContractError, QueryError.
    """
    columns = _columns(reader, kpi)
    value, of = VALUES[kpi.value]
    query = script("queries", "kpi").text.replace("{value}", value).replace("{of}", of)
    parameters = {
        "by": period.by or "whole",
        "since": period.since and period.since.isoformat(),
        "until": period.until and period.until.isoformat(),
        "holds": "ended_at" in columns,
        "adds": kpi.value == "sum",
    }
    try:
        answer = reader.ask(query.replace("{kpi}", kpi.text), parameters)
        return Answer(answer.schema, iter([*answer.batches]))
    except QueryError as error:
        raise QueryError(f"{kpi.file}: {error}") from None


def _columns(reader: Reader, kpi: Kpi) -> set[str]:
    """The columns of the SELECT, which fit. Raises ContractError."""
    try:
        schema = reader.ask(f"SELECT * FROM (\n{kpi.text}\n) LIMIT 0", None).schema
    except QueryError as error:
        raise ContractError(kpi.file, "", f"cannot be asked: {_first_line(error)}") from None
    found = {field.name.lower(): field.type for field in schema}
    for name, kind in found.items():
        if name not in COLUMNS:
            raise ContractError(kpi.file, name, f"is no column of a KPI; {near(name, tuple(COLUMNS))}")
        if name in TIMES and not (pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and not kind.tz)):
            raise ContractError(kpi.file, name, f"is {kind}; cast it to TIMESTAMP, in UTC")
        if name in NUMBERS and not _is_number(kind):
            raise ContractError(kpi.file, name, f"is {kind}; make it a number, true or false")
    needed = {
        **{name: "" for name, must in COLUMNS.items() if must},
        **({"denominator": "; a ratio is of something"} if kpi.value == "ratio" else {}),
        **({"series": "; money is never summed over currencies"} if kpi.unit == MONEY else {}),
    }
    for name, why in needed.items():
        if name not in found:
            raise ContractError(kpi.file, name, f"the column is missing{why}; select something AS {name}")
    if "denominator" in found and kpi.value != "ratio":
        mend = f"is of no use to a {kpi.value}; leave it out, or write `-- value: ratio`"
        raise ContractError(kpi.file, "denominator", mend)
    return {*found}


def _is_number(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (pa.types.is_integer, pa.types.is_decimal, pa.types.is_floating, pa.types.is_boolean)
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
