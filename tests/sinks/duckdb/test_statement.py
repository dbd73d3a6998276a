"""Which SELECTs can be answered for some customers alone, and what no definition may say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from _pytest.mark import ParameterSet
from hypothesis import HealthCheck, given, settings

from schemas.catalogue import ContractError
from sinks.duckdb.statement import Statement, examine
from tests.selects import WORLDS, new_worlds, selects

SHARED = frozenset(("products",))
FILE = Path("segments/some.sql")

CASE = re.compile(r"^-- (?P<name>[^:\n]+):(?P<why>.*)\n(?P<sql>(?:.*\n)*?);;$", re.MULTILINE)


def cases(name: str) -> list[ParameterSet]:
    """The statements of a file: the SQL and why."""
    text = (Path(__file__).parent / "statements" / f"{name}.sql").read_text("utf-8")
    return [
        pytest.param(one["sql"].strip(), one["why"].strip(), id=one["name"]) for one in CASE.finditer(text)
    ]


def examined(sql: str) -> Statement:
    return examine(FILE, sql, SHARED)


@pytest.mark.parametrize(("sql", "why"), cases("live"))
def test_live(sql: str, why: str) -> None:
    assert examined(sql).wide == why


@pytest.mark.parametrize(("sql", "why"), cases("wide"))
def test_not_live_and_why(sql: str, why: str) -> None:
    assert why
    assert why in examined(sql).wide


@pytest.mark.parametrize(("sql", "why"), cases("forbidden"))
def test_forbidden(sql: str, why: str) -> None:
    assert why
    with pytest.raises(ContractError) as caught:
        examined(sql)
    assert str(FILE) in str(caught.value)
    assert why in str(caught.value)


def test_tables_are_those_of_the_store() -> None:
    """A name of a WITH clause hides a table where it is known, and nowhere else."""
    for sql, tables in {
        "FROM 'file.csv'": {"file.csv"},
        "SELECT * FROM Customers JOIN ORDERS USING (customer_id)": {"customers", "orders"},
        "WITH x AS (FROM orders) FROM x": {"orders"},
        "WITH x AS (FROM orders), y AS (FROM x) FROM y": {"orders"},
        "WITH orders AS (FROM orders) FROM orders": {"orders"},
        "FROM ops.rejected": {"ops.rejected"},
        'WITH "segment.membership" AS (SELECT 1) FROM segment.membership': {"segment.membership"},
        "FROM events, (WITH events AS (SELECT 1) FROM events)": {"events"},
        "FROM store.main.customers": {"store.main.customers"},
        "WITH RECURSIVE r AS (FROM orders UNION FROM r) FROM r": {"orders"},
        "SELECT 1 WHERE EXISTS (FROM orders WHERE 1 IN (SELECT x FROM sessions))": {"orders", "sessions"},
    }.items():
        assert examined(sql).tables == tables, sql


def test_columns_are_all_that_are_named() -> None:
    named: dict[str, set[str]] = {
        "SELECT c.customer_id, EMAIL FROM customers c": {"customer_id", "email"},
        "SELECT email FROM customers JOIN orders USING (customer_id)": {"customer_id", "email"},
        "SELECT count(*) AS n FROM customers": set(),
        "SELECT revenue_by_currency['EUR'] AS r FROM customers": {"revenue_by_currency"},
    }
    for sql, columns in named.items():
        assert examined(sql).columns == frozenset(columns), sql
    for sql in (
        "FROM customers",
        "SELECT c.* EXCLUDE (email) FROM customers c",
        "SELECT COLUMNS('.*_at') FROM customers",
        "SELECT to_json(c) FROM customers c",
        "SELECT customers FROM customers",
        "SELECT a FROM customers AS c(a, b)",
    ):
        assert examined(sql).columns is None, sql


@pytest.fixture(scope="module")
def worlds() -> Iterator[duckdb.DuckDBPyConnection]:
    with new_worlds() as connection:
        yield connection


def answers(connection: duckdb.DuckDBPyConnection, world: str, sql: str) -> list[str]:
    """The rows about somebody."""
    connection.execute(f"SET schema = '{world}'")
    rows = connection.execute(f"SELECT * FROM ({sql}) WHERE customer_id IS NOT NULL").fetchall()
    return sorted(map(repr, rows))


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(sql=selects())
def test_what_is_live_answers_for_each_half_as_for_all(worlds: duckdb.DuckDBPyConnection, sql: str) -> None:
    """The important one: never is something live of which the answer for some depends on the others."""
    try:
        if examined(sql).wide:
            return
        answers(worlds, "world0", sql)
    except (ContractError, duckdb.BinderException):
        return  # is no SELECT that runs
    for at in range(WORLDS):
        halves = answers(worlds, f"left{at}", sql) + answers(worlds, f"right{at}", sql)
        assert answers(worlds, f"world{at}", sql) == sorted(halves)
