"""How times, money, identifiers and decisions read in the terminal.

Decides words and forms only. Must never let a character of the data reach the terminal as a command.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.identifiers import Kind
from streams.cli.layout import plain

WIDTH = 100
SHORT = 8
# Digits after the point where they are not two, as in macros/major.sql.
DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
STRENGTHS = (
    "an unproven claim",  # 0: a browser, a number that anybody can name
    "somebody's own word",  # 1
    "a trusted server's word",  # 2
    "a person's decision",  # 3
)
BLOCKED = {
    "nobody": "its value stands for nobody (unknown, null, zeros and the like)",
    "not_an_address": "it is not an e-mail address",
    "not_a_number": "it is not a telephone number",
    "too_long": "it is too long to be an identifier",
    "empty": "it is empty",
    "configured": "people have blocked it",
}


def screen() -> Console:
    """Standard output, 100 columns wide where it is not a terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def safe(value: object) -> str:
    """A value of the data as text without anything that a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in str(value)).strip()


def moment(time: datetime | None) -> str:
    """A time (UTC) to the minute; empty for None."""
    return f"{time:%Y-%m-%d %H:%M}" if time else ""


def day(time: datetime, near: datetime | None = None) -> str:
    """A day as `2 Mar`, with its year if that is not the year of `near`."""
    return f"{time.day} {time:%b}" + ("" if near and near.year == time.year else f" {time.year}")


def money(amount: Decimal | None, currency: str | None) -> str:
    """An amount in major units with its currency; empty for None."""
    if amount is None:
        return ""
    return f"{amount:,.{2 if amount == round(amount, 2) else 3}f} {currency or ''}".rstrip()


def major(minor: int, currency: str | None) -> Decimal:
    """An amount in major units with the digits of its currency; two where that is unknown."""
    return Decimal(minor).scaleb(-DIGITS.get(currency or "", 2))


def counted(number: int, thing: str) -> str:
    """`1 order`, `2 orders`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def latest_of(found: Sequence[object], most: int | None) -> str:
    """A note that only the latest `most` of some rows are shown; empty where all are."""
    return f"the last {most} of {len(found):,}; --all shows every one" if most and len(found) > most else ""


def name_of(row: Mapping[str, Any]) -> str:
    """What to call a customer: name, else address or number, else what they are."""
    full = " ".join(safe(row[part]) for part in ("first_name", "last_name") if row[part])
    fallback = row["email"] or row["phone"]
    return full or (safe(fallback) if fallback else f"{row['kind']} without a name")


def short(customer: str | None) -> str:
    """The first characters of a customer's id."""
    return customer[:SHORT] if customer else "nobody"


def named(kind: str, value: str) -> str:
    """An identifier as people write it, and as every command takes it."""
    return f"{kind}:{safe(value)}"


def why_blocked(blocked: str) -> str:
    """Why an identifier joins nobody, in words."""
    if blocked.startswith("pattern: "):
        return f"identifiers.toml blocks values like it ({blocked.removeprefix('pattern: ')})"
    return BLOCKED.get(blocked, blocked)


def blocked_note(row: Mapping[str, Any]) -> str:
    """Why an identifier joins nobody, short enough for a table."""
    if row["reason"]:
        return f"blocked: “{safe(row['reason'])}” ({safe(row['actor'])})"
    return f"blocked: {BLOCKED[row['blocked']]}" if row["blocked"] in BLOCKED else "blocked by rule"


def why_refused(outcome: str, kinds: Mapping[str, Kind]) -> str:
    """Why an edge joins nobody, in words, with the limit that it would break."""
    rule, _, name = outcome.partition(":")
    kind = kinds.get(name, Kind(name, 0, ""))
    match rule:
        case "hub":
            return "one of the two is shared by too many people to tell whom it means"
        case "browser":
            return "only an unproven claim says so, and both sides are known people already"
        case "cannot":
            return "people have decided that the two sides are not the same person"
        case "limit":
            return f"one customer may have {kind.limit} {name} at most, together they would have more"
        case "window":
            return (
                f"together more than {kind.window_limit} {name} would have appeared within "
                f"{kind.window_days} days"
            )
    return outcome


def table(*titles: str) -> Table:
    """A table in the house's form; a title with `>` before it is right-aligned."""
    made = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for title in titles:
        right = title.startswith(">")
        made.add_column(title.lstrip(">"), justify="right" if right else "left", overflow="fold")
    return made


def heading(title: str, note: str = "") -> Text:
    """The title of a part, with a note in grey."""
    return Text.assemble("\n", (title, "bold cyan"), (f"  {note}" if note else "", "dim"))


def as_json(value: Any) -> str:
    """A document: times in ISO 8601 with Z, money and ids as texts, exact to the digit."""
    return json.dumps(plain(value), ensure_ascii=False, indent=2)
