"""`rundum guide`: what there is to ask for, whoever has the store open."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.cli.guide import guide
from tests.told import told_project, typed


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return told_project(tmp_path_factory.mktemp("guide"))


def test_lists_objects_and_what_they_hold(project: Path) -> None:
    said = typed(project, guide).output
    lines = [line.split()[0] for line in said.splitlines()[1:] if line.strip()]
    assert lines.index("customers") < lines.index("shop_standard.order_placed")
    assert "Everything that happened with a customer" in said


def test_lists_the_columns_of_one(project: Path) -> None:
    said = " ".join(typed(project, guide, "orders").output.split())
    assert "promised_by" in said
    assert "DECIMAL(18,3)" in said


def test_a_mistyped_name_gets_a_hint(project: Path) -> None:
    result = typed(project, guide, "customer")
    assert result.exit_code == 1
    assert "did you mean customers?" in result.output
