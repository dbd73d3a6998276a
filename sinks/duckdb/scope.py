"""Some customers apart: a database in memory with all that is known of them, under the names of the store.

Decides which rows belong to them: those of everything that could belong together with them. Must never write
to the store.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import count

import duckdb

from schemas.catalogue import Catalogue
from schemas.columns import quote
from sinks.duckdb.database import SCHEMAS, Statements
from sinks.duckdb.slim import slim
from sinks.duckdb.sql import Script, script, scripts
from sinks.duckdb.views import in_order, models_of, statement_of, tables_in, views_of

CUSTOMERS = "customers"
CUSTOMER_ID = "customer_id"
SHARED = ("identity.kind", "profile.rule")  # of no customer
COMPUTED = "profile.computed"
WORD = re.compile(r"\w+")
_NUMBERS = count()


class Scope(Statements):
    """Touched customers on a connection of their own, for one thread."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
        """Holds nobody yet. `connection` is a new one to the store, and stands in the scope from now on."""
        super().__init__(connection)
        self.store = quote(str(self.value("SELECT current_database()")))
        self._name = f"scope_{next(_NUMBERS)}"
        self.run(f"ATTACH ':memory:' AS {self._name}")
        self.run(f"USE {self._name}")
        self._texts, self._models, self._tables = self._make(catalogue)
        self._needed: dict[str, Script] = {}
        self._has_loose = False  # whether events without an anchor belong to the customers at hand
        self._columns = self._columns_of()

    def take(self, most: int) -> bool:
        """Takes in touched customers, some `most` components of them; False if nobody is touched.

        The temporary tables `pending` (touched), `seen` (every node looked at) and `gone` (touched nodes that
        are none any more) say whom.
        """
        self.run(f"CREATE OR REPLACE TEMP TABLE pending AS FROM {self.store}.segment.touched")
        if not self.value("SELECT count(*) FROM pending"):
            return False
        self.run_script(script("steps", "scope_take").text.format(store=self.store), {"most": most})
        self._has_loose = bool(self.value("SELECT count(*) FROM loose"))
        return True

    def load(self, wanted: Mapping[str, Collection[str] | None]) -> None:
        """Makes relations, and what they rest on, of the customers at hand.

        `wanted` are columns by relation, None for all of them; each may have more.
        """
        self._needed = {**self._texts, CUSTOMERS: self._slim(wanted.get(CUSTOMERS))}
        needed = set(_reached(list(wanted), self._needed))
        self._needed = {name: self._needed[name] for name in in_order(self._needed) if name in needed}
        for name in sorted(needed & self._models):
            self._needed[name] = self._narrow(name, wanted.get(name, ()))
        for table in sorted(needed & self._tables - {*SHARED, "identity.node"}):
            self._load_table(table, self._words_beside(table))
        for name, view in self._needed.items():
            self._make_relation(name, view)

    def renew(self) -> None:
        """Makes traits and customers again, if they are there: traits of theirs were computed."""
        for name in ("traits", CUSTOMERS):
            if name in self._needed and "traits" in self._needed:
                self._make_relation(name, self._needed[name])

    def close(self) -> None:
        """Lets go of the memory."""
        self.run(f"USE {self.store}")
        self.run(f"DETACH {self._name}")
        self.connection.close()

    def _make(self, catalogue: Catalogue) -> tuple[dict[str, Script], frozenset[str], frozenset[str]]:
        tables = [table.name for table in scripts("tables")]
        tables += [event.table for event in catalogue.events.values()]
        for schema in sorted({*SCHEMAS, *(event.source.table_schema for event in catalogue.events.values())}):
            self.run(f"CREATE SCHEMA {schema}")
        for table in tables:
            self.run(f"CREATE TABLE {table} AS FROM {self.store}.{table} LIMIT 0")
        for macro in scripts("macros"):
            self.run(macro.text)
        for table in SHARED:
            self.run(f"INSERT INTO {table} FROM {self.store}.{table}")
        models = models_of(self, catalogue)
        return {**models, **views_of(catalogue)}, frozenset(models), frozenset(tables)

    def _columns_of(self) -> dict[str, list[str]]:
        rows = self.rows(
            "SELECT schema_name || '.' || table_name, list(column_name ORDER BY column_index)"
            " FROM duckdb_columns() WHERE database_name = ? GROUP BY ALL",
            [self._name],
        )
        return dict(rows)

    def _slim(self, columns: Collection[str] | None) -> Script:
        view = self._texts[CUSTOMERS]
        return Script(CUSTOMERS, slim(view, columns), view.doc, view.columns)

    def _narrow(self, name: str, wanted: Collection[str] | None) -> Script:
        """A model with those columns that are wanted, or that a relation that reads it may name.

        What is left out is not worked out: planning all the columns of orders takes longer than a few rows.
        """
        model = self._needed[name]
        if wanted is None:
            return model
        words = self._words_beside(name) | {CUSTOMER_ID, *wanted}
        kept = [column for column in model.columns if column in words]
        text = f"SELECT {', '.join(map(quote, kept))} FROM (\n{statement_of(model)}\n)"
        return Script(name, text, model.doc, {column: model.columns[column] for column in kept})

    def _words_beside(self, name: str) -> set[str]:
        """Whatever those say who read a relation: the names of its columns are among it."""
        readers = (view.text for view in self._needed.values() if name in tables_in(view.text))
        return {word for text in readers for word in WORD.findall(text)}

    def _load_table(self, table: str, words: Collection[str]) -> None:
        """The rows of the customers at hand, with those columns that anybody may name."""
        kept = [name for name in self._columns[table] if name in words or table == COMPUTED]
        columns = ", ".join(map(quote, kept))
        if table == COMPUTED:
            key = "SEMI JOIN (SELECT DISTINCT customer AS customer_id FROM identity.node) USING (customer_id)"
        else:
            key = "SEMI JOIN identity.node USING (node)"
        chosen = f"SELECT {columns} FROM {self.store}.{table}"
        text = f"{chosen} {key}"
        if self._has_loose and "landed_seq" in self._columns[table]:
            text += f" UNION ALL {chosen} SEMI JOIN loose USING (landed_seq)"
        self.run(f"CREATE OR REPLACE TABLE {table} AS {text}")

    def _make_relation(self, name: str, view: Script) -> None:
        self.run(f"CREATE OR REPLACE TABLE {name} AS {statement_of(view)}")


def _reached(wanted: list[str], texts: dict[str, Script]) -> Iterator[str]:
    """The relations and all that they read."""
    known: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in known:
            known.add(name)
            yield name
            if name in texts:
                wanted += sorted(tables_in(texts[name].text) - {name})
