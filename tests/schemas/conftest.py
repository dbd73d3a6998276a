"""A small project whose files a test may break."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOURCE = """\
title = "Loyalty app"
owner = "Marketing"
contact = "loyalty@example.de"
purpose = "Points."
legal_basis = "contract"
retention = "3 years"
trust = 2
"""
INSTANT = {"type": "long", "logicalType": "timestamp-micros"}

Change = Callable[[dict[str, Any]], None]
Write = Callable[..., Path]


def contract() -> dict[str, Any]:
    """A contract that keeps every rule, with a mark of most sorts."""
    return {
        "type": "record",
        "name": "PointsEarned",
        "namespace": "loyalty.app",
        "doc": "Points credited to a card.",
        "fields": [
            {"name": "event_id", "type": "string", "means": "event_id", "doc": "Its id."},
            {"name": "occurred_at", "type": INSTANT, "means": "occurred_at", "doc": "When."},
            {
                "name": "card_no",
                "type": "string",
                "means": "id:customer_no",
                "pii": "indirect",
                "doc": "Card.",
            },
            {
                "name": "email",
                "type": ["null", "string"],
                "default": None,
                "means": ["id:email", "trait:email"],
                "pii": "direct",
                "doc": "Address.",
            },
            {
                "name": "points",
                "type": "long",
                "means": "measure:points",
                "unit": "points",
                "doc": "How many.",
            },
            {
                "name": "spent_minor",
                "type": "long",
                "means": "measure:spent",
                "currency": "currency",
                "doc": "Money.",
            },
            {"name": "currency", "type": "string", "doc": "ISO 4217."},
            {
                "name": "newsletter",
                "type": ["null", "boolean"],
                "default": None,
                "means": "consent:newsletter",
                "contact": "email",
                "status": "granted",
                "doc": "Asked for it.",
            },
        ],
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty schemas folder."""
    folder = tmp_path / "schemas"
    folder.mkdir()
    return folder


@pytest.fixture
def write(root: Path) -> Write:
    """A function that writes the contract, changed as wanted, with two examples; it returns its file."""

    def write(
        change: Change = lambda _: None, event: str = "points_earned", source: str = "loyalty/app"
    ) -> Path:
        schema = contract()
        change(schema)
        folder = root / source
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "source.toml").write_text(SOURCE)
        file = folder / f"{event}.avsc"
        file.write_text(json.dumps(schema))
        example = {"event_id": "1", "occurred_at": "2026-05-01T12:00:00Z", "card_no": "7", "points": 5,
                   "spent_minor": 100, "currency": "EUR"}  # fmt: skip
        line = json.dumps({"event": example, "facts": {"identifiers": ["customer_no:7"]}})
        (folder / f"{event}.examples.jsonl").write_text(f"{line}\n{line}\n")
        return file

    return write
