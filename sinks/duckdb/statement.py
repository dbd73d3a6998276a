"""A SELECT that a company wrote, taken apart by DuckDB's own parser, without running it.

Decides what it reads, which columns it names, and whether it can be answered for some customers alone. Must
never run it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from schemas.catalogue import ContractError

Node = dict[str, Any]
CLOCKS = frozenset(
    ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "get_current_time")
)
TABLE_FUNCTIONS = frozenset(("unnest", "range", "generate_series"))
KEYS = frozenset(("customer_id", "order_id", "conversation_id", "session_id"))  # of one customer's things
NOW = "now"
TAKES_SOME = "it takes some rows of all (LIMIT or DISTINCT ON)"


class Statement(NamedTuple):
    """What a SELECT says. `wide`: why it cannot be answered for some customers alone; empty if it can."""

    tables: frozenset[str]
    columns: frozenset[str] | None  # names of columns and of fields in them; None if it takes them all
    uses_now: bool
    wide: str


def examine(file: Path, text: str, shared: frozenset[str]) -> Statement:
    """Takes a SELECT apart. `shared` are relations that belong to no customer. Raises ContractError."""
    tree = _parsed(file, text)
    _check_functions(file, tree)
    nodes = list(_walk(tree))
    made = {entry["key"].lower() for node in nodes for entry in node.get("cte_map", {}).get("map", ())}
    tables = frozenset(
        ".".join(part for part in (node["schema_name"], node["table_name"]) if part).lower()
        for node in nodes
        if node.get("type") == "BASE_TABLE"
    )
    called = _names_of(nodes)
    paths = [[part.lower() for part in node["column_names"]] for node in nodes if "column_names" in node]
    named = {part for path in paths for part in (path[1:] if path[0] in called else path)}
    named |= {name.lower() for node in nodes for name in node.get("using_columns", ())}
    takes_all = any(_takes_all(node) for node in nodes) or any(path[-1] in called for path in paths)
    uses_now = any(node.get("class") == "PARAMETER" for node in nodes)
    return Statement(
        tables - made, None if takes_all else frozenset(named), uses_now, _why_wide(tree, shared)
    )


def _takes_all(node: Node) -> bool:
    """Whether a part of a SELECT goes by all columns of what it reads, though it does not name them."""
    return (
        node.get("class") == "STAR"
        or node.get("ref_type") == "NATURAL"
        or node.get("type") in ("PIVOT", "SHOW_REF")
    )


def _names_of(nodes: list[Node]) -> set[str]:
    """What relations are called: where a column could stand, such a name is the whole row."""
    relations = [node for node in nodes if _is_relation(node)]
    return {str(node.get(key, "")).lower() for node in relations for key in ("alias", "table_name")}


def _parsed(file: Path, text: str) -> Node:
    with duckdb.connect() as connection:
        answer = connection.execute("SELECT json_serialize_sql($text)", {"text": text}).fetchall()
    found = json.loads(answer[0][0])
    if found["error"]:
        if found["error_type"] == "not implemented":
            raise ContractError(file, "", "is no SELECT; write one, it may only read")
        raise ContractError(file, "", f"is no SQL: {found['error_message']}")
    if len(found["statements"]) != 1:
        raise ContractError(file, "", f"holds {len(found['statements'])} statements; write one SELECT")
    tree: Node = found["statements"][0]
    for node in _walk(tree):
        if node.get("class") == "PARAMETER" and node["identifier"] != NOW:
            raise ContractError(
                file, f"${node['identifier']}", "is no parameter that anybody fills; only $now is"
            )
    return tree


def _check_functions(file: Path, tree: Node) -> None:
    """Refuses what reads a clock, draws at random, or reaches beyond the store."""
    for node in _walk(tree):
        if node.get("class") == "COLUMN_REF" and node["column_names"][0].lower() in CLOCKS:
            raise ContractError(file, node["column_names"][0], "reads a clock; use $now")
        if node.get("type") == "TABLE_FUNCTION" and (
            node["function"]["function_name"].lower() not in TABLE_FUNCTIONS
        ):
            name = node["function"]["function_name"]
            raise ContractError(file, name, "reads something else than the store; ask its views alone")
        if node.get("class") == "FUNCTION" and (name := node["function_name"].lower()) in _unsteady():
            mend = "use $now" if name in _clocks() else "the same events must always give the same answer"
            raise ContractError(file, name, f"is not allowed: {mend}")


@cache
def _unsteady() -> frozenset[str]:
    """Functions whose answer depends on more than their arguments."""
    asked = (
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE stability <> 'CONSISTENT'"
        " OR regexp_matches(function_name, '^(read_|getenv|getvariable|current_setting|query|query_table)')"
    )
    with duckdb.connect() as connection:
        return frozenset(name for (name,) in connection.execute(asked).fetchall())


@cache
def _clocks() -> frozenset[str]:
    return frozenset(
        name for name in _unsteady() if "time" in name or name in ("now", "today", "current_date")
    )


@cache
def _aggregates() -> frozenset[str]:
    asked = "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type = 'aggregate'"
    with duckdb.connect() as connection:
        return frozenset(name for (name,) in connection.execute(asked).fetchall())


def _why_wide(tree: Node, shared: frozenset[str]) -> str:
    """Why an answer for some customers alone could differ from theirs in the answer for all."""
    for node in _walk(tree):
        if node.get("type") == "SET_OPERATION_NODE" and _takes_some(node):
            return TAKES_SOME
        if node.get("type") == "SELECT_NODE" and (why := _wide(node, shared)):
            return why
    return ""


def _wide(select: Node, shared: frozenset[str]) -> str:
    own = list(_own(select))
    relations = [node for node in own if _is_relation(node)]
    names = {str(node.get("table_name", "")).lower() for node in relations}
    if known := sorted(names & shared):
        return f"it reads {known[0]}, which belongs to no customer"
    links = _links(own)
    if len(relations) > links + 1:
        return "it joins customers with each other, or with something by another key than customer_id"
    if select.get("sample"):
        return "it takes a sample"
    if links >= max(len(relations), 1):  # bound to one customer of the statement around it
        return _wide_subquery(own)
    if _takes_some(select):
        return TAKES_SOME
    for node in own:
        if node.get("class") == "WINDOW" and not _names_key(node["partitions"]):
            return f"{node['function_name']}() OVER looks at all customers (no PARTITION BY customer_id)"
    return _wide_group(select, own) or _wide_subquery(own)


def _is_relation(node: Node) -> bool:
    """Whether a part of FROM is a table or a SELECT."""
    is_select = node.get("type") == "SUBQUERY" and "subquery_type" not in node
    return node.get("type") == "BASE_TABLE" or is_select


def _takes_some(node: Node) -> bool:
    """Whether rows are chosen among all of them."""
    for modifier in node.get("modifiers", ()):
        if modifier["type"].startswith("LIMIT"):
            return True
        targets = modifier.get("distinct_on_targets")
        if targets and not _names_key(targets):
            return True
    return False


def _wide_group(select: Node, own: list[Node]) -> str:
    groups = select.get("group_expressions") or []
    counts = [
        node["function_name"]
        for node in own
        if node.get("class") == "FUNCTION" and node["function_name"] in _aggregates()
    ]
    by_all = select.get("aggregate_handling") == "FORCE_AGGREGATES"
    keyed = _names_key(groups) or (by_all and _names_key(select.get("select_list", ())))
    if (counts or groups or by_all) and not keyed:
        what = f"{counts[0]}()" if counts else "GROUP BY"
        return f"{what} adds up over all customers (no GROUP BY customer_id)"
    return ""


def _wide_subquery(own: list[Node]) -> str:
    """A subquery must speak of the same customer: by an equation inside, or as customer_id IN (...)."""
    for node in own:
        if node.get("class") != "SUBQUERY":
            continue
        select = node["subquery"]["node"]
        inner = list(_own(select))
        relations = [part for part in inner if _is_relation(part)]
        first = (select.get("select_list") or [{}])[:1]
        is_among = node["subquery_type"] == "ANY" and _names_key([node["child"]])
        if is_among and (_names_key(first) or first[0].get("class") == "STAR"):
            continue
        if _links(inner) < len(relations):
            return "a subquery does not say of which customer (no customer_id = ... inside)"
    return ""


def _links(own: list[Node]) -> int:
    """Equations between keys of one customer's things, and joins over them."""
    equations = sum(
        1
        for node in own
        if node.get("type") == "COMPARE_EQUAL"
        and node.get("class") == "COMPARISON"
        and _names_key([node["left"]])
        and _names_key([node["right"]])
    )
    joins = sum(
        1
        for node in own
        if node.get("type") == "JOIN"
        and (
            any(name.lower() in KEYS for name in node.get("using_columns", ()))
            or node.get("ref_type") == "NATURAL"
            or node["right"].get("type") == "TABLE_FUNCTION"  # unnest of a row's own list
        )
    )
    return equations + joins


def _names_key(expressions: Any) -> bool:
    return any(
        node.get("class") == "COLUMN_REF" and node["column_names"][-1].lower() in KEYS for node in expressions
    )


def _own(select: Node) -> Iterator[Node]:
    """What stands in one SELECT itself: not inside those within it."""
    for key, value in select.items():
        if key != "cte_map":
            yield from _walk(value, within=False)


def _walk(node: Any, *, within: bool = True) -> Iterator[Node]:
    if isinstance(node, dict):
        if not within and node.get("type") == "SELECT_NODE":
            return
        yield node
        for value in node.values():
            yield from _walk(value, within=within)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value, within=within)
