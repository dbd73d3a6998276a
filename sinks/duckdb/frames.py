"""Where customer_id stands in the relations of one SELECT, and which of them are joined by it.

Decides whether a column is the customer of its row. Must never take a column for customer_id that may hold
something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sinks.duckdb.tree import Node

KEY = "customer_id"
LOST, WEAK, STRICT = 0, 1, 2  # no customer_id; the row's customer or null; the row's customer
UNJOINED = "it joins customers with each other, or with something by another key than customer_id"
Queries = Mapping[str, "Query"]
Pair = tuple["Relation | None", "Relation | None"]


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


def _texts(entries: Any) -> Iterator[str]:
    """The names of columns in a list of a star, however they are written."""
    for entry in entries or ():
        if isinstance(entry, str):
            yield entry.lower()
        elif isinstance(entry, dict):
            key = entry.get("key", entry)
            yield str(key.get("column", "") if isinstance(key, dict) else key).lower()
