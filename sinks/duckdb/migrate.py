"""A contract changes compatibly: its typed table and what was derived from it follow.

Decides which rows and which identities a new version touches. Must never lose a value, and must leave the
store as if the new version had been there from the start.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa

from schemas.catalogue import EventType
from schemas.columns import quote, sql_type
from sinks.duckdb.database import Database
from sinks.duckdb.fold import landed_rows, refold, renewed, stage_landed
from sinks.duckdb.land import content_of
from sinks.duckdb.sql import literal, script
from sinks.duckdb.typed import STANDARD, create_table
from sinks.duckdb.weigh import assign, weigh
from streams.core.identify import Naming

CHUNK = 100_000


def migrate(database: Database, old: EventType, new: EventType, naming: Naming) -> None:
    """Rewrites a typed table under the new contract, decides its conflicts anew, refolds what changed."""
    database.step("stage_begin")
    database.run("CREATE OR REPLACE TEMP TABLE again (landed_seq BIGINT, event_type VARCHAR)")
    database.run(f"CREATE OR REPLACE TEMP TABLE former AS FROM {old.table}")
    database.run(f"DROP TABLE {old.table}")
    create_table(database, new)
    _copy(database, old, new)
    _elect(database, old, new)
    if database.value("SELECT count(*) FROM again"):
        _derive(database, naming)


def elect_again(database: Database, old: EventType, new: EventType, naming: Naming) -> None:
    """Decides the conflicts of rows that stand under the new contract already, refolds what changed."""
    database.step("stage_begin")
    database.run("CREATE OR REPLACE TEMP TABLE again (landed_seq BIGINT, event_type VARCHAR)")
    _elect(database, old, new)
    if database.value("SELECT count(*) FROM again"):
        _derive(database, naming)


def _copy(database: Database, old: EventType, new: EventType) -> None:
    """Copies the rows, chunk by chunk, and notes those whose fields came out of `extra` or went into it."""
    columns = [f"now.{quote(name)}" for name in [*new.arrow.names, "extra", "writer"]]
    columns += [f"former.{name}" for name in STANDARD if name not in {*new.arrow.names, "extra", "writer"}]
    seqs = database.connection.execute("SELECT landed_seq FROM former ORDER BY ALL").to_arrow_table()
    for start in range(0, len(seqs), CHUNK):
        chunk = seqs.slice(start, CHUNK)
        chunk = chunk.append_column("record", pa.array(range(len(chunk)), pa.int32()))
        database.connection.register("arrow_chunk", chunk)
        rows = landed_rows(database, old, "former AS t JOIN arrow_chunk USING (landed_seq)")
        database.connection.register("arrow_renewed", renewed(rows, old, new))
        joined = "arrow_renewed AS now JOIN arrow_chunk USING (record) JOIN former USING (landed_seq)"
        database.run(f"INSERT INTO {new.table} BY NAME SELECT {', '.join(columns)} FROM {joined}")
        database.run(
            f"INSERT INTO again SELECT landed_seq, {literal(new.name)} FROM {joined}"
            " WHERE now.extra IS DISTINCT FROM former.extra"
        )
        database.connection.unregister("arrow_chunk")
        database.connection.unregister("arrow_renewed")


def _elect(database: Database, old: EventType, new: EventType) -> None:
    """Decides the conflicts of the event type again: under the new contract another content may win."""
    losers = f"(SELECT *, row_number() OVER (ORDER BY landed_seq) - 1 AS record FROM ops.conflict" \
             f" WHERE event_type = {literal(new.name)})"  # fmt: skip
    if not database.value(f"SELECT count(*) FROM {losers}"):
        return
    told = {field.name: sql_type(field.type) for field in old.arrow} | {"extra": "VARCHAR"}
    shape = ", ".join(f"{quote(name)} {kind}" for name, kind in told.items())
    rows = landed_rows(
        database,
        old,
        f"(SELECT record, writer, unnest(datum::JSON::STRUCT({shape})) FROM {losers}) AS t",
    )
    database.connection.register("arrow_loser", renewed(rows, old, new))
    named = {field.name: sql_type(field.type) for field in new.arrow}
    steps = script("steps", "elect").text.format(
        event_type=literal(new.name),
        typed=new.table,
        content=content_of(new),
        losers=losers,
        columns=", ".join(f"loser.{quote(name)}" for name in [*named, "extra", "writer"]),
        event_id=quote(new.marked("event_id")[0].path[0]),
        occurred_at=quote(new.marked("occurred_at")[0].path[0]),
        standard=", ".join(
            f"loser.{quote(new.marked(name)[0].path[0])} AS {name}"
            for name in ("event_id", "occurred_at")
            if name not in named
        ),
    )
    database.run_script(steps)
    database.connection.unregister("arrow_loser")


def _derive(database: Database, naming: Naming) -> None:
    """Derives again what the changed events had said, and decides about everybody whom they name."""
    stage_landed(database, naming, naming.catalogue.events).clear()
    database.step("land_identifier")
    database.step("migrate_suspects")
    refold(database, naming)
    weigh(database, naming.catalogue.kinds)
    last = datetime.fromisoformat(database.meta("landed_at") or "")
    landed_at = last + timedelta(microseconds=1)
    assign(database, landed_at)
    database.set_meta("landed_at", landed_at.isoformat())
