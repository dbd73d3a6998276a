"""What a definition answers: asked of some customers or of all, within bounds, into temporary tables.

Decides what counts as an answer. Must never let a definition run for ever, or change anything.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from datetime import datetime

import duckdb

from schemas.columns import quote
from sinks.duckdb.database import Statements
from sinks.duckdb.definitions import TRAIT, Definition
from sinks.duckdb.scope import CUSTOMERS
from sinks.duckdb.slim import HIDDEN, slim
from sinks.duckdb.sql import Script, literal

SECONDS = 120.0
NOW = re.compile(r"\$now\b")
TRAITS = frozenset((*HIDDEN, "traits"))  # what computed traits may not see: themselves
CUSTOMER = "customer_id"
VALUE = "value"


class AnswerError(Exception):
    """A definition that gives no answer; the text says why and what to do."""


def asked(definition: Definition, now: datetime, around: str = "") -> str:
    """The SELECT of a definition for a time (UTC, no zone). `around` stands before it: WITH ..."""
    select = NOW.sub(f"TIMESTAMP {literal(now.isoformat(sep=' '))}", definition.select)
    return f"{around}SELECT * FROM (\n{select}\n)"


def asked_of_all(definition: Definition, now: datetime, customers: Script) -> str:
    """The same, asked about everybody: of the view `customers` no more than it names is worked out."""
    if CUSTOMERS not in definition.statement.tables:
        return asked(definition, now)
    hidden = TRAITS if definition.kind == TRAIT else HIDDEN
    narrow = slim(customers, definition.statement.columns, hidden)
    return asked(definition, now, f"WITH customers AS (\n{narrow}\n)\n")


def answer(statements: Statements, definition: Definition, sql: str, seconds: float = SECONDS) -> None:
    """Puts the customers that a definition finds into `found`, or their values into `valued`.

    `sql` is what `asked` gave. Raises AnswerError; then neither has changed.
    """
    try:
        with bounded(statements.connection, seconds):
            named = dict(statements.rows(f"SELECT column_name, column_type FROM (DESCRIBE {sql})"))
            statements.run("CREATE OR REPLACE TEMP TABLE answer AS " + _rows(definition, named, sql))
    except duckdb.InterruptException:
        raise AnswerError(f"took longer than {seconds:g} s; ask for less, or less often") from None
    except duckdb.Error as error:
        raise AnswerError(str(error).strip().splitlines()[0]) from None
    unknown = statements.rows(
        "SELECT customer_id FROM answer ANTI JOIN identity.node AS known"
        " ON known.customer = answer.customer_id LIMIT 1"
    )
    if unknown:
        raise AnswerError(
            f"customer_id: {unknown[0][0]} is no customer; select customer_id as customers has it"
        )
    target = "valued" if definition.kind == TRAIT else "found"
    statements.run(f"INSERT INTO {target} SELECT {literal(definition.name)}, * FROM answer")


def _rows(definition: Definition, named: dict[str, str], sql: str) -> str:
    """One row a customer: of several the least; those of nobody are left out."""
    if named.get(CUSTOMER) != "UUID":
        raise AnswerError("customer_id: the SELECT must have this column, as customers has it")
    if definition.kind == TRAIT:
        if VALUE not in named:
            raise AnswerError("value: the SELECT must have this column; its text becomes the trait")
        what = f"min({quote(VALUE)}::VARCHAR)"
        where = f"{quote(VALUE)} IS NOT NULL AND {quote(VALUE)}::VARCHAR <> ''"
    else:
        pairs = ", ".join(f"{literal(name)}: {quote(name)}" for name in named if name != CUSTOMER)
        what = f"min(to_json({{{pairs}}})::VARCHAR)" if pairs else "'{}'"
        where = "true"
    return (
        f"SELECT {CUSTOMER}, {what} AS said FROM ({sql}) WHERE {CUSTOMER} IS NOT NULL AND {where}"
        f" GROUP BY {CUSTOMER}"
    )


@contextlib.contextmanager
def bounded(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Within, what runs on the connection is interrupted when its time is over."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
