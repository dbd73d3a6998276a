"""The guide and the comments: a data scientist finds the way alone."""

from __future__ import annotations

import re

from schemas.catalogue import SHIPPED, load
from schemas.meanings import dotted
from sinks.duckdb.sql import scripts
from tests.conftest import Feed
from tests.fed import Fed

SHORTEST = 4


def test_every_table_and_view_and_column_has_a_comment(shop: Fed) -> None:
    objects = shop.rows(
        "SELECT schema_name, table_name, comment FROM duckdb_tables() WHERE NOT temporary AND NOT internal"
        " UNION ALL"
        " SELECT schema_name, view_name, comment FROM duckdb_views() WHERE NOT temporary AND NOT internal"
    )
    columns = shop.rows(
        "SELECT table_name, column_name, comment FROM duckdb_columns()"
        " WHERE database_name = current_database() AND NOT internal"
    )
    assert len(objects) > 60
    assert [row for row in objects + columns if len(row[2] or "") < SHORTEST] == []


def test_the_guide_shows_all_there_is_and_nothing_else(shop: Fed) -> None:
    columns = shop.rows(
        "SELECT if(schema_name = 'main', '', schema_name || '.') || table_name, column_name"
        " FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal"
    )
    nested = {
        (event.table, field.name)
        for event in load().events.values()
        for field in event.fields
        if len(field.path) > 1
    }
    shown = shop.rows('SELECT object, "column" FROM guide')
    assert len(shown) == len(set(shown))
    assert set(shown) == {*columns, *nested, *((name, None) for name, _ in columns)}


def test_the_guide_describes_every_line(shop: Fed) -> None:
    assert shop.rows("FROM guide WHERE description IS NULL OR trim(description) = '' OR type IS NULL") == []


def test_the_guide_hides_what_a_batch_leaves_behind(shop: Fed) -> None:
    left = shop.rows("SELECT table_name FROM duckdb_tables() WHERE temporary")
    assert left
    hidden = [name for (name,) in left]
    assert shop.rows("FROM guide WHERE list_contains(?, object)", [hidden]) == []


def test_the_guide_knows_what_contracts_say(shop: Fed) -> None:
    shown = {
        (row["object"], row["column"]): row for row in shop.records('FROM guide WHERE "column" IS NOT NULL')
    }
    strictness = ["none", "indirect", "direct"]
    for event in load().events.values():
        for field in event.fields:
            row = shown[event.table, field.name]
            within = [other.pii for other in event.fields if other.path[: len(field.path)] == field.path]
            assert row["description"] == field.doc
            assert row["source"] == event.source.name
            top = len(field.path) == 1
            assert row["pii"] == (max(within, key=strictness.index) if top else field.pii)
        for mark in event.marks:
            name = dotted(mark.path).removesuffix("[]")
            said = f"{mark.meaning}:{mark.name}".rstrip(":")
            assert said in (shown[event.table, name]["meaning"] or "").split(", ")


def test_what_the_guide_says_of_money_and_people(shop: Fed) -> None:
    [total] = shop.records(
        "FROM guide WHERE object = 'shop_standard.order_placed' AND \"column\" = 'total_minor'"
    )
    assert total["unit"] == "currency"
    assert total["meaning"] == "measure:order_value"
    assert int(total["example"]) > 0
    pii = dict(shop.rows("SELECT \"column\", pii FROM guide WHERE object = 'customers' AND pii IS NOT NULL"))
    assert pii == {
        "email": "direct", "phone": "direct", "first_name": "direct", "last_name": "direct",
        "city": "indirect", "country": "indirect",
    }  # fmt: skip


def test_the_guide_begins_with_the_views_for_people(shop: Fed) -> None:
    objects = [name for (name,) in shop.rows("SELECT object FROM guide")]
    first_with_schema = next(at for at, name in enumerate(objects) if "." in name)
    assert {"customers", "orders", "events", "guide"} <= set(objects[:first_with_schema])
    assert not {"customers", "orders", "events", "guide"} & set(objects[first_with_schema:])


def test_parts_of_models_are_all_used(shop: Fed) -> None:
    models = {file.stem for file in SHIPPED.glob("*/*/*.sql")}
    assert models <= {name for (name,) in shop.rows("SELECT object FROM guide WHERE type = 'view'")}


def test_a_guide_of_a_new_store_is_whole_too(feed: Feed, shop: Fed) -> None:
    lines = 'SELECT object, "column", description FROM guide'
    assert feed().rows(lines) == shop.rows(lines)


def test_the_page_for_data_scientists_names_what_there_is(shop: Fed) -> None:
    page = (SHIPPED.parent / "sinks" / "README.md").read_text("utf-8")
    table = page.partition("## What there is")[2].partition("## What to know")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = set(re.findall(r"`([\w.*]+)`", " ".join(first_cells)))
    objects = {name for (name,) in shop.rows("SELECT DISTINCT object FROM guide")}
    assert {name for name in named if not name.endswith(".*")} <= objects
    shown = {name for name in objects if "." not in name} - {"guide"}
    assert shown <= named
    for example in scripts("examples"):
        assert example.name.partition("_")[0] in page.lower()
