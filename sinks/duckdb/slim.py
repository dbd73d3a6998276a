"""The view customers with fewer columns: what nobody asks for is not worked out.

Decides which parts a column needs. Must never change what a column holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from sinks.duckdb.sql import Script
from sinks.duckdb.views import statement_of

HIDDEN = frozenset(("segments",))  # from those who define segments
COLUMN = re.compile(r'\s+.*\bAS "?(?P<name>\w+)"?,?(?: -- .*)?')
PART = re.compile(r"^(?:WITH )?(?P<name>\w+) AS \(\n.*?^\)", re.MULTILINE | re.DOTALL)
JOIN = re.compile(r"LEFT JOIN (?P<part>\w+)\b.*")


def slim(customers: Script, wanted: Collection[str] | None, hidden: Collection[str] = HIDDEN) -> str:
    """The SELECT of the view, with customer_id and the columns of `wanted` (None: all) but no hidden ones."""
    head, _, tail = statement_of(customers).rpartition("\nSELECT\n")
    columns, _, joins = tail.partition("\nFROM whole\n")
    kept = [
        line.partition(" -- ")[0].rstrip().removesuffix(",")
        for line in columns.splitlines()
        if (found := COLUMN.fullmatch(line)) and _is_kept(found["name"], wanted, hidden)
    ]
    chosen = ",\n".join(kept)
    needed = [
        line
        for line in joins.splitlines()
        if (found := JOIN.fullmatch(line)) and re.search(rf"\b{found['part']}\.", chosen)
    ]
    body = "\n".join(["SELECT", chosen, "FROM whole", *needed])
    return f"{_with(head, body)}\n{body}"


def _with(head: str, body: str) -> str:
    """Those of the named parts that the rest reads, or another such part."""
    parts = {found["name"]: found.group().removeprefix("WITH ") for found in PART.finditer(head)}
    kept: dict[str, str] = {}
    for name, text in reversed(parts.items()):  # a part reads only those before it
        if any(re.search(rf"\b(?:FROM|JOIN) {name}\b", one) for one in (body, *kept.values())):
            kept[name] = text
    return "WITH " + ",\n".join(reversed(kept.values()))


def _is_kept(name: str, wanted: Collection[str] | None, hidden: Collection[str]) -> bool:
    return name == "customer_id" or (name not in hidden and (wanted is None or name in wanted))
