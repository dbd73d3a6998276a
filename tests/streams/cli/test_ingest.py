"""Files into the store through the command line, interrupted and repeated."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from tests.feed import blank_store
from tests.streams.cli.conftest import Run, cdnow, held, payment, payments, start

PAID = "shop/standard/order_paid"
COUNT = "SELECT count(*) AS n FROM shop_standard.order_paid"


def number(rundum: Run, query: str) -> int:
    answer = rundum("sql", query, "--format", "json")
    assert answer.exit_code == 0, answer.output
    return int(next(iter(json.loads(answer.stdout)[0].values())))


@pytest.mark.usefixtures("bare")
def test_cdnow_end_to_end(rundum: Run) -> None:
    done = rundum("ingest", cdnow(), "--as", "shop/cdnow/purchase")
    assert done.exit_code == 0, done.output
    assert done.stdout == "69,659 rows: 69,659 new, 0 seen before, 0 conflicting, 0 rejected\n"
    digest = rundum("digest", "--format", "json").stdout
    answer = rundum(
        "sql",
        "SELECT count(*) AS customers, sum(orders) AS orders, sum(revenue_net) AS revenue, currency "
        "FROM customers GROUP BY currency",
        "--format",
        "json",
    )
    assert json.loads(answer.stdout) == [
        {"customers": 23_570, "orders": 69_659, "revenue": "2500315.630", "currency": "USD"}
    ]
    again = rundum("ingest", cdnow(), "--as", "shop/cdnow/purchase")
    assert again.stdout == "69,659 rows: 0 new, 69,659 seen before, 0 conflicting, 0 rejected\n"
    assert rundum("digest", "--format", "json").stdout == digest
    assert number(rundum, "SELECT count(*) FROM ops.conservation WHERE NOT balanced") == 0


def test_killed_at_any_moment_it_goes_on(project: Path, rundum: Run, tmp_path: Path) -> None:
    lines = cdnow().read_bytes().splitlines(keepends=True)[:15_001]
    (tmp_path / "part.txt").write_bytes(b"".join(lines))
    words = ("ingest", "../part.txt", "--as", "shop/cdnow/purchase")
    whole = tmp_path / "whole"
    for folder in (project, whole):
        if folder is whole:
            rundum("init", whole)
        blank_store(folder / "store.duckdb")
    for wait in (0.7, 1.2, 1.7, 2.4):
        process = start(*words, cwd=project)
        time.sleep(wait)
        process.kill()
        process.communicate()
    assert rundum(*words).exit_code == 0
    assert rundum(*words[:1], tmp_path / "part.txt", *words[2:], "--project", whole).exit_code == 0
    assert rundum("digest").stdout == rundum("digest", "--project", whole).stdout
    assert number(rundum, "SELECT count(*) FROM shop_cdnow.purchase") == 15_000
    assert number(rundum, "SELECT count(*) FROM ops.conservation WHERE NOT balanced") == 0


@pytest.mark.usefixtures("project")
def test_bad_rows_become_rejects_once(rundum: Run) -> None:
    Path("a.csv").write_text(payments(payment("1"), payment("2", amount_minor="zwölf"), payment("3")))
    first = rundum("ingest", "a.csv", "--as", PAID)
    assert first.stdout == "3 rows: 2 new, 0 seen before, 0 conflicting, 1 rejected\n"
    again = rundum("ingest", "a.csv", "--as", PAID)
    assert again.stdout == "3 rows: 0 new, 3 seen before, 0 conflicting, 0 rejected\n"
    assert number(rundum, "SELECT count(*) FROM ops.rejected") == 1


@pytest.mark.usefixtures("project")
def test_globs_maps_and_other_contents(rundum: Run) -> None:
    for name in "ab":
        Path(f"{name}.csv").write_text(payments(payment(name)))
    Path("c.txt").write_text(f"{payment('a').replace('1000', '999')}\n")
    assert rundum("ingest", "?.csv", "--as", PAID).stdout.startswith("2 rows: 2 new")
    columns = ["event_id", "occurred_at", "order_id", "user_id", "customer_no", "payment_id", "amount_minor"]
    fields = "".join(f'{name} = "column{at}"\n' for at, name in enumerate(columns, 1) if at > 1)
    text = 'format = "csv"\nheader = false\n[constants]\ncurrency = "EUR"\n[event_id]\nfrom = "columns"\n'
    Path("c.toml").write_text(f'{text}columns = ["column1"]\n[fields]\n{fields}payment_method = "column9"\n')
    done = rundum("ingest", "c.txt", "--as", PAID, "--map", "c.toml")
    assert done.stdout == "1 rows: 0 new, 0 seen before, 1 conflicting, 0 rejected\n", done.output
    assert number(rundum, COUNT) == 2


def test_a_dry_run_keeps_nothing(bare: Path, rundum: Run) -> None:
    Path("a.csv").write_text(
        payments(payment("1"), payment("2", occurred_at="gestern"), *map(payment, map(str, range(50))))
    )
    shown = rundum("ingest", "a.csv", "--as", PAID, "--dry-run")
    assert shown.exit_code == 0
    assert "R-1 " in shown.stdout
    assert "occurred_at: expected ISO 8601" in shown.stdout
    assert "pay-17 " in shown.stdout
    assert "pay-18 " not in shown.stdout
    assert not (bare / "log.sqlite").exists()
    assert not (bare / "store.duckdb").exists()


@pytest.mark.usefixtures("impatient")
def test_rows_wait_in_the_log_while_the_store_is_in_use(project: Path, rundum: Run) -> None:
    Path("a.csv").write_text(payments(payment("1"), payment("2")))
    assert rundum("land").exit_code == 0
    with held(project / "store.duckdb"):
        done = rundum("ingest", "a.csv", "--as", PAID)
    assert done.exit_code == 0
    assert done.stdout == "2 rows are in the log; they land with the next `rundum land` or ingest.\n"
    assert "store.duckdb is open in" in done.stderr
    assert rundum("land").stdout == "2 new, 0 seen before, 0 conflicting, 0 rejected\n"
    assert number(rundum, COUNT) == 2


@pytest.mark.usefixtures("project")
def test_another_store_reads_the_same_log(rundum: Run) -> None:
    Path("a.csv").write_text(payments(payment("1")))
    rundum("ingest", "a.csv", "--as", PAID)
    assert rundum("land", "--store", "second.duckdb").stdout.startswith("1 new")
    assert rundum("sql", COUNT, "--store", "second.duckdb", "--format", "csv").stdout == "n\n1\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.csv", "--as", "shop/standard/order_payd"), "did you mean shop/standard/order_paid?"),
        (("none.csv", "--as", PAID), "none.csv does not exist"),
        (("*.txt", "--as", PAID), "*.txt does not exist"),
        ((".", "--as", PAID), "is a folder; name the files in it"),
        (("empty.csv", "a.csv", "--as", PAID), "empty.csv is empty"),
        (("a.csv", "--as", PAID, "--map", "none.toml"), "none.toml"),
        (("b.csv", "--as", PAID), "the file has no column 'event_id'"),
    ],
)
@pytest.mark.usefixtures("project")
def test_what_cannot_be_read_is_a_sentence(rundum: Run, words: tuple[str, ...], said: str) -> None:
    Path("a.csv").write_text(payments(payment("1")))
    Path("b.csv").write_text("a,b\n1,2\n")
    Path("empty.csv").touch()
    done = rundum("ingest", *words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_columns_of_a_project_contract(project: Path, rundum: Run) -> None:
    assert rundum("schemas", "new", "loyalty/app/points_earned").exit_code == 0
    shutil.copy(project / "schemas" / "loyalty" / "app" / "points_earned.examples.jsonl", "examples.jsonl")
    events = [json.loads(line)["event"] for line in Path("examples.jsonl").read_text().splitlines()]
    Path("points.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    done = rundum("ingest", "points.jsonl", "--as", "loyalty/app/points_earned")
    assert done.exit_code == 0, done.output
    assert number(rundum, "SELECT count(*) FROM loyalty_app.points_earned") >= 1
