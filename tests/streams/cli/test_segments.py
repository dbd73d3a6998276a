"""`rundum segments` and `rundum traits`: beside nobody, and beside a living process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from sinks.gateway.access import Access
from streams.cli.segments import segments, traits
from streams.settings import Project
from tests.feed import Said
from tests.living import append, land, new_project, running
from tests.living import typed as typed_beside
from tests.shoppers import mail, orders, ticket
from tests.told import typed

HEAD = "-- owner: us\n-- description: Ours, [b]twice[/b].\n-- refresh: live\n"
TWICE = HEAD + "SELECT customer_id, orders FROM customers WHERE orders >= 2\n"
DEADLINE = 20.0
WANTED = 2.0


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A project in which Anna has bought twice, Otto once, and Otto complained."""
    project = new_project(tmp_path / "shop")
    append(project, [*orders("anna", 1, 2), *orders("otto", 1), ticket("otto", 2)])
    land(project)
    return project


def said(shop: Project, *words: str) -> Result:
    return typed(shop.root, segments, *words)


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def complaint(result: Result) -> str:
    """What a refused command says."""
    assert result.exit_code == 1, result.output
    return f"{result.output} {result.exception}"


def line_of(shop: Project, name: str) -> str:
    """The line of a segment in the list."""
    return next(line for line in done(said(shop, "list")).splitlines() if line.startswith(name))


def write(shop: Project, name: str, text: str, folder: str = "segments") -> Path:
    file = shop.root / folder / f"{name}.sql"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def test_list_before_there_is_a_store(tmp_path: Path) -> None:
    project = new_project(tmp_path / "shop")
    project.store.unlink()
    assert done(said(project, "list")).count("not applied") == 12
    assert done(typed(project.root, traits, "list")).count("not applied") == 4


def test_a_broken_file_hides_no_others(shop: Project) -> None:
    write(shop, "twice", TWICE)
    file = write(shop, "broken", "-- owner: us\nSELECT 1")
    write(shop, "no_column", TWICE.replace("orders >= 2", "shoes >= 2"))
    listed = done(said(shop, "list"))
    assert "Ours, [b]twice[/b]." in listed
    assert "cannot be read" in line_of(shop, "broken")
    assert "live, all every hour" in line_of(shop, "lost")
    checked = said(shop, "check")
    for line in (
        "twice: live",
        "lost: live, all every hour",
        "rfm: every day; cannot be live: ntile() OVER",
    ):
        assert line in checked.output
    for word in (str(file), "no_column.sql", "shoes"):
        assert word in complaint(checked)
    refused = said(shop, "apply", "--all")
    assert refused.exit_code == 1
    assert done(said(shop, "list")).count("not applied") == 15, "one cannot be applied: none is"


def test_preview_shows_and_changes_nothing(shop: Project) -> None:
    write(shop, "twice", TWICE)
    shown = done(said(shop, "preview", "twice"))
    assert "1 customer; against what holds now, 1 come in and 0 go out" in shown
    assert "orders" in shown
    assert "not applied" in line_of(shop, "twice")


def test_apply_end_and_explain(shop: Project) -> None:
    write(shop, "twice", TWICE)
    assert "twice: 0 customers before, 1 now" in done(said(shop, "apply", "twice", "--reason", "Try."))
    assert "twice holds already" in done(said(shop, "apply", "twice"))
    assert "is in twice" in done(said(shop, "explain", "twice", mail("anna")))
    why = done(said(shop, "explain", "twice", mail("otto")))
    assert "is not in twice" in why
    assert "They never were." in why
    assert "orders = 1" in why
    assert "also in" in done(said(shop, "preview", "open_complaint"))
    write(shop, "twice", TWICE.replace(">= 2", ">= 1"))
    assert "file changed since" in done(said(shop, "list"))
    assert "twice: 1 customers before, 2 now" in done(said(shop, "apply", "twice"))
    assert "the definition" in done(said(shop, "explain", "twice", mail("otto")))
    assert "twice: ended; everybody leaves" in done(said(shop, "end", "twice"))
    refused = said(shop, "explain", "twice", mail("anna"))
    assert refused.exit_code == 1
    assert "no segment twice is applied; apply it first" in refused.output


def test_names_with_mistakes(shop: Project) -> None:
    for words, why in {
        ("apply", "losst"): "did you mean lost",
        ("preview", "losst"): "did you mean lost",
        ("check", "losst"): "did you mean lost",
        ("end", "lost"): "lost is not applied",
        ("explain", "lost", mail("anna")): "apply it first: `rundum segments apply lost`",
    }.items():
        assert why in complaint(said(shop, *words))
    for words in (("apply",), ("apply", "lost", "--all")):
        refused = said(shop, *words)
        assert refused.exit_code == 2
        assert "give names, or --all" in refused.output


def test_traits(shop: Project) -> None:
    write(shop, "email", HEAD + "SELECT customer_id, 'x' AS value FROM customers", "traits")
    write(shop, "size", HEAD + "SELECT customer_id, orders AS value FROM customers", "traits")
    refused = typed(shop.root, traits, "apply", "email")
    assert refused.exit_code == 1
    assert "a contract has a trait of this name" in refused.output
    assert "size: 0 customers before, 2 now" in done(typed(shop.root, traits, "apply", "size"))
    assert "size: ended" in done(typed(shop.root, traits, "end", "size"))


def test_all_that_ships(shop: Project) -> None:
    told = done(said(shop, "apply", "--all"))
    assert "open_complaint: 0 customers before, 1 now" in told
    assert len(told.splitlines()) == 12


@pytest.fixture
def living(shop: Project) -> Iterator[Callable[..., str]]:
    """Commands beside a living `rundum run`."""
    write(shop, "twice", TWICE)
    with running(shop):

        def words(*given: str) -> str:
            code, started = typed_beside(shop.root, "segments", *given)
            assert code == 0, started.said
            return started.said

        yield words


def test_beside_a_living_process(
    shop: Project, living: Callable[..., str], record_property: Callable[[str, object], None]
) -> None:
    assert "twice: 0 customers before, 1 now" in living("apply", "twice")
    (order,) = orders("otto", 3)
    again = Said(order.type, order.datum | {"order_id": "another"})
    began = time.monotonic()
    append(shop, [again])
    waited = _until_member(shop, "otto", began)
    record_property("seconds until a member", waited)
    print(f"an event changed a membership after {waited:.2f} s (wanted: {WANTED:g})")
    assert "is in twice" in living("explain", "twice", mail("otto"))
    assert "ended" in living("end", "twice")


def _until_member(shop: Project, who: str, began: float) -> float:
    sql = (
        "SELECT count(*) FROM segment.membership JOIN identity.identifier ON node = customer_id"
        " WHERE until IS NULL AND starts_with(value, $who)"
    )
    with Access(shop.store) as access:
        while time.monotonic() - began < DEADLINE:
            if access.reader.value(sql, {"who": who}):
                return time.monotonic() - began
            time.sleep(0.02)
    raise AssertionError(f"{who} was in nothing after {DEADLINE:g} s")
