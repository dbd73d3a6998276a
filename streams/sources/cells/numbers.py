"""Numbers as people and machines write them.

Decides which texts are a number, and its digits. Must never round, nor take 1.50 for 150.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from streams.sources.cells.style import CellError, Convert, Style

LONGEST = 60

Digits = tuple[str, str, str]


def _pattern(style: Style) -> re.Pattern[str]:
    point, mark = re.escape(style.decimal), re.escape(style.thousands)
    grouped = f"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|" if mark else ""
    return re.compile(f"([+-]?)(?=[0-9]|{point})({grouped}[0-9]*)(?:{point}([0-9]+))?(-?)")


def _digits(style: Style) -> Callable[[Any], Digits | None]:
    """A function from a cell to sign, whole digits and decimals; None if it is no exact number."""
    pattern, mark = _pattern(style), style.thousands

    def digits(cell: Any) -> Digits | None:
        if isinstance(cell, str):
            text = cell.strip()
            match = pattern.fullmatch(text) if len(text) <= LONGEST else None
            if not match or (match[1] and match[4]):
                return None
            whole = match[2].replace(mark, "") if mark else match[2]
            return match[1] or match[4], whole, match[3] or ""
        return _digits_of(cell)

    return digits


def _digits_of(number: Any) -> Digits | None:
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
        return None
    value = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not value.is_finite() or abs(value.adjusted()) > LONGEST:
        return None
    whole, _, decimals = f"{value.copy_abs():f}".partition(".")
    return "-" if value < 0 else "", whole, decimals


def whole(style: Style) -> Convert:
    """A reader of whole numbers, counted in units of `style.minor` decimals; more decimals are refused."""
    digits, minor = _digits(style), style.minor
    example = f"1{style.thousands}234" + (style.decimal + "56789"[:minor] if minor else "")
    expected = f"a number like {example}" + (f" with at most {minor} decimals" if minor else "")

    def convert(cell: Any) -> int:
        found = digits(cell)
        if found is None:
            raise CellError(expected, cell)
        sign, whole, decimals = found
        decimals = decimals.rstrip("0")
        if len(decimals) > minor:
            raise CellError(expected, cell)
        value = int(whole + decimals.ljust(minor, "0") or "0")
        return -value if sign == "-" else value

    return convert


def number(style: Style, make: Callable[[str], Any]) -> Convert:
    """A reader of numbers with a fraction; `make` takes their text with a decimal point."""
    digits = _digits(style)
    expected = f"a number like 1{style.thousands}234{style.decimal}5"

    def convert(cell: Any) -> Any:
        if make is float and isinstance(cell, float):
            return cell
        found = digits(cell)
        if found is None:
            raise CellError(expected, cell)
        sign, whole, decimals = found
        return make(f"{sign}{whole or '0'}.{decimals or '0'}")

    return convert
