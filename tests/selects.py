"""Random SELECTs about customers, careless and artful ones, and small worlds to ask them about.

Every column of every table is a small number, so that anything can be taken for anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

import duckdb
from hypothesis import strategies as st

TABLES = ("customers", "orders", "sessions")
COLUMNS = ("customer_id", "x", "y")
WORLDS = 5
JOINS = (
    "JOIN",
    "JOIN",
    "JOIN",
    "LEFT JOIN",
    "LEFT JOIN",
    "RIGHT JOIN",
    "FULL JOIN",
    "SEMI JOIN",
    "ANTI JOIN",
    ",",
)
Draw = st.DrawFn


@dataclass(frozen=True)
class Relation:
    """A relation of FROM, and its columns."""

    alias: str
    columns: tuple[str, ...]


def new_worlds() -> duckdb.DuckDBPyConnection:
    """Schemas world<n>, and in left<n> and right<n> what belongs to one half of the customers each.

    Rows of nobody are in the whole world alone.
    """
    connection = duckdb.connect(config={"threads": 1})
    chance = Random(7)
    for at in range(WORLDS):
        for half in ("world", "left", "right"):
            connection.execute(f"CREATE SCHEMA {half}{at}")
        for table in TABLES:
            rows = [
                (chance.choice((1, 2, 3, 4, None)), chance.choice((0, 1, 2, 3, None)), chance.randrange(4))
                for _ in range(chance.randrange(1, 8))
            ]
            values = ", ".join(str(row).replace("None", "NULL") for row in rows)
            connection.execute(
                f"CREATE TABLE world{at}.{table} AS FROM (VALUES {values}) v(customer_id, x, y)"
            )
            for half, of in (("left", "1, 2"), ("right", "3, 4")):
                connection.execute(
                    f"CREATE TABLE {half}{at}.{table} AS FROM world{at}.{table} WHERE customer_id IN ({of})"
                )
    return connection


@st.composite
def selects(draw: Draw) -> str:
    """A SELECT that gives customer_id."""
    return _Writing(draw).whole()


class _Writing:
    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.numbers = count()
        self.ctes: list[Relation] = []

    def one_of(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def chance(self, of: int) -> bool:
        return self.draw(st.integers(0, of - 1)) == of - 1

    def whole(self) -> str:
        head = ""
        for at in range(self.draw(st.sampled_from((0, 0, 1, 2)))):
            text, columns = self.query(1, ())
            name = self.one_of(f"w{at}", f"w{at}", f"w{at}", "orders")
            head += f"{', ' if head else 'WITH '}{name} AS ({text})"
            self.ctes.append(Relation(name, columns))
        text, _ = self.query(2, (), wanted="customer_id")
        return f"{head} {text}"

    def query(self, depth: int, outer: Sequence[Relation], wanted: str = "") -> tuple[str, tuple[str, ...]]:
        text, columns = self.select(depth, outer, wanted)
        if depth and self.chance(8):
            kind = self.one_of("UNION ALL", "UNION", "EXCEPT", "INTERSECT", "UNION ALL BY NAME", "EXCEPT ALL")
            other, others = self.select(depth - 1, outer, wanted)
            if len(others) == len(columns):
                text = f"({text}) {kind} ({other})"
                columns = tuple(dict.fromkeys((*columns, *others))) if "NAME" in kind else columns
        return text, columns

    def select(self, depth: int, outer: Sequence[Relation], wanted: str = "") -> tuple[str, tuple[str, ...]]:
        source, relations, seen = self.source(depth, outer)
        where = self.condition(depth, seen, outer)
        if outer and not self.chance(4):
            where = f"{where} AND {self.column(seen, 'customer_id')} = {self.column(outer, 'customer_id')}"
        tail = f" FROM {source} WHERE {where}"
        if self.chance(3):
            return self.grouped(tail, seen, wanted)
        return self.plain(tail, relations, seen, wanted)

    def source(self, depth: int, outer: Sequence[Relation]) -> tuple[str, list[Relation], list[Relation]]:
        """FROM; its relations, and those that can be named."""
        text, first = self.relation(depth, outer)
        relations, seen = [first], [first]
        for _ in range(self.draw(st.sampled_from((0, 0, 1, 1, 2)))):
            other, one = self.relation(depth, outer)
            join = self.one_of(*JOINS)
            if join == ",":
                text = f"{text} CROSS JOIN {other}"
            elif self.chance(2) and "customer_id" in one.columns:
                names = self.one_of("customer_id", "customer_id", "customer_id", "x")
                text = f"{text} {join} {other} USING ({names})"
            else:
                both = [*seen, one]
                on = f"{self.column(seen, 'customer_id')} = {self.column([one], 'customer_id')}"
                if self.chance(4):
                    on = self.condition(0, both, outer)
                if self.chance(4):
                    on = f"{on} {self.one_of('AND', 'AND', 'OR')} {self.condition(0, both, outer)}"
                text = f"{text} {join} {other} ON {on}"
            relations.append(one)
            if join not in ("SEMI JOIN", "ANTI JOIN"):
                seen.append(one)
        return text, relations, seen

    def relation(self, depth: int, outer: Sequence[Relation]) -> tuple[str, Relation]:
        alias = f"t{next(self.numbers)}"
        kind = self.draw(st.integers(0, 9))
        if kind < 3 and depth:
            text, columns = self.query(depth - 1, outer if self.chance(3) else ())
            return f"({text}) AS {alias}", Relation(alias, columns)
        if kind < 6 and self.ctes:
            cte = self.draw(st.sampled_from(self.ctes))
            return f"{cte.alias} AS {alias}", Relation(alias, cte.columns)
        if kind == 9 and self.chance(3):
            name = self.one_of("v", "v", "customer_id")
            text = self.one_of(f"(VALUES (1), (3)) {alias}({name})", f"unnest([1, 2]) {alias}({name})")
            return text, Relation(alias, (name,))
        if self.chance(12):
            return f"orders AS {alias}(x, customer_id)", Relation(alias, ("x", "customer_id", "y"))
        return f"{self.one_of(*TABLES)} AS {alias}", Relation(alias, COLUMNS)

    def column(self, relations: Sequence[Relation], wanted: str = "") -> str:
        holders = [one for one in relations if wanted in one.columns] or list(relations)
        one = self.draw(st.sampled_from(holders))
        name = wanted if wanted in one.columns and not self.chance(8) else self.one_of(*one.columns)
        return name if self.chance(6) else f"{one.alias}.{name}"

    def condition(self, depth: int, seen: Sequence[Relation], outer: Sequence[Relation]) -> str:
        kind = self.draw(st.integers(0, 11))
        if kind < 4 or not depth:
            sides = (*seen, *outer) if self.chance(4) else seen
            right = self.one_of("1", "2", self.column(sides, "customer_id"))
            return f"{self.column(sides)} {self.one_of('=', '<>', '>=', '=')} {right}"
        if kind == 4:
            joint = self.one_of("AND", "AND", "OR")
            return f"({self.condition(depth, seen, outer)} {joint} {self.condition(depth, seen, outer)})"
        if kind == 5:
            return f"NOT ({self.condition(depth - 1, seen, outer)})"
        around = [*seen, *outer] if self.chance(3) else list(seen)
        text, columns = self.query(depth - 1, around)
        if kind < 8:
            return f"{self.one_of('EXISTS', 'NOT EXISTS')} ({text})"
        if kind < 10:
            text, columns = self.query(depth - 1, (), wanted="only")
            return f"{self.column(seen, 'customer_id')} {self.one_of('IN', 'IN', 'NOT IN')} ({text})"
        name = columns[0]
        return f"{self.column(seen)} {self.one_of('=', '>=')} (SELECT max(s.{name}) FROM ({text}) AS s)"

    def plain(
        self, tail: str, relations: Sequence[Relation], seen: Sequence[Relation], wanted: str
    ) -> tuple[str, tuple[str, ...]]:
        if wanted != "only" and len(seen) == 1 and self.chance(5):
            return f"SELECT *{tail}", seen[0].columns
        columns = [
            (self.column(seen, "customer_id"), self.one_of("customer_id", "customer_id", "customer_id", "k"))
        ]
        if wanted == "customer_id":
            columns = [(columns[0][0], "customer_id")]
        if wanted != "only":
            for name in ("x", "y")[: self.draw(st.integers(0, 2))]:
                columns.append((self.extra(seen), name))
        if len(relations) > 1 and self.chance(6):
            columns[0] = (f"coalesce({self.column(seen, 'customer_id')}, {columns[0][0]})", columns[0][1])
        head, foot = "SELECT", ""
        if self.chance(6):
            head = "SELECT DISTINCT"
        elif self.chance(12):
            foot = " ORDER BY ALL LIMIT 2"
        elif self.chance(10):
            target = self.column(seen, "customer_id")
            head, foot = f"SELECT DISTINCT ON ({target})", " ORDER BY ALL"
        listed = ", ".join(f"{text} AS {name}" for text, name in columns)
        return f"{head} {listed}{tail}{foot}", tuple(name for _, name in columns)

    def extra(self, seen: Sequence[Relation]) -> str:
        if self.chance(4):
            over = self.column(seen, "customer_id")
            return f"{self.one_of('count(*)', 'sum(1)')} OVER (PARTITION BY {over})"
        return self.one_of(self.column(seen), self.column(seen, "customer_id"), "7")

    def grouped(self, tail: str, seen: Sequence[Relation], wanted: str) -> tuple[str, tuple[str, ...]]:
        key = self.column(seen, "customer_id")
        name = "customer_id" if wanted == "customer_id" else self.one_of("customer_id", "customer_id", "k")
        form = self.draw(st.integers(0, 9))
        more = f", max({self.column(seen)}) AS x, count(*) AS y" if wanted != "only" else ""
        names = (name, "x", "y") if more else (name,)
        by = key
        if form == 0:
            by = f"ROLLUP ({key}, {self.column(seen)})"
        elif form == 1:
            by = "ALL"
        elif form == 2:
            by = self.one_of("1", name)
        elif form == 3:
            by = f"GROUPING SETS (({key}), ({key}, {self.column(seen)}))"
        elif form == 4:
            key = f"min({key})"
        elif form == 5:
            return f"SELECT max({key}) AS {name}{more}{tail}", names
        return f"SELECT {key} AS {name}{more}{tail} GROUP BY {by}", names
