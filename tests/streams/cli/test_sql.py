"""Answers as tables, CSV and JSON, exact to the last digit."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sinks.duckdb.sql import scripts
from tests.streams.cli.conftest import Run

VALUES = """
    SELECT 1.10::DECIMAL(18,3) AS d, TIMESTAMP '2026-03-01 10:00:00.5' AS t, DATE '2026-03-01' AS day,
        170141183460469231731687303715884105727::HUGEINT AS h, NULL AS n, 'a "b", ü' AS s, true AS b,
        {'x': 0.1::DECIMAL(2,1), 'y': [TIMESTAMP '2026-01-01']} AS deep, MAP {'k': 1} AS m,
        'nan'::DOUBLE AS nan, uuid_nil AS u
    FROM (SELECT '00000000-0000-0000-0000-000000000000'::UUID AS uuid_nil)"""


@pytest.mark.usefixtures("project")
def test_json_is_exact(rundum: Run) -> None:
    answer = rundum("sql", VALUES, "--format", "json")
    assert json.loads(answer.stdout) == [
        {
            "d": "1.100",
            "t": "2026-03-01T10:00:00.500000Z",
            "day": "2026-03-01",
            "h": 170141183460469231731687303715884105727,
            "n": None,
            "s": 'a "b", ü',
            "b": True,
            "deep": {"x": "0.1", "y": ["2026-01-01T00:00:00Z"]},
            "m": {"k": 1},
            "nan": "NaN",
            "u": "00000000-0000-0000-0000-000000000000",
        }
    ]
    many = json.loads(rundum("sql", "SELECT range AS i FROM range(25000)", "--format", "json").stdout)
    assert [row["i"] for row in many] == list(range(25_000))
    assert json.loads(rundum("sql", "SELECT 1 AS a WHERE false", "--format", "json").stdout) == []


@pytest.mark.usefixtures("project")
def test_csv_and_tables(rundum: Run) -> None:
    names, values = csv.reader(io.StringIO(rundum("sql", VALUES, "--format", "csv").stdout))
    row = dict(zip(names, values, strict=True))
    assert (row["d"], row["t"], row["n"], row["s"]) == (
        "1.100",
        "2026-03-01T10:00:00.500000Z",
        "",
        'a "b", ü',
    )
    assert json.loads(row["deep"])["x"] == "0.1"
    table = rundum("sql", "SELECT '[b]x' || chr(27) || '[31m' AS \"[i]name\"").stdout.splitlines()
    assert [line.strip() for line in table] == ["[i]name", "[b]x [31m"]
    long = rundum("sql", "FROM range(1000)")
    assert "199" in long.stdout
    assert "200" not in long.stdout
    assert "first 200 rows" in long.stderr


@pytest.mark.usefixtures("project")
def test_the_store_cannot_be_changed_by_a_question(rundum: Run) -> None:
    said = rundum("sql", "DELETE FROM ops.meta")
    assert said.exit_code == 1
    assert "ask one SELECT at a time" in said.stderr
    assert "Parser Error" in rundum("sql", "SELEC 1").stderr
    assert rundum("sql").exit_code == 2


@pytest.mark.usefixtures("project")
def test_examples_are_listed_and_run(rundum: Run) -> None:
    listed = rundum("sql", "--examples").stdout
    names = [script.name for script in scripts("examples")]
    assert [line.split()[0] for line in listed.splitlines()] == names
    assert rundum("sql", "--example", names[0], "--format", "csv").exit_code == 0
    said = rundum("sql", "--example", names[0] + "x")
    assert f"did you mean {names[0]}?" in said.stderr


@pytest.mark.usefixtures("bare")
def test_a_store_that_is_not_there_is_not_made(rundum: Run) -> None:
    said = rundum("sql", "SELECT 1")
    assert said.exit_code == 1
    assert "store.duckdb is not there yet; `rundum ingest` makes one" in said.stderr
    assert not Path("store.duckdb").exists()
