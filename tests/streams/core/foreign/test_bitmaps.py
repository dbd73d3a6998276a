from __future__ import annotations

import pytest

from streams.core.foreign.bitmaps import names_of
from tests.streams.core.foreign.wire import SALESFORCE


@pytest.mark.parametrize(
    ("bitmap", "names"),
    [
        ("0x0", []),
        ("0x1", ["ChangeEventHeader"]),
        ("0x02", ["AccountId"]),
        ("0x1A", ["AccountId", "Phone", "Email"]),
        ("0x00000080", ["LastCURequestDate"]),
        ("0xff00", []),
        ("2-0x04", ["Name.LastName"]),
        ("2-0x0F", ["Name.Salutation", "Name.FirstName", "Name.LastName", "Name.MiddleName"]),
        ("3-0x1", ["3-0x1"]),
        ("99-0x1", ["99-0x1"]),
        ("Email", ["Email"]),
        ("0x", ["0x"]),
        ("", [""]),
    ],
)
def test_bits_count_fields_from_the_least(bitmap: str, names: list[str]) -> None:
    assert names_of(bitmap, SALESFORCE["fields"]) == names


def test_a_long_bitmap_is_cheap() -> None:
    assert names_of("0x" + "f" * 100_000, SALESFORCE["fields"]) == ["0x" + "f" * 100_000]
