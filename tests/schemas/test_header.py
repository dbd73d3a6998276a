"""The head of an SQL file: what it may say, and what people read when it does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.catalogue import ContractError
from schemas.header import read_headed, take_apart

FILE = Path("lapsed.sql")
MUST, MAY = ("owner", "description"), ("refresh",)


def test_a_head_is_taken_apart() -> None:
    text = "-- owner: marketing\n-- description: Bought before,\n--   and nothing since.\n-- how\nSELECT 1;\n"
    found = take_apart(FILE, text, must=MUST, may=MAY)
    assert found.keys == {"owner": "marketing", "description": "Bought before, and nothing since."}
    assert found.text == "-- how\nSELECT 1"


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("-- owner: x\nSELECT 1", "description", "is missing in the head"),
        ("-- owner: x\n-- owner: y\nSELECT 1", "owner", "stands twice"),
        ("-- owner: x\n-- descripton: y\nSELECT 1", "descripton", "did you mean description"),
        ("-- owner: x\n-- description: y\n", "", "holds no statement"),
    ],
)
def test_a_head_that_does_not_fit_is_refused(text: str, field: str, reason: str) -> None:
    with pytest.raises(ContractError, match=reason) as refused:
        take_apart(FILE, text, must=MUST, may=MAY)
    assert f"{FILE}" in str(refused.value)
    assert field in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "lapsed.sql"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ContractError, match="cannot be read"):
        read_headed(file, must=MUST)
