"""What the desk of an open store answers, what it refuses, and when it stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from sinks.duckdb.reader import Limits, QueryError
from sinks.gateway.desk import Desk, DeskClosed

ENDLESS = "SELECT count(*) FROM range(100000000000) a, range(10) b"
LONG = "SELECT i FROM range(100000000000) r(i)"
Open = Callable[..., Desk]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database as an owner has it open."""
    with duckdb.connect(str(tmp_path / "store.duckdb")) as connection:
        connection.execute("CREATE TABLE customer AS SELECT i AS id, i % 3 AS region FROM range(100) r(i)")
        connection.execute("CREATE SEQUENCE numbers")
        connection.execute("CREATE TYPE size AS ENUM ('S', 'L')")
        connection.execute("SET enable_external_access = false")
        yield connection


@pytest.fixture
def desk(store: duckdb.DuckDBPyConnection) -> Iterator[Desk]:
    """A desk with wide limits."""
    with opened(store, Limits()) as desk:
        yield desk


@contextmanager
def opened(store: duckdb.DuckDBPyConnection, limits: Limits) -> Iterator[Desk]:
    desk = Desk(store, limits)
    try:
        yield desk
    finally:
        desk.close()


def state(store: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """All that a question could have changed."""
    return store.execute("""
        SELECT 'sum', sum(id)::VARCHAR FROM customer
        UNION ALL SELECT 'is', table_name FROM duckdb_tables()
        UNION ALL SELECT 'is', view_name FROM duckdb_views() WHERE NOT internal
        UNION ALL SELECT 'is', type_name FROM duckdb_types() WHERE NOT internal
        UNION ALL SELECT 'is', function_name FROM duckdb_functions() WHERE NOT internal
        UNION ALL SELECT 'at', last_value::VARCHAR FROM duckdb_sequences()
        UNION ALL SELECT 'base', database_name FROM duckdb_databases()
        UNION ALL SELECT name, value FROM duckdb_settings() WHERE name IN ('threads', 'memory_limit')
        ORDER BY ALL""").fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO customer VALUES (1000, 1)",
        "INSERT INTO customer VALUES (1000, 1) RETURNING id",
        "WITH one AS (SELECT 1) INSERT INTO customer SELECT 1, 1 FROM one",
        "UPDATE customer SET id = 0",
        "DELETE FROM customer",
        "TRUNCATE customer",
        "DROP TABLE customer",
        "ALTER TABLE customer ADD COLUMN name VARCHAR",
        "CREATE TABLE other (id INT)",
        "CREATE TABLE other AS SELECT 1 AS id; SELECT 1",
        "CREATE OR REPLACE TABLE customer AS SELECT 1 AS id; SELECT 1",
        "CREATE VIEW other AS SELECT 1 AS id; SELECT 1",
        "CREATE MACRO twice(x) AS 2 * x; SELECT 1",
        "CREATE TYPE colour AS ENUM ('red'); SELECT 1",
        "COPY customer TO 'customer.csv'",
        "COPY (SELECT 1) TO '/dev/stdout'",
        "EXPORT DATABASE 'all'",
        "ATTACH ':memory:' AS other",
        "DETACH store",
        "USE memory",
        "SET threads = 7",
        "SET GLOBAL memory_limit = '9GB'",
        "RESET memory_limit",
        "PRAGMA memory_limit = '9GB'",
        "PRAGMA enable_profiling",
        "CHECKPOINT",
        "VACUUM",
        "BEGIN",
        "COMMIT",
        "PREPARE late AS SELECT 1",
        "CALL pragma_version()",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE customer",
        "COMMIT; DROP TABLE customer; SELECT 1",
        "EXPLAIN ANALYZE INSERT INTO customer VALUES (1000, 1)",
        "EXPLAIN ANALYZE DROP TABLE customer",
        "SELECT nextval('numbers')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "",
        "-- nothing",
        "SELEC 1",
    ],
)
def test_what_is_no_question_is_refused_and_changes_nothing(
    store: duckdb.DuckDBPyConnection, desk: Desk, sql: str
) -> None:
    before = state(store)
    with pytest.raises(QueryError) as caught:
        desk.reader().rows(sql)
    assert str(caught.value)
    assert state(store) == before
    assert desk.running == 0
    assert desk.reader().rows("SELECT count(*) FROM customer") == [(100,)]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("FROM customer ORDER BY id LIMIT 1", [(0, 0)]),
        ("WITH one AS (SELECT 1 AS x) SELECT x FROM one", [(1,)]),
        ("VALUES (1, 'a')", [(1, "a")]),
        ("SELECT 'S'::size", [("S",)]),
        ("PIVOT (SELECT region FROM customer) ON region USING count(*)", [(34, 33, 33)]),
        ("FROM (PIVOT (SELECT region FROM customer) ON region IN (0, 1) USING count(*))", [(34, 33)]),
        ("SELECT sum(id) FROM customer;", [(4950,)]),
        ("SELECT '11111111-2222-4333-8444-555555555555'::UUID", [("11111111-2222-4333-8444-555555555555",)]),
    ],
)
def test_questions_of_many_shapes_are_answered(desk: Desk, sql: str, rows: list[tuple[object, ...]]) -> None:
    assert desk.reader().rows(sql) == rows


