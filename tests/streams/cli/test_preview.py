"""`rundum ingest --dry-run`: rows beside their events."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.cli.preview import INDENT
from tests.streams.cli.conftest import Run, payment, payments

PAID = "shop/standard/order_paid"


@pytest.mark.usefixtures("project")
def test_a_row_stands_above_its_event(rundum: Run) -> None:
    Path("a.csv").write_text(payments(payment("1"), payment("2", amount_minor="zwölf", currency="Euro")))
    shown = rundum("ingest", "a.csv", "--as", PAID, "--dry-run")
    assert shown.exit_code == 0, shown.output
    title, raw, *event, bad, first, total = shown.stdout.splitlines()
    assert title == "a.csv as shop/standard/order_paid; nothing was kept"
    assert raw == f"row 1   {payment('1')}"
    words = " ".join(event).split()
    assert "occurred_at=2026-03-01T10:00:00Z" in words
    assert "amount_minor=1000" in words
    assert not any(word.startswith("customer_no") for word in words)
    assert bad == f"row 2   {payment('2', amount_minor='zwölf', currency='Euro')}"
    assert first == " " * INDENT + "amount_minor: expected a number like 1234; got 'zwölf'"
    assert total == "2 rows shown, 1 of them refused."


@pytest.mark.usefixtures("project")
def test_nothing_is_too_wide_and_nothing_obeyed(rundum: Run) -> None:
    Path("a.csv").write_text(payments(payment("1", payment_id="x" * 500), payment("2\x1b[31m")))
    lines = rundum("ingest", "a.csv", "--as", PAID, "--dry-run").stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[1].endswith("…")
    assert "\x1b" not in "".join(lines)
