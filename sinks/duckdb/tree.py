"""SQL as DuckDB's own parser sees it: a tree of plain dictionaries, and what DuckDB says of its functions.

Decides nothing about what a statement may say. Must never run it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import duckdb

Node = dict[str, Any]
CALLED = re.compile(r"(?P<name>\w+)\"?\(|\bcurrent_(?:timestamp|date|time)\b|\b(?P<select>SELECT)\b")


def parsed(text: str) -> Node:
    """What DuckDB's parser gives: error, error_type and error_message, or statements."""
    with _parser().cursor() as connection:
        answer = connection.execute("SELECT json_serialize_sql($text)", {"text": text}).fetchall()
    tree: Node = json.loads(answer[0][0])
    return tree


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """A DuckDB with nothing in it, kept: to open one takes longer than to parse hundreds of statements."""
    return duckdb.connect(config={"threads": 1})


def walk(node: Any, *, within: bool = True) -> Iterator[Node]:
    """Every part of a tree; not those inside another SELECT unless `within`."""
    if isinstance(node, dict):
        if not within and node.get("type") in ("SELECT_NODE", "SET_OPERATION_NODE"):
            return
        yield node
        for value in node.values():
            yield from walk(value, within=within)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value, within=within)


def own(select: Node) -> Iterator[Node]:
    """What stands in one SELECT itself: not inside those within it."""
    for key, value in select.items():
        if key != "cte_map":
            yield from walk(value, within=False)


@cache
def unsteady() -> frozenset[str]:
    """Functions whose answer depends on more than their arguments, macros made of them too."""
    asked = (
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_name <> 'error'"
        " AND (stability <> 'CONSISTENT' OR regexp_matches(function_name,"
        " '^(read_|getenv|getvariable|current_setting|query|query_table|version$|currval|reservoir_)'))"
    )
    return _with_macros(_names(asked), reads_tables=True)


@cache
def aggregates() -> frozenset[str]:
    """Functions that add rows up, macros made of them too."""
    asked = "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = 'aggregate'"
    return _with_macros(_names(asked), reads_tables=False)


def _names(asked: str) -> frozenset[str]:
    with _parser().cursor() as connection:
        return frozenset(name for (name,) in connection.execute(asked).fetchall())


def _with_macros(names: frozenset[str], *, reads_tables: bool) -> frozenset[str]:
    """The names, and those of DuckDB's own macros that call them, or (if asked for) that read tables."""
    asked = (
        "SELECT lower(function_name), macro_definition FROM duckdb_functions() WHERE function_type = 'macro'"
    )
    with _parser().cursor() as connection:
        macros = connection.execute(asked).fetchall()
    found, known = set(names), 0
    while known != len(found):
        known = len(found)
        for name, text in macros:
            for called in CALLED.finditer(text or ""):
                is_clock = called["name"] is None and called["select"] is None and reads_tables
                if called["name"] in found or is_clock or (called["select"] and reads_tables):
                    found.add(name)
    return frozenset(found)