def test_plans_and_descriptions_are_answered(desk: Desk) -> None:
    assert "customer" in str(desk.reader().rows("EXPLAIN SELECT * FROM customer"))
    assert "100" in str(desk.reader().rows("EXPLAIN ANALYZE SELECT * FROM customer"))
    assert [row[0] for row in desk.reader().rows("DESCRIBE customer")] == ["id", "region"]
    assert len(desk.reader().rows("SUMMARIZE customer")) == 2


def test_parameters_by_name_and_by_place(desk: Desk) -> None:
    reader = desk.reader()
    assert reader.rows("SELECT count(*) FROM customer WHERE id > $low", {"low": 89}) == [(10,)]
    assert reader.rows("SELECT ?, ?", ["; DROP TABLE customer", None]) == [("; DROP TABLE customer", None)]
    assert reader.value("SELECT list_sum($ids::INT[])", {"ids": [1, 2]}) == 3
    with pytest.raises(QueryError, match="low"):
        reader.rows("SELECT $low")


def test_a_question_sees_one_state_and_holds_up_no_writer(
    store: duckdb.DuckDBPyConnection, desk: Desk
) -> None:
    answer = desk.ask("SELECT region, i FROM customer, range(3000) r(i)")
    first = next(answer.batches)
    store.execute("INSERT INTO customer VALUES (1000, 1)")
    store.execute("CHECKPOINT")
    assert len(first) + sum(map(len, answer.batches)) == 300_000
    assert desk.reader().value("SELECT count(*) FROM customer") == 101


def test_rows_beyond_the_limit_end_the_answer(store: duckdb.DuckDBPyConnection) -> None:
    with opened(store, Limits(rows=1000)) as desk:
        assert len(desk.reader().rows("SELECT i FROM range(1000) r(i)")) == 1000
        with pytest.raises(QueryError, match=r"more than 1,000 rows; .*door\.rows"):
            desk.reader().rows("SELECT i FROM range(1001) r(i)")
        with pytest.raises(QueryError, match=r"door\.rows"):
            desk.reader().rows(LONG)
        assert desk.running == 0


@pytest.mark.parametrize("sql", [ENDLESS, LONG, "SELECT i FROM range(100000000000) r(i) WHERE i < 0"])
def test_time_beyond_the_limit_ends_the_question(store: duckdb.DuckDBPyConnection, sql: str) -> None:
    with opened(store, Limits(seconds=0.3, rows=10**12)) as desk:
        began = time.monotonic()
        with pytest.raises(QueryError, match=r"longer than 0\.3 seconds; .*door\.seconds"):
            for _ in desk.ask(sql).batches:
                pass
        assert time.monotonic() - began < 20
        assert desk.running == 0
        assert desk.reader().value("SELECT 1") == 1


