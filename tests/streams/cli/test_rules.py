"""Rules, digests and rebuild as people see them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.rules import FOLDER
from tests.streams.cli.conftest import Run, payment, payments


def test_rules_print_the_fold_and_what_the_marks_generate(rundum: Run) -> None:
    shown = rundum("rules").stdout
    for file in FOLDER.glob("*.sql"):
        assert file.read_text() in shown
    one = rundum("rules", "shop/standard/order_placed").stdout
    assert "-- shop/standard/order_placed -> measure_fact\n" in one
    assert "FROM shop_standard.order_placed AS t" in one
    assert one in shown
    assert "did you mean shop/standard/order_placed?" in rundum("rules", "shop/standard/order_place").stderr


@pytest.mark.usefixtures("project")
def test_digest_says_what_counts_and_rebuild_changes_nothing(rundum: Run) -> None:
    Path("a.csv").write_text(payments(*(payment(str(number)) for number in range(20))))
    rundum("ingest", "a.csv", "--as", "shop/standard/order_paid")
    found = json.loads(rundum("digest", "--format", "json").stdout)
    assert {"rules", "events", "identities", "profiles"} < found.keys()
    assert found["columns"]["node"][0] == "node"
    assert "outcome" in found["columns"]["edge"]
    assert {"trait", "measure", "consent", "block", "constraint"} < found["columns"].keys()
    assert not any(name.startswith("landed") for names in found["columns"].values() for name in names)
    text = rundum("digest").stdout
    assert found["events"] in text
    rebuilt = rundum("rebuild")
    assert rebuilt.exit_code == 0, rebuilt.output
    assert rebuilt.stdout.count(found["profiles"]) == 2
    assert rebuilt.stdout.endswith("Equal.\n")
    assert rundum("digest").stdout == text
