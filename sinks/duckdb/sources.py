"""What a SELECT reads, and in which of its columns customer_id stands.

Decides which relations are joined customer by customer. Must never take a column for customer_id that may
hold something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from sinks.duckdb.tree import Node, walk

KEY = "customer_id"
LOST, WEAK, STRICT = 0, 1, 2  # no customer_id; the row's customer or null; the row's customer
UNJOINED = "it joins customers with each other, or with something by another key than customer_id"
Queries = Mapping[str, "Query"]
Read = Callable[[Node, "Frame | None"], "Query"]
Pair = tuple["Relation | None", "Relation | None"]
_PARTS = count(1)  # numbers of what is joined; 0 is the customer of the SELECT around


class Wide(Exception):
    """A statement that cannot be answered for some customers alone; the text says why."""


class Query(NamedTuple):
    """What a query gives: grades of its columns by name, and in order if they are all known.

    `is_constant`: it reads no customers. `is_bound`: it reads those of one customer, named outside, or none.
    """

    named: Mapping[str, int]
    listed: tuple[tuple[str, int], ...] | None
    is_constant: bool
    is_bound: bool

    def renamed(self, names: Sequence[str]) -> Query:
        """The same with other names for its first columns."""
        if not names:
            return self
        if self.listed is None:
            return self._replace(named={name.lower(): LOST for name in names})
        news = [name.lower() for name in names][: len(self.listed)]
        kept = self.listed[len(news) :]
        listed = (*((name, grade) for name, (_, grade) in zip(news, self.listed, strict=False)), *kept)
        named = dict[str, int]()
        for name, grade in listed:
            named[name] = min(grade, named.get(name, grade))
        return self._replace(named=named, listed=listed)


@dataclass(eq=False)
class Relation:
    """A relation of FROM. `part`: which others it is joined with; None if it belongs to no customer."""

    alias: str
    named: dict[str, int]
    listed: tuple[tuple[str, int], ...] | None
    part: int | None

    def weaken(self) -> None:
        """Its rows may be missing: an outer join."""
        self.named = {name: min(grade, WEAK) for name, grade in self.named.items()}
        self.listed = None


@dataclass(eq=False)
class Frame:
    """The relations of one SELECT, and those of the SELECT around it that speak of the same customer."""

    outer: Frame | None
    relations: list[Relation] = field(default_factory=list)
    using: dict[str, tuple[int, Relation]] = field(default_factory=dict)
    shadowed: set[str] = field(default_factory=set)

    def resolve(self, column: Any) -> tuple[int, Relation | None]:
        """Grade and relation of a column that stands here; relation None if it is of a SELECT around."""
        if found := self.resolve_here(column):
            return found
        if self.outer and not self._may_hold(column):
            return self.outer.resolve(column)[0], None
        return LOST, None

    def resolve_here(self, column: Any) -> tuple[int, Relation | None] | None:
        """The same of this SELECT alone; None if the column is not of it."""
        names = [name.lower() for name in column["column_names"]]
        if len(names) == 1:
            if names[0] in self.shadowed:
                return LOST, None
            if names[0] in self.using:
                return self.using[names[0]]
            holders = [one for one in self.relations if names[0] in one.named]
        else:
            holders = [one for one in self.relations if one.alias == names[0]]
        if not holders:
            return None
        if len(holders) > 1 or len(names) > 2:
            return LOST, None
        return holders[0].named.get(names[-1], LOST), holders[0]

    def grade(self, expression: Any) -> int:
        """How far an expression is customer_id."""
        kind = (expression or {}).get("type")
        if kind == "COLUMN_REF":
            return self.resolve(expression)[0]
        if kind == "OPERATOR_COALESCE":
            grades = [self.grade(one) for one in expression["children"]]
            return LOST if LOST in grades else max(grades)
        return LOST

    def link(self, equations: Sequence[Node]) -> None:
        """Joins what equations of customer_id join."""
        for one in equations:
            pair = self.pair(one)
            if pair:
                self.join(*pair)

    def pair(self, one: Node) -> Pair | None:
        """The relations between which an equation of customer_id stands."""
        if one.get("type") != "COMPARE_EQUAL" or one.get("class") != "COMPARISON":
            return None
        sides = (one["left"], one["right"])
        if any(side.get("class") != "COLUMN_REF" for side in sides):
            return None
        (grade, left), (other, right) = (self.resolve(side) for side in sides)
        return (left, right) if LOST not in (grade, other) else None

    def join(self, left: Relation | None, right: Relation | None) -> None:
        """Has two relations, or one and the SELECT around (None), belong to one customer."""
        parts = {one.part if one else 0 for one in (left, right)} - {None}
        if len(parts) == 2:
            least = min(part for part in parts if part is not None)
            for one in self.relations:
                if one.part in parts:
                    one.part = least

    def parts(self) -> set[int]:
        """What is not joined with each other."""
        return {one.part for one in self.relations if one.part is not None}

    def shadow(self, columns: Sequence[Node]) -> None:
        """Columns of the result may hide those read."""
        self.shadowed = {
            one["alias"].lower() for one in columns if one.get("alias") and self.grade(one) == LOST
        }

    def is_open(self) -> bool:
        """Whether a relation here may have columns that are not known by name."""
        return any(one.listed is None for one in self.relations)

    def has(self, alias: str | None) -> bool:
        """Whether there is a relation of this name; of none: whether there are any."""
        return not alias or any(one.alias == alias.lower() for one in self.relations)

    def starred(self, star: Node) -> Query:
        """The columns that * stands for."""
        alias = (star.get("relation_name") or "").lower()
        chosen = [one for one in self.relations if alias in ("", one.alias)]
        named = dict[str, int]()
        for name, grade in (pair for one in chosen for pair in one.named.items()):
            named[name] = min(grade, named.get(name, grade))
        if not alias:
            named |= {name: grade for name, (grade, _) in self.using.items()}
        lost = [*_texts(star.get("exclude_list")), *_texts(star.get("qualified_exclude_list"))]
        lost += [*_texts(star.get("replace_list")), *_texts(star.get("rename_list"))]
        is_whole = len(chosen) == 1 and not lost and not self.using
        listed = chosen[0].listed if is_whole else None
        return Query(named | dict.fromkeys(lost, LOST), listed, is_constant=False, is_bound=False)

    def _may_hold(self, column: Any) -> bool:
        """Whether a relation here may have a column that is not known by name."""
        names = [name.lower() for name in column["column_names"]]
        return any(names[0] in one.named or (one.listed is None and names[0] != KEY and len(names) == 1)
                   for one in self.relations)  # fmt: skip


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
            raise Wide(f"it reads {node['table_name'].lower()}, which belongs to no customer")
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


def _texts(entries: Any) -> Iterator[str]:
    """The names of columns in a list of a star, however they are written."""
    for entry in entries or ():
        if isinstance(entry, str):
            yield entry.lower()
        elif isinstance(entry, dict):
            key = entry.get("key", entry)
            yield str(key.get("column", "") if isinstance(key, dict) else key).lower()
