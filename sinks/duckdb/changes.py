"""What a landing changed about who belongs together: kept before, compared after.

Decides what counts as a change: the customer of an identifier, the outcome of an edge. Must never cause one.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sinks.duckdb.customer import Row, rows
from sinks.duckdb.database import Database
from sinks.duckdb.sql import script


@dataclass(frozen=True)
class Changes:
    """Differences to what was remembered.

    `nodes` are all identifiers of every customer that changed: kind, value, before, after (customers; None
    where it joins nobody). `edges`: kind_a, value_a, kind_b, value_b, before, after (outcomes or None).
    """

    nodes: list[Row]
    edges: list[Row]

    def customers(self, when: str) -> dict[UUID, list[Row]]:
        """The customers that changed, `before` or `after`, with their identifiers, strongest first."""
        found: dict[UUID, list[Row]] = {}
        for row in self.nodes:
            if row[when]:
                found.setdefault(row[when], []).append(row)
        return found


def remember(database: Database) -> None:
    """Keeps who belongs together now, in the memory of this connection."""
    database.run_script(script("queries", "remember").text)


def changes(database: Database) -> Changes:
    """What differs from what was remembered."""
    connection = database.connection
    return Changes(rows(connection, "changed_nodes"), rows(connection, "changed_edges"))