def test_an_answer_that_nobody_takes_ends_when_its_time_is_up(store: duckdb.DuckDBPyConnection) -> None:
    with opened(store, Limits(seconds=0.3)) as desk:
        answer = desk.ask(LONG)
        next(answer.batches)
        time.sleep(0.8)
        with pytest.raises(QueryError, match=r"door\.seconds"):
            list(answer.batches)
        assert desk.running == 0


def test_an_answer_that_is_dropped_frees_its_place(store: duckdb.DuckDBPyConnection) -> None:
    with opened(store, Limits(queries=1, patience=0.1)) as desk:
        for _ in range(3):
            answer = desk.ask(LONG)
            next(answer.batches)
            assert desk.running == 1
            del answer
        assert desk.running == 0


def test_no_more_questions_at_once_than_the_limit(store: duckdb.DuckDBPyConnection) -> None:
    with opened(store, Limits(queries=2, patience=0.2)) as desk:
        held = [desk.ask(LONG), desk.ask(LONG)]
        with pytest.raises(
            QueryError, match=r"^2 other queries have been running for 0\.2 s; .*door\.queries"
        ):
            desk.ask("SELECT 1")
        held.pop()
        assert desk.reader().value("SELECT 1") == 1
        assert desk.running == 1


def test_who_waits_gets_the_place_that_becomes_free(store: duckdb.DuckDBPyConnection) -> None:
    with opened(store, Limits(queries=1, patience=30)) as desk:
        held = [desk.ask(LONG)]
        threading.Timer(0.3, held.clear).start()
        assert desk.reader().value("SELECT 1") == 1


def test_a_question_whose_asker_has_gone_is_interrupted(desk: Desk) -> None:
    began = time.monotonic()
    with pytest.raises(QueryError, match="the client has gone"):
        list(desk.ask(ENDLESS, is_gone=lambda: time.monotonic() - began > 0.3).batches)
    assert desk.running == 0


def test_all_that_runs_can_be_ended_with_a_reason(store: duckdb.DuckDBPyConnection) -> None:
    with opened(store, Limits(rows=10**12)) as desk:
        end_all(desk)


def end_all(desk: Desk) -> None:
    told: list[str] = []

    def ask(sql: str) -> None:
        try:
            for _ in desk.ask(sql).batches:
                pass
        except QueryError as error:
            told.append(str(error))

    threads = [threading.Thread(target=ask, args=(sql,)) for sql in (ENDLESS, LONG)]
    for thread in threads:
        thread.start()
    while desk.running < 2:
        time.sleep(0.01)
    time.sleep(0.2)
    assert desk.interrupt("make room") == 2
    for thread in threads:
        thread.join(30)
    assert told == ["make room"] * 2
    assert desk.interrupt("make room") == 0
    assert desk.reader().value("SELECT 1") == 1


def test_a_question_that_needs_too_much_memory_says_so(store: duckdb.DuckDBPyConnection) -> None:
    store.execute("SET memory_limit = '60MB'; SET max_temp_directory_size = '0KB'")
    with opened(store, Limits()) as desk:
        with pytest.raises(QueryError, match=r"store\.memory_limit in rundum\.toml"):
            desk.reader().rows("SELECT list(i) FROM range(50000000) r(i)")
        assert desk.reader().value("SELECT 1") == 1


def test_a_closed_desk_answers_nothing_and_lets_go_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    connection = duckdb.connect(str(path))
    desk = Desk(connection, Limits())
    answer = desk.ask(LONG)
    next(answer.batches)
    desk.close()
    with pytest.raises(DeskClosed, match="is stopping; ask again"):
        list(answer.batches)
    with pytest.raises(DeskClosed, match="is stopping; ask again"):
        desk.ask("SELECT 1")
    connection.close()
    with duckdb.connect(str(path), read_only=True) as again:  # another mode: only if nobody has it open
        assert again.execute("SELECT 1").fetchall() == [(1,)]
