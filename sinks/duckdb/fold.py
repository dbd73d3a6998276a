"""The fold: facts of events into node state, and out of it again.

Decides nothing of its own: it runs the rules (streams/rules/*.sql) in their order, over the batch or over
all events that mention some nodes. Must never change what is primary.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from schemas.catalogue import Catalogue, EventType
from schemas.columns import loosened
from sinks.duckdb.database import Database
from sinks.duckdb.stage import Arrival, Stage, staged_name
from streams.core.facts import facts_of
from streams.core.identify import Naming, identify
from streams.core.reproject import reproject
from streams.rules import rule

BLOCK = "own/rundum/identifier_blocked"
CONSTRAINT = "own/rundum/identity_constrained"
FACTS = {"trait_fact": "trait", "measure_fact": "measure", "consent_fact": "consent"}


def naming_of(database: Database, catalogue: Catalogue) -> Naming:
    """What identifying needs: the secret, and who is blocked as of now."""
    blocked = database.rows("SELECT node FROM identity.block WHERE blocked")
    secret = bytes.fromhex(database.meta("secret") or "")
    return Naming(catalogue, secret, frozenset(row[0].bytes for row in blocked))


def fold(
    database: Database, catalogue: Catalogue, staged: Mapping[str, str], *, scoped: bool = False
) -> None:
    """Folds what is staged into the state of nodes; with `scoped` only facts about nodes in `scope`."""
    database.run_script(rule("node_fact"))
    database.run_script(rule("edge_fact"))
    if scoped:
        database.step("scope_graph")
    database.run_script(rule("node_merge"))
    database.run_script(rule("edge_merge"))
    for table, name in FACTS.items():
        selects = _selects(catalogue, staged, table)
        if not selects:
            continue
        database.run(f"CREATE OR REPLACE TEMP TABLE {table} AS {' UNION ALL '.join(selects)}")
        database.run_script(rule(f"{name}_state"))
        if scoped:
            database.run(f"DELETE FROM {name}_state WHERE node NOT IN (SELECT node FROM scope)")
        if database.value(f"SELECT count(*) FROM {name}_state"):
            database.run_script(rule(f"{name}_merge"))


def _selects(catalogue: Catalogue, staged: Mapping[str, str], table: str) -> list[str]:
    return [
        select
        for event_type, name in staged.items()
        for select in facts_of(catalogue.events[event_type], name, catalogue.traits).of(table)
    ]


def hear_people(database: Database, catalogue: Catalogue, staged: Mapping[str, str]) -> None:
    """Applies what own events among the staged ones decide, and derives again what is suspect."""
    if BLOCK in staged:
        database.step("own_block")
    if CONSTRAINT in staged:
        database.step("own_constraint")
    if database.value("SELECT count(*) FROM suspect"):
        refold(database, naming_of(database, catalogue))
        database.run("INSERT INTO mentioned SELECT node FROM scope")


def refold(database: Database, naming: Naming) -> None:
    """Recomputes all that is derived about the nodes in the temporary table `suspect`.

    Takes every event that mentions them or an anchor that those events had or get, forgets all state of
    these nodes, and folds it anew. Components and hubs may shrink.
    """
    database.step("refold_events")
    _stage_again(database, naming)
    database.step("refold_scope")
    staged = _stage_again(database, naming)
    database.step("refold_forget")
    for event_type in staged.events:
        _re_anchor(database, naming.catalogue.events[event_type])
    fold(database, naming.catalogue, staged.events, scoped=True)
    staged.clear()


def _stage_again(database: Database, naming: Naming) -> Stage:
    """Stages the landed events in the temporary table `again`, named as the rules of now name them."""
    return stage_landed(database, naming, naming.catalogue.events)


def stage_landed(
    database: Database, naming: Naming, contracts: Mapping[str, EventType], origin: str = ""
) -> Stage:
    """Stages the landed events in the temporary table `again`, as the rules of now read them.

    `contracts` are those under which the typed tables stand; `origin` is the prefix of an attached store.
    """
    spine = database.connection.execute(
        f'SELECT landed_seq, topic, partition, "offset", received_at FROM {origin}ops.event SEMI JOIN again'
        " USING (landed_seq) ORDER BY landed_seq"
    ).to_arrow_table()
    arrival = Arrival(
        spine.column("landed_seq").to_numpy(),
        *(spine.column(name).combine_chunks() for name in ("topic", "partition", "offset", "received_at")),
    )
    database.connection.register(
        "arrow_again", pa.table({"landed_seq": arrival.seq, "record": range(len(spine))})
    )
    tables = {}
    for (name,) in database.rows("SELECT DISTINCT event_type FROM again ORDER BY ALL"):
        rows = landed_rows(
            database,
            contracts[name],
            f"{origin}{contracts[name].table} AS t JOIN arrow_again USING (landed_seq)",
        )
        tables[name] = renewed(rows, contracts[name], naming.catalogue.events[name])
    database.connection.unregister("arrow_again")
    stage = Stage(database, arrival, fresh=False)
    stage.fill(tables, identify(tables, len(spine), naming), naming.catalogue.events)
    return stage


def landed_rows(database: Database, event: EventType, source: str) -> pa.Table:
    """Landed rows as `read` gives them; `source` is a FROM item t of the typed table with a column record."""
    columns = ", ".join(f't."{name}"' for name in [*event.arrow.names, "extra", "writer"])
    table = database.connection.execute(
        f"SELECT {columns}, record::INTEGER AS record FROM {source} ORDER BY record"
    ).to_arrow_table()
    shape = [*event.arrow, pa.field("extra", pa.string()), pa.field("writer", pa.int32()),
             pa.field("record", pa.int32())]  # fmt: skip
    return table.cast(pa.schema([pa.field(field.name, loosened(field.type)) for field in shape]))


def renewed(rows: pa.Table, old: EventType, new: EventType) -> pa.Table:
    """Landed rows of an older contract as the newer one has them."""
    return rows if old.schema == new.schema else reproject(rows, old, new)


def _re_anchor(database: Database, event: EventType) -> None:
    """Puts the anchors of now on rows that had others."""
    database.run(
        f"UPDATE {event.table} AS known SET node = now.node FROM {staged_name(event)} AS now"
        " WHERE known.landed_seq = now.landed_seq AND known.node IS DISTINCT FROM now.node"
    )
