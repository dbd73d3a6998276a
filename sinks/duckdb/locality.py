"""Whether a SELECT can be answered for some customers alone: whether its answer about all customers is the
union of its answers about each.

Decides it by following customer_id from the relations to the result; what it cannot follow is not local. Must
never call local what is not: a segment would hold whom it should not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sinks.duckdb.frames import KEY, LOST, STRICT, UNJOINED, WEAK, Frame, Queries, Query, Wide
from sinks.duckdb.sources import conjuncts, read_from
from sinks.duckdb.tree import Node, aggregates, own, walk

NO_LOCAL_TABLE = "it uses {}, which is not looked through"
TAKES_SOME = "it takes some rows of all (LIMIT or DISTINCT ON)"
UNBOUND = "a subquery does not say of which customer (no customer_id = ... inside)"
NEGATED = (
    "NOT IN is true for nobody once one row has no customer_id; write NOT EXISTS (... customer_id = ...)"
)
ADRIFT = "the customer_id that it gives is not plainly that of the rows it reads"
OPAQUE = ("unnest", "struct_extract", "array_extract")  # as columns they may be named anything


def why_wide(select: Node, shared: frozenset[str]) -> str:
    """Why an answer for some customers alone could differ from theirs in the answer for all; empty if never.

    `shared` are relations that belong to no customer.
    """
    try:
        found = _Statement(shared).query(select, {}, None)
        if found.named.get(KEY, LOST) == LOST:
            raise Wide(ADRIFT)
    except Wide as wide:
        return str(wide)
    return ""


class _Statement:
    """The queries of one statement."""

    def __init__(self, shared: frozenset[str]) -> None:
        self._shared = shared

    def query(self, node: Node, queries: Queries, outer: Frame | None) -> Query:
        """What a query gives. Raises Wide. `outer`: the SELECT around it, of whose customer it may speak."""
        known = dict(queries)
        for entry in node.get("cte_map", {}).get("map", ()):
            made = self.query(entry["value"]["query"]["node"], known, None)
            known[entry["key"].lower()] = made.renamed(entry["value"].get("aliases") or ())
        if node["type"] == "SELECT_NODE":
            return self._select(node, known, outer)
        if node["type"] == "SET_OPERATION_NODE":
            return self._set(node, known, outer)
        raise Wide(NO_LOCAL_TABLE.format(node["type"].removesuffix("_NODE").replace("_", " ")))

    def _set(self, node: Node, queries: Queries, outer: Frame | None) -> Query:
        sides = node.get("children") or [node["left"], node["right"]]
        first, *rest = [self.query(side, queries, outer) for side in sides]
        for other in rest:
            first = self._pair(node, first, other)
        if not first.is_bound:
            for modifier in node.get("modifiers", ()):
                if modifier["type"].startswith("LIMIT") or modifier.get("distinct_on_targets"):
                    raise Wide(TAKES_SOME)
        return first

    def _pair(self, node: Node, left: Query, right: Query) -> Query:
        by_name = node["setop_type"] == "UNION_BY_NAME"
        named = _by_name(left, right) if by_name else {}
        listed = None
        if not by_name and left.listed is not None and right.listed is not None:
            listed = tuple(
                (name, min(grade, other))
                for (name, grade), (_, other) in zip(left.listed, right.listed, strict=False)
            )
            named = weakest(listed)
        if left.is_bound and right.is_bound:
            return Query(named, listed, left.is_constant and right.is_constant, is_bound=True)
        if left.is_constant or right.is_constant:
            raise Wide("it unites customers with rows that belong to no customer")
        is_plain = node["setop_type"] in ("UNION", "UNION_BY_NAME") and node.get("setop_all")
        if not is_plain and STRICT not in named.values():
            raise Wide("it compares rows of all customers (UNION, EXCEPT or INTERSECT without customer_id)")
        return Query(named, listed, is_constant=False, is_bound=False)

    def _select(self, node: Node, queries: Queries, outer: Frame | None) -> Query:
        frame = Frame(outer)
        source = node.get("from_table") or {"type": "EMPTY"}
        read_from(
            source, frame, lambda inner, around: self.query(inner, queries, around), queries, self._shared
        )
        frame.shadow(node["select_list"])
        frame.link(conjuncts(node.get("where_clause")))
        parts = frame.parts()
        if len(parts) > 1:
            raise Wide(UNJOINED)
        if node.get("sample"):
            raise Wide("it takes a sample")
        is_bound = not parts - {0}
        if not is_bound:
            frame.outer = None  # a column of the SELECT around says nothing of these rows
            _check_rows(node, frame)
        self._check_subqueries(node, queries, frame)
        found = _result(node, frame, is_constant=not parts, is_bound=is_bound)
        if not is_bound:
            _check_distinct(node, frame, found)
        return found

    def _check_subqueries(self, node: Node, queries: Queries, frame: Frame) -> None:
        plain = _filters(node)
        for part in own(node):
            if part.get("class") != "SUBQUERY":
                continue
            inner = part["subquery"]["node"]
            found = self.query(inner, queries, frame)
            if found.is_bound:
                continue
            if not _is_among(part, found, frame):
                raise Wide(UNBOUND)
            if id(part) not in plain:
                raise Wide(NEGATED)


def _is_among(part: Node, found: Query, frame: Frame) -> bool:
    """Whether a subquery asks if customer_id is among some customers."""
    is_in = part["subquery_type"] == "ANY" and part["comparison_type"] == "COMPARE_EQUAL"
    if not is_in or not found.listed or len(found.listed) != 1 or found.listed[0][1] == LOST:
        return False
    return frame.grade(part.get("child")) != LOST


def _filters(node: Node) -> set[int]:
    """The parts of a SELECT that rows must fulfil, alone or one of several: there null counts as false."""
    found = set()
    rest: list[Any] = [node.get("where_clause"), node.get("having"), node.get("qualify")]
    rest += [part.get("condition") for part in own(node) if part.get("type") == "JOIN"]
    while rest:
        part = rest.pop()
        if part and part.get("class") == "CONJUNCTION":
            rest += part["children"]
        elif part:
            found.add(id(part))
    return found


def _check_rows(node: Node, frame: Frame) -> None:
    """Rows of several customers must not be added up, ordered against each other, or chosen among."""
    for modifier in node.get("modifiers", ()):
        if modifier["type"].startswith("LIMIT"):
            raise Wide(TAKES_SOME)
    for part in own(node):
        if part.get("class") == "WINDOW" and not any(
            frame.grade(one) == STRICT for one in part.get("partitions", ())
        ):
            raise Wide(f"{part['function_name']}() OVER looks at all customers (no PARTITION BY customer_id)")
    groups, sets = node.get("group_expressions") or [], node.get("group_sets") or []
    by_all = node.get("aggregate_handling") == "FORCE_AGGREGATES"
    counts = [
        part["function_name"]
        for part in own(node)
        if part.get("class") == "FUNCTION" and part["function_name"].lower() in aggregates()
    ]
    if not (counts or groups or sets or by_all or node.get("having")):
        return
    keyed = {at for at, one in enumerate(groups) if frame.grade(_meant(one, node, frame)) == STRICT}
    is_keyed = bool(keyed) and all(keyed & set(members) for members in sets)
    if by_all:
        is_keyed = any(frame.grade(one) == STRICT for one in node["select_list"])
    if not is_keyed:
        what = f"{counts[0]}()" if counts else "GROUP BY"
        raise Wide(f"{what} adds up over all customers (no GROUP BY customer_id)")


def _check_distinct(node: Node, frame: Frame, found: Query) -> None:
    for modifier in node.get("modifiers", ()):
        if modifier["type"] != "DISTINCT_MODIFIER":
            continue
        targets = modifier.get("distinct_on_targets") or ()
        if targets and not any(frame.grade(_meant(one, node, frame)) == STRICT for one in targets):
            raise Wide(TAKES_SOME)
        if not targets and STRICT not in found.named.values():
            raise Wide("DISTINCT compares rows of all customers (customer_id is not among its columns)")


def _meant(expression: Node, select: Node, frame: Frame) -> Node:
    """An expression, or the column that its number or alias stands for."""
    columns: list[Node] = select["select_list"]
    if expression.get("class") == "CONSTANT":
        at = expression["value"].get("value")
        if isinstance(at, int) and not any(one.get("class") == "STAR" for one in columns):
            expression = columns[at - 1] if 0 < at <= len(columns) else expression
    names: list[str] = expression.get("column_names") or []
    if len(names) == 1 and not frame.is_open():
        aliased = [one for one in columns if (one.get("alias") or "").lower() == names[0].lower()]
        if len(aliased) == 1 and aliased[0].get("class") == "COLUMN_REF":
            return aliased[0]
    return expression


def _result(node: Node, frame: Frame, *, is_constant: bool, is_bound: bool) -> Query:
    """The columns that a SELECT gives."""
    listed: list[tuple[str, int]] = []
    is_listed, is_opaque = True, False
    for one in node["select_list"]:
        is_star = one.get("class") == "STAR" and not one.get("columns")
        if is_star and frame.has(one.get("relation_name")):
            starred = frame.starred(one)
            is_listed = is_listed and starred.listed is not None
            columns = list(starred.listed or starred.named.items())
        elif one.get("class") == "COLUMN_REF" or one.get("alias"):
            columns = [(one.get("alias") or one["column_names"][-1], frame.grade(one))]
        else:
            is_opaque = is_opaque or one.get("class") in ("STAR", "SUBQUERY")
            is_opaque = is_opaque or one.get("function_name") in OPAQUE
            columns = [("", LOST)]
            is_listed = is_listed and not is_opaque
        if _expands(one):
            is_opaque, is_listed = True, False
        listed += [(name.lower(), LOST if is_opaque else grade) for name, grade in columns]
    return Query(weakest(listed), tuple(listed) if is_listed else None, is_constant, is_bound)


def _expands(column: Node) -> bool:
    """Whether one column becomes several."""
    return any(
        (part.get("class") == "FUNCTION" and part["function_name"] == "unnest")
        or (part.get("class") == "STAR" and part.get("columns"))
        for part in walk(column, within=False)
    )


def weakest(listed: Any) -> dict[str, int]:
    """Grades by name; of columns of one name the least."""
    named = dict[str, int]()
    for name, grade in listed:
        named[name] = min(grade, named.get(name, grade))
    return named


def _by_name(left: Query, right: Query) -> Mapping[str, int]:
    """Columns united by name: one that a side lacks is null there."""
    named = {}
    for name in {*left.named, *right.named}:
        grades = [side.named.get(name, WEAK if side.listed is not None else LOST) for side in (left, right)]
        named[name] = min(grades)
    return named
