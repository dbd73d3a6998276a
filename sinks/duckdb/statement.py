"""A SELECT that a company wrote, taken apart by DuckDB's own parser, without running it.

Decides what it reads, which columns it names, and what no definition may say. Must never run it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from schemas.catalogue import ContractError
from sinks.duckdb.locality import why_wide
from sinks.duckdb.tree import Node, parsed, unsteady, walk

CLOCKS = frozenset(
    ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "get_current_time")
)
TABLE_FUNCTIONS = frozenset(("unnest", "range", "generate_series"))
UNORDERED = frozenset(("first", "last", "any_value", "arbitrary"))
NOW = "now"


class Statement(NamedTuple):
    """What a SELECT says. `wide`: why it cannot be answered for some customers alone; empty if it can."""

    tables: frozenset[str]
    columns: frozenset[str] | None  # names of columns and of fields in them; None if it takes them all
    uses_now: bool
    wide: str


@lru_cache(1024)
def examine(file: Path, text: str, shared: frozenset[str]) -> Statement:
    """Takes a SELECT apart. `shared` are relations that belong to no customer. Raises ContractError."""
    tree = _parsed(file, text)
    _check_functions(file, tree)
    _check_shape(file, tree)
    nodes = list(walk(tree))
    called = _names_of(nodes)
    paths = [[part.lower() for part in node["column_names"]] for node in nodes if "column_names" in node]
    named = {part for path in paths for part in (path[1:] if path[0] in called else path)}
    named |= {name.lower() for node in nodes for name in node.get("using_columns", ())}
    uses_now = any(node.get("class") == "PARAMETER" for node in nodes)
    columns = None if _takes_all(nodes) else frozenset(named)
    return Statement(frozenset(_reads(tree, frozenset())), columns, uses_now, why_wide(tree["node"], shared))


def _parsed(file: Path, text: str) -> Node:
    found = parsed(text)
    if found["error"]:
        if found["error_type"] == "not implemented":
            raise ContractError(file, "", "is no SELECT; write one, it may only read")
        raise ContractError(file, "", f"is no SQL: {found['error_message']}")
    if len(found["statements"]) != 1:
        raise ContractError(file, "", f"holds {len(found['statements'])} statements; write one SELECT")
    tree: Node = found["statements"][0]
    for node in walk(tree):
        if node.get("class") == "PARAMETER" and node["identifier"] != NOW:
            raise ContractError(
                file, f"${node['identifier']}", "is no parameter that anybody fills; only $now is"
            )
    return tree


def _check_functions(file: Path, tree: Node) -> None:
    """Refuses what reads a clock, draws at random, or reaches beyond the store."""
    for node in walk(tree):
        if node.get("class") == "COLUMN_REF" and node["column_names"][0].lower() in CLOCKS:
            raise ContractError(file, node["column_names"][0], "reads a clock; use $now")
        if node.get("type") == "TABLE_FUNCTION" and (
            node["function"]["function_name"].lower() not in TABLE_FUNCTIONS
        ):
            name = node["function"]["function_name"]
            raise ContractError(file, name, "reads something else than the store; ask its views alone")
        if node.get("class") in ("FUNCTION", "WINDOW"):
            _check_function(file, node)


def _check_function(file: Path, node: Node) -> None:
    name = node["function_name"].lower()
    if name == "age" and len(node["children"]) == 1:
        raise ContractError(file, name, "reads a clock if it is given one time; write age($now, ...)")
    if name in unsteady():
        is_clock = "time" in name or name in ("now", "today", "current_date", "ago")
        mend = "use $now" if is_clock else "the same events must always give the same answer"
        raise ContractError(file, name, f"is not allowed: {mend}")
    if node["class"] == "FUNCTION" and name in UNORDERED and not (node.get("order_bys") or {}).get("orders"):
        raise ContractError(file, name, "takes any row, another one each time; write min, max or arg_max")


def _check_shape(file: Path, tree: Node) -> None:
    """Refuses what rests on the order or number of columns or rows."""
    for node in walk(tree):
        if node.get("type") == "SHOW_REF":
            raise ContractError(file, node["show_type"].lower(), "tells of no customers; write a SELECT")
        if node.get("class") == "POSITIONAL_REFERENCE":
            raise ContractError(file, f"#{node['index']}", "counts columns; name the column")
        if node.get("ref_type") == "NATURAL":
            raise ContractError(file, "natural join", "joins what is named alike; write USING (customer_id)")
        if node.get("sample"):
            raise ContractError(
                file, "sample", "is not allowed: the same events must always give the same answer"
            )


def _takes_all(nodes: list[Node]) -> bool:
    """Whether columns are meant that are not named: by *, by a whole row, or by their places."""
    rows = _names_of(nodes)
    return (
        any(node.get("class") == "STAR" for node in nodes)
        or any(node.get("type") == "BASE_TABLE" and node["column_name_alias"] for node in nodes)
        or any(node["column_names"][-1].lower() in rows for node in nodes if "column_names" in node)
    )


def _names_of(nodes: list[Node]) -> set[str]:
    """What relations are called: where a column could stand, such a name is the whole row."""
    relations = [node for node in nodes if "column_name_alias" in node]
    return {str(node.get(key) or "").lower() for node in relations for key in ("alias", "table_name")} - {""}


def _reads(node: Any, known: frozenset[str]) -> Iterator[str]:
    """The tables that a part of a statement reads; `known` are the names of its WITH clauses."""
    if isinstance(node, list):
        for part in node:
            yield from _reads(part, known)
    if not isinstance(node, dict):
        return
    for entry in node.get("cte_map", {}).get("map", ()):
        name, query = entry["key"].lower(), entry["value"]["query"]["node"]
        itself = {name} if query["type"] == "RECURSIVE_CTE_NODE" else ()
        yield from _reads(query, known.union(itself))
        known = known | {name}
    if node.get("type") == "BASE_TABLE":
        parts = [node[part] for part in ("catalog_name", "schema_name", "table_name") if node.get(part)]
        if len(parts) > 1 or parts[0].lower() not in known:
            yield ".".join(parts).lower()
    for key, value in node.items():
        if key != "cte_map":
            yield from _reads(value, known)
