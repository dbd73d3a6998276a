"""What happened, event by event, a line each.

Decides which fields of an event tell something in one line. Must never know a contract by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from sinks.duckdb.reader import Row
from streams.cli.words import heading, latest_of, major, moment, safe, table

LATEST = 25  # events shown unless all are wanted
TELLING = ("name", "title", "subject", "query", "text", "url")  # fields that stand first
DULL = {"user_agent", "ip", "sku", "tracking_number", "message_id"}  # fields that are left out


def timeline(
    events: list[Row], fields: set[tuple[str, str]], *, everything: bool = False
) -> Iterator[RenderableType]:
    """The latest events, or all, without the (event type, field) in `fields`."""
    most = None if everything else LATEST
    yield heading("Timeline", latest_of(events, most))
    made = table("at", "channel", "what", "")
    made.expand = True
    for column in made.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    made.columns[-1].ratio = 1
    for row in events[:most]:
        told = {key: value for key, value in row["details"].items() if (row["event_type"], key) not in fields}
        made.add_row(
            moment(row["occurred_at"]), Text(row["channel"], style="magenta"), row["what"], gist(told)
        )
    yield made


def gist(details: Mapping[str, Any]) -> Text:
    """An event's own fields in one line, the telling ones first; empty, nested and dull ones are left out."""
    told: list[tuple[str, str]] = []
    for key in sorted(details, key=lambda key: TELLING.index(key) if key in TELLING else len(TELLING)):
        value = details[key]
        if isinstance(value, list) and value:
            told += [(f"{key} ", "dim"), (f"{len(value)}  ", "")]
        elif value not in ("", False) and isinstance(value, str | int) and not _dull(key):
            told += [(f"{key.removesuffix('_minor')} ", "dim"), (f"{_value(key, value, details)}  ", "")]
    return Text.assemble(*told)


def _dull(key: str) -> bool:
    return key.endswith("_id") or key in DULL


def _value(key: str, value: str | int, details: Mapping[str, Any]) -> str:
    if key.endswith("_minor"):
        return f"{major(int(value), details.get('currency')):,}"
    if value is True:
        return "yes"
    text = safe(value)
    if key.endswith(("_at", "_by")):
        return text[:16]
    return text.partition("://")[2] or text if key == "url" else text
