"""Definitions that a company writes as SQL files: segments, and traits that are computed.

Decides what a file must say, what it may read, and when it is looked at again. Must never ask a store.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from schemas.catalogue import ContractError
from schemas.conform import near
from schemas.header import read_headed, take_apart
from sinks.duckdb.sql import FOLDER, literal, sql_files
from sinks.duckdb.statement import Statement, examine

SEGMENT, TRAIT = "segment", "trait"
FOLDERS = {SEGMENT: "segments", TRAIT: "traits"}
MUST, MAY = ("owner", "description", "refresh"), ("name", "sweep", "requires")
LIVE = "live"
SWEEP = timedelta(hours=1)
SHORTEST = timedelta(minutes=1)  # the clock ticks once a minute
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
INTERVAL = re.compile(r"(?P<number>[1-9]\d{0,3}) (?P<unit>minute|hour|day|week)s?")
REQUIRES = re.compile(r"consent:(?P<purpose>[a-z][a-z0-9_]*)")
SHARED = frozenset(("products", "sessions"))  # a product is nobody's, a visit a device's, which people share
READABLE = (
    "customers", "orders", "order_lines", "payments", "shipments", "returns", "refunds", "products",
    "product_views", "cart_changes", "sessions", "conversations", "campaign_touches", "customer_timeline",
    "identifiers", "consents", "measures", "traits",
)  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """What a segment or a computed trait is. `every` is None where events alone call for a look."""

    kind: str
    name: str
    owner: str
    description: str
    is_live: bool
    every: timedelta | None  # between two looks at all customers
    whole: str  # the file
    select: str
    statement: Statement

    @property
    def version(self) -> str:
        """Tells texts apart."""
        return hashlib.sha256(self.whole.encode()).hexdigest()[:12]

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name."""
        return self.kind, self.name


def find_files(kind: str, project: Path | None) -> dict[str, Path]:
    """The files that ship and a project's own, by name; the project's own stand before those that ship."""
    shipped = {file.stem: file for file in sql_files(FOLDERS[kind])}
    own = sorted((project / FOLDERS[kind]).glob("*.sql")) if project else []
    return shipped | {file.stem: file for file in own}


def read_file(kind: str, file: Path) -> Definition:
    """The definition in a file. Raises ContractError."""
    whole = read_headed(file, must=MUST, may=MAY)
    return read_definition(kind, file.stem, file.read_text("utf-8"), whole.file)


def read_definition(kind: str, name: str, whole: str, file: Path | None = None) -> Definition:
    """The definition that a text gives. `file` is its name in errors. Raises ContractError."""
    file = file or FOLDER / FOLDERS[kind] / f"{name}.sql"
    headed = take_apart(file, whole, must=MUST, may=MAY)
    if not NAME.fullmatch(name):
        raise ContractError(
            file, "", "must be named in lower case letters, digits and _, such as lapsed_buyers"
        )
    if headed.keys.get("name", name) != name:
        raise ContractError(file, "name", f"must be {name}, as the file is; or leave it out")
    statement = examine(file, headed.text, SHARED)
    _check_tables(file, kind, statement)
    is_live, every = _times(file, headed.keys, statement)
    select = headed.text
    if requires := headed.keys.get("requires"):
        select = _requiring(file, kind, requires, select)
        statement = statement._replace(tables=statement.tables | {"consents"})
    return Definition(
        kind, name, headed.keys["owner"], headed.keys["description"], is_live, every, whole, select, statement
    )


def _check_tables(file: Path, kind: str, statement: Statement) -> None:
    readable = [name for name in READABLE if kind == SEGMENT or name != "traits"]
    if not statement.tables:
        raise ContractError(file, "", "reads nothing; select from customers, or from orders, sessions ...")
    for table in sorted(statement.tables):
        if table not in readable:
            raise ContractError(file, table, f"cannot be read here; {near(table, readable)}")
    if statement.columns and "segments" in statement.columns:
        raise ContractError(
            file, "segments", "is not there: a segment cannot rest on segments; say what they say"
        )


def _times(file: Path, keys: Mapping[str, str], statement: Statement) -> tuple[bool, timedelta | None]:
    refresh = keys["refresh"]
    if refresh != LIVE:
        if "sweep" in keys:
            raise ContractError(file, "sweep", "belongs to `refresh: live`; refresh says how often already")
        return False, _interval(file, "refresh", refresh)
    if statement.wide:
        raise ContractError(
            file, "refresh", f"cannot be live: {statement.wide}; write an interval, such as `refresh: 1 day`"
        )
    every = _interval(file, "sweep", keys["sweep"]) if "sweep" in keys else SWEEP
    return True, every if statement.uses_now else None


def _interval(file: Path, key: str, text: str) -> timedelta:
    if not (found := INTERVAL.fullmatch(text)):
        live = "live, or " if key == "refresh" else ""
        raise ContractError(
            file, key, f"is {text}; write {live}an interval such as 15 minutes, 1 hour, 1 day"
        )
    return max(timedelta(**{f"{found['unit']}s": int(found["number"])}), SHORTEST)


def _requiring(file: Path, kind: str, requires: str, select: str) -> str:
    """Only those with a contact point that consented."""
    found = REQUIRES.fullmatch(requires)
    if not found or kind != SEGMENT:
        raise ContractError(file, "requires", "must be consent:<purpose>, of a segment; or leave it out")
    purpose = literal(found["purpose"])
    return (
        f"SELECT * FROM (\n{select}\n) WHERE customer_id IN (SELECT customer_id FROM consents"
        f" WHERE purpose = {purpose} AND status = 'granted')"
    )
