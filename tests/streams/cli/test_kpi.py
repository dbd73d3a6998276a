"""`rundum kpi`: what there is, values with bars, CSV and JSON, and sentences where something does not fit."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from streams.cli.kpi import kpi
from tests.fed import Event, event_of
from tests.living import append, land, new_project, pages, running
from tests.streams.cli.conftest import Run
from tests.told import told_project, typed

HEAD = "-- owner: us\n-- description: Ours, [b]counted[/b].\n-- unit: zeal\n-- value: sum\n"
OURS = (
    HEAD + "SELECT occurred_at, 2 AS numerator FROM events WHERE event_type = 'shop/standard/order_placed'\n"
)


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A project in which the story has landed: one order kept, one paid back, both in March 2026."""
    return told_project(tmp_path / "told")


def kpi_in(folder: Path, *words: str) -> Result:
    return typed(folder, kpi, *words)


def write_own(folder: Path, name: str, text: str) -> Path:
    file = folder / "kpis" / f"{name}.sql"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def test_all_are_listed_those_of_the_company_too(told: Path) -> None:
    write_own(told, "zeal", OURS)
    write_own(told, "orders", OURS.replace("Ours", "Instead"))
    lines = kpi_in(told).stdout.splitlines()
    assert lines[0].split() == ["name", "unit", "owner", "what", "it", "says"]
    names = [line.split()[0] for line in lines[1:] if line[0] != " "]
    assert names == sorted(names)
    assert {"revenue", "reachability", "zeal"} <= {*names}
    [zeal], [orders] = ([line for line in lines if line.startswith(name)] for name in ("zeal", "orders"))
    assert zeal.rstrip().split(maxsplit=3) == ["zeal", "zeal", "us", "Ours, [b]counted[/b]."]
    assert "Instead" in orders


def test_one_value_over_the_whole_time(told: Path) -> None:
    said = kpi_in(told, "revenue")
    assert said.exit_code == 0
    title, *rest = said.stdout.splitlines()
    assert title.startswith("revenue  What customers paid")
    assert [line.strip() for line in rest[-3:]] == [
        "EUR",
        "period                         money",
        "2026-03-02 to 2026-04-01  206.71 EUR",
    ]
    assert "50.0%" in kpi_in(told, "return_rate").stdout
    assert "1.25" in kpi_in(told, "time_to_refund").stdout


def test_a_value_for_each_period_the_newest_at_the_bottom_with_bars(told: Path) -> None:
    lines = kpi_in(told, "orders", "--by", "week", "--until", "2026-03-22").stdout.splitlines()[-4:]
    assert [line.split()[0] for line in lines] == ["period", "2026-03-02", "2026-03-09", "2026-03-16"]
    assert [line.count("█") for line in lines] == [0, 36, 0, 36]
    days = kpi_in(told, "orders", "--by", "day", "--since", "2026-03-19").stdout.splitlines()
    assert "2026-03-20" in days[-13]
    assert "2026-03-31" in days[-2]
    assert "–" in kpi_in(told, "average_order_value", "--by", "month").stdout


def test_csv_and_json_are_exact(told: Path) -> None:
    words = ("revenue", "--by", "month", "--format")
    rows = [*csv.DictReader(io.StringIO(kpi_in(told, *words, "csv").stdout))]
    assert rows[0] == {
        "first_day": "2026-03-01", "last_day": "2026-03-31", "series": "EUR", "value": "206.710", "of": "2",
    }  # fmt: skip
    [march, april] = json.loads(kpi_in(told, *words, "json").stdout)
    assert march == rows[0] | {"of": 2}
    assert (april["value"], april["last_day"]) == ("0.000", "2026-04-01")


def test_only_the_last_periods_are_shown(tmp_path: Path) -> None:
    folder = told_project(tmp_path, [_order("2025-01-01"), _order("2026-03-01")])
    said = kpi_in(folder, "orders", "--by", "day")
    assert "These are the last 200 periods" in said.stderr
    assert "2026-03-01" in said.stdout
    assert "2025-01-01" not in said.stdout
    assert len(kpi_in(folder, "orders", "--by", "day", "--format", "csv").stdout.splitlines()) == 1 + 425


def _order(day: str) -> Event:
    money: dict[str, Any] = {"subtotal_minor": 100, "total_minor": 100, "currency": "EUR"}
    return event_of("shop/standard/order_placed", event_id=day, occurred_at=f"{day}T10:00:00Z", order_id=day,
                    email="anna.mueller@gmx.de", lines=[], **money)  # fmt: skip


def test_it_answers_while_the_store_is_written(tmp_path: Path) -> None:
    project = new_project(tmp_path / "shop")
    append(project, pages(3))
    assert land(project).landed == 3
    with running(project):
        said = kpi_in(project.root, "conversion")
    assert said.exit_code == 0
    assert said.stdout.splitlines()[-1].split()[-2] == "0.0%"


def test_a_companys_own_is_asked_for_like_any(told: Path) -> None:
    write_own(told, "zeal", OURS)
    said = kpi_in(told, "zeal").stdout.splitlines()
    assert said[0] == "zeal  Ours, [b]counted[/b]."
    assert said[-1].split() == ["2026-03-02", "to", "2026-04-01", "4"]


def test_what_does_not_fit_is_a_sentence(told: Path, rundum: Run) -> None:
    def said(*words: str) -> str:
        result = rundum("kpi", *words, "--project", told)
        assert result.exit_code in (1, 2)
        assert len(result.stderr.strip().splitlines()) == (1 if result.exit_code == 1 else 4), result.stderr
        return " ".join(result.stderr.split())

    file = write_own(told, "zeal", OURS.replace("occurred_at,", ""))
    assert said("zeal") == (
        f"Error: {file}: occurred_at: the column is missing; select something AS occurred_at"
    )
    write_own(told, "zeal", "SELECT 1")
    assert f"{file}: owner: is missing in the head" in said("zeal")
    assert f"{file}: owner: is missing in the head" in said()
    write_own(told, "zeal", HEAD + "DROP TABLE ops.meta")
    assert f"{file}: is not one SELECT" in said("zeal")
    assert rundum("kpi", "orders", "--project", told).exit_code == 0, "a broken file keeps no other"
    assert "no KPI is called revenu; did you mean revenue?" in said("revenu")
    assert "nothing to count lies in these days" in said("orders", "--since", "2030-01-01")
    assert "--until 2026-01-01 is before --since 2026-02-01" in said(
        "orders", "--since", "2026-02-01", "--until", "2026-01-01"
    )
    assert "give a NAME with these options" in said("--by", "day")


@pytest.mark.usefixtures("project")
def test_an_empty_store_is_a_sentence(rundum: Run) -> None:
    said = rundum("kpi", "revenue", "--by", "day")
    assert said.exit_code == 1
    assert "revenue.sql: the store holds nothing to count; `rundum ingest` brings events" in said.stderr
    assert rundum("kpi").exit_code == 0
