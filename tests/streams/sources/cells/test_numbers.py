"""Numbers of cells: exact, in every style, or refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.cells.numbers import number, whole
from streams.sources.cells.style import CellError, Style

GERMAN = Style(decimal=",", thousands=".", minor=2)
signs = st.sampled_from([(".", ""), (",", ""), (",", "."), (".", ","), (",", " "), (".", "'")])


@given(st.integers(-(10**30), 10**30), st.integers(0, 6), signs)
def test_what_a_style_writes_it_reads(value: int, minor: int, sign: tuple[str, str]) -> None:
    point, mark = sign
    text = f"{abs(value):0{minor + 1}d}"
    head, tail = (text[:-minor], text[-minor:]) if minor else (text, "")
    written = (
        ("-" if value < 0 else "") + f"{int(head):,}".replace(",", mark) + (point + tail if tail else "")
    )
    assert whole(Style(decimal=point, thousands=mark, minor=minor))(written) == value


@given(st.decimals(-(10**40), 10**40, places=2) | st.integers(-(2**80), 2**80))
def test_typed_amounts_are_exact(value: Decimal | int) -> None:
    sign, digits, exponent = Decimal(value).as_tuple()
    assert isinstance(exponent, int)
    minor = int("".join(map(str, digits))) * 10 ** (exponent + 2)
    assert whole(Style(minor=2))(value) == (-minor if sign else minor)


@pytest.mark.parametrize(
    ("cell", "minor"),
    [("1.234,5", 123450), ("1234,50", 123450), (",5", 50), ("7,00-", -700), ("+7", 700), (" 7 ", 700),
     ("0,5000", 50), (11.77, 1177), (True, None), (float("nan"), None), (1e300, None), (11.775, None),
     ("1.50", None), ("1.23,4", None), ("12.34.567", None), ("-7-", None), ("7,", None), ("-", None),
     ("7 €", None), ("1e3", None), ("٧", None), ("0x7", None), ("1_000", None), ("9" * 61, None),
     (Decimal("1E+999999"), None), ([], None)],
)  # fmt: skip
def test_amounts_in_german(cell: Any, minor: int | None) -> None:
    if minor is None:
        with pytest.raises(CellError, match=r"expected a number like 1.234,56 with at most 2 decimals; got"):
            whole(GERMAN)(cell)
    else:
        assert whole(GERMAN)(cell) == minor


def test_fractions_and_decimals_as_text() -> None:
    assert number(GERMAN, float)("1.000,1") == 1000.1
    assert number(GERMAN, float)(0.1) == 0.1
    assert number(GERMAN, str)("-1.000,10") == "-1000.10"
    assert number(Style(), str)(Decimal("1.50")) == "1.50"
