"""What a SELECT reads: its FROM, relation by relation.

Decides which relations are joined customer by customer. Must never take rows for those of one customer where
an outer join, or a join by something else, may bring others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

from sinks.duckdb.frames import KEY, LOST, STRICT, UNJOINED, WEAK, Frame, Pair, Queries, Query, Relation, Wide
from sinks.duckdb.tree import Node, walk

Read = Callable[[Node, Frame | None], Query]
_PARTS = count(1)  # numbers of what is joined; 0 is the customer of the SELECT around


def read_from(node: Node, frame: Frame, read: Read, queries: Queries, shared: frozenset[str]) -> None:
    """Puts what FROM names into a frame. Raises Wide."""
    _Reading(frame.outer, read, queries, shared).into(frame, node)


def conjuncts(condition: Any) -> list[Node]:
    """What must hold all together."""
    if not condition:
        return []
    if condition.get("type") == "CONJUNCTION_AND":
        return [one for part in condition["children"] for one in conjuncts(part)]
    return [condition]


class _Reading(NamedTuple):
    outer: Frame | None
    read: Read
    queries: Queries
    shared: frozenset[str]

    def into(self, frame: Frame, node: Node) -> None:
        """Adds what a part of FROM gives."""
        if node.get("sample"):
            raise Wide("it takes a sample")
        if node["type"] == "EMPTY":
            return
        if node["type"] == "JOIN":
            self._join(frame, node)
        elif node["type"] in ("TABLE_FUNCTION", "EXPRESSION_LIST"):
            frame.relations.append(_unfolded(node))
        else:
            frame.relations.append(self._relation(node))

    def _relation(self, node: Node) -> Relation:
        names = node.get("column_name_alias") or ()
        if node["type"] == "SUBQUERY":
            found = self.read(node["subquery"]["node"], self.outer)
        elif node["type"] != "BASE_TABLE":
            raise Wide(f"it uses {node['type']}")
        elif not node.get("schema_name") and node["table_name"].lower() in self.queries:
            found = self.queries[node["table_name"].lower()]
        elif node["table_name"].lower() in self.shared:
            raise Wide(
                f"it reads {node['table_name'].lower()}, which is not made of one customer's events alone"
            )
        else:
            found = Query({KEY: STRICT}, None, is_constant=False, is_bound=False)
        alias = (node.get("alias") or node.get("table_name") or "").lower()
        return as_relation(found.renamed(names), alias)

    def _join(self, frame: Frame, node: Node) -> None:
        if node["ref_type"] in ("POSITIONAL", "NATURAL"):
            raise Wide(f"it has a {node['ref_type'].lower()} join; name what joins: USING (customer_id)")
        left, right = Frame(self.outer), Frame(self.outer)
        self.into(left, node["left"])
        self.into(right, node["right"])
        frame.relations += [*left.relations, *right.relations]
        frame.using |= {**right.using, **left.using}
        pairs = list(_using_pairs(left, right, node))
        pairs += [pair for one in conjuncts(node.get("condition")) if (pair := frame.pair(one))]
        if node["join_type"] != "INNER" or node["ref_type"] == "ASOF":
            pairs = _across(left, right, pairs)
            _check_outer(left.parts(), right.parts(), node, pairs)
        for pair in pairs:
            frame.join(*pair)
        self._settle(frame, left, right, node)

    def _settle(self, frame: Frame, left: Frame, right: Frame, node: Node) -> None:
        """Says what an outer join leaves null, what it does not show, and what USING merges."""
        kind = node["join_type"]
        grades = {
            name.lower(): _merged(kind, *(_grade_of(side, name) for side in (left, right)))
            for name in node.get("using_columns", ())
        }
        if kind in ("RIGHT", "FULL", "OUTER"):
            _weaken(frame, left)
        if kind in ("LEFT", "FULL", "OUTER"):
            _weaken(frame, right)
        if kind in ("SEMI", "ANTI"):
            frame.relations = list(left.relations)
            frame.using = dict(left.using)
        for name, grade in grades.items():
            holder = next((one for one in frame.relations if name in one.named), None)
            if holder:
                frame.using[name] = (grade, holder)


def _unfolded(node: Node) -> Relation:
    """VALUES, or a list that becomes rows."""
    function = node.get("function") or {}
    if any(part.get("class") == "SUBQUERY" for part in walk(node)):
        raise Wide("it unfolds a subquery")
    if function.get("function_name") == "unnest" and len(function["children"]) > 1:
        raise Wide("it unfolds lists into columns that are not named")
    alias = (node.get("alias") or "").lower()
    names = [f"col{at}" for at in range(len((node.get("values") or [[]])[0]))] or [alias]
    for at, name in enumerate(node.get("column_name_alias") or ()):
        names[at : at + 1] = [name.lower()]
    listed = tuple((name, LOST) for name in names)
    return Relation(alias, dict(listed), listed, None)


def as_relation(found: Query, alias: str) -> Relation:
    """A query as a relation of FROM."""
    part = None if found.is_constant else 0 if found.is_bound else next(_PARTS)
    return Relation(alias, dict(found.named), found.listed, part)


def _across(left: Frame, right: Frame, pairs: Sequence[Pair]) -> list[Pair]:
    """Those equations that stand between both sides: the others choose no partners."""
    here, there = ({id(one) for one in side.relations} for side in (left, right))
    return [
        pair for pair in pairs
        if {id(one) for one in pair} & here and {id(one) for one in pair} & there
    ]  # fmt: skip


def _check_outer(here: set[int], there: set[int], node: Node, across: Sequence[Pair]) -> None:
    """Rows that find no partner must find none among all customers either."""
    keeps_left = node["join_type"] in ("LEFT", "SEMI", "ANTI")
    if not there and (not here or keeps_left or node["join_type"] == "INNER"):
        return
    is_one = len(here) == len(there) == 1 and (across or here == there == {0})
    if not is_one or (0 in here | there and here != there and not (keeps_left and here == {0})):
        raise Wide(UNJOINED)


def _using_pairs(left: Frame, right: Frame, node: Node) -> Iterator[Pair]:
    for name in node.get("using_columns", ()):
        column = {"column_names": [name]}
        sides = [side.resolve_here(column) or (LOST, None) for side in (left, right)]
        if all(grade != LOST for grade, _ in sides):
            yield sides[0][1], sides[1][1]


def _grade_of(side: Frame, name: str) -> int:
    return (side.resolve_here({"column_names": [name]}) or (LOST, None))[0]


def _merged(kind: str, left: int, right: int) -> int:
    """How far a column that USING merges is customer_id."""
    if LOST in (left, right):
        return LOST
    if kind == "INNER":
        return max(left, right)
    if kind == "RIGHT":
        return right
    return min(left, right) if kind in ("FULL", "OUTER") else left


def _weaken(frame: Frame, side: Frame) -> None:
    for one in side.relations:
        one.weaken()
    for name, (grade, holder) in frame.using.items():
        if any(holder is one for one in side.relations):
            frame.using[name] = (min(grade, WEAK), holder)
