from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemas.catalogue import ContractError, load
from schemas.columns import arrow_type, sql_type
from schemas.lint import lint
from schemas.meanings import type_text

HEAD = '{"type": "record", "namespace": "a", "name": "R", '
Write = Callable[..., Path]


def refused(root: Path) -> ContractError:
    with pytest.raises(ContractError) as caught:
        load([root])
    assert str(caught.value).startswith(f"{caught.value.file}: ")
    assert "\n" not in str(caught.value)
    return caught.value


def test_what_ships_loads_and_has_no_errors() -> None:
    errors = [str(one) for one in lint(load()) if one.level == "error"]
    assert errors == []


def test_a_contract_is_read_whole(root: Path, write: Write) -> None:
    file = write()
    catalogue = load([root])
    event = catalogue.events["loyalty/app/points_earned"]
    assert catalogue.by_full_name["loyalty.app.PointsEarned"] is event
    assert (event.file, event.table, event.event) == (file, "loyalty_app.points_earned", "points_earned")
    assert event.source.topic == "loyalty.app"
    assert event.examples.name == "points_earned.examples.jsonl"
    assert [(mark.field_name, mark.meaning, mark.name) for mark in event.marks][2:5] == [
        ("card_no", "id", "customer_no"), ("email", "id", "email"), ("email", "trait", "email")
    ]  # fmt: skip
    (money,) = [mark for mark in event.marks if mark.name == "spent"]
    assert money.options["currency"] == ("currency",)
    assert event.arrow.field("occurred_at").type == pa.timestamp("us")


def test_rules_change_with_meaning_but_not_with_words(root: Path, write: Write) -> None:
    def rules(change: Callable[[dict[str, Any]], Any]) -> str:
        write(change)
        return load([root]).events["loyalty/app/points_earned"].rules

    plain = rules(lambda _: None)
    assert rules(lambda schema: schema.update(doc="Other words.")) == plain
    assert rules(lambda schema: schema["fields"][4].update(unit="stars")) != plain
    assert rules(lambda schema: schema["fields"][4].update(type="int")) != plain


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("{", "is not JSON"),
        ("\udcff", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must be one Avro record"),
        ('{"type": "enum", "name": "E", "symbols": ["a"]}', "must be one Avro record"),
        ('{"type": "record", "name": "R", "fields": []}', "with a namespace"),
        ('{"type": "record", "namespace": "a"}', "is not an Avro schema"),
        (HEAD + '"fields": [{"name": "x"}]}', "is not an Avro schema"),
        (HEAD + '"fields": [{"name": "x", "type": "text"}]}', "is not a type Avro knows"),
    ],
)
def test_a_broken_contract_file(root: Path, write: Write, text: str, mend: str) -> None:
    file = write()
    file.write_bytes(text.encode(errors="surrogateescape"))
    error = refused(root)
    assert error.file == file
    assert mend in error.mend


@pytest.mark.parametrize(
    ("keys", "mend"),
    [
        ({"means": "id"}, "is not a mark"),
        ({"means": "identifier:email"}, "is not a mark"),
        ({"means": ["id:email", "event_id:x"]}, "is not a mark"),
        ({"means": [5]}, "is not a mark"),
        ({"means": "text", "sign": 2}, '"sign" is 1 or -1'),
        ({"means": "text", "strength": 4}, '"strength" is 0, 1, 2 or 3'),
        ({"means": "text", "status": "yes"}, '"status" is one of granted'),
        ({"means": "text", "pii": "yes"}, '"pii" is one of direct'),
    ],
)
def test_a_broken_mark_names_its_field(root: Path, write: Write, keys: dict[str, Any], mend: str) -> None:
    file = write(lambda schema: schema["fields"][6].update(keys))
    error = refused(root)
    assert (error.file, error.place) == (file, "currency")
    assert mend in error.mend


@pytest.mark.parametrize("means", [5, None, {"id": "email"}])
def test_a_mark_of_another_shape_is_refused(root: Path, write: Write, means: Any) -> None:
    write(lambda schema: schema["fields"][6].update(means=means))
    assert "mark" in refused(root).mend


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("trust = 2", "trust = 4", "trust"),
        ("trust = 2", "trust = true", "trust"),
        ("trust = 2", 'trust = "high"', "trust"),
        ("trust = 2", "trust = [2]", "trust"),
        ("trust = 2", "", "trust"),
        ("trust = 2", 'trust = 2\nunknown_events = "drop"', "unknown_events"),
        ("trust = 2", "trust = 2\ntopic = 5", "topic"),
        ("trust = 2", "trust = 2\ncolour = 5", "colour"),
        ('owner = "Marketing"', "owner = 5", "owner"),
        ('owner = "Marketing"', 'owner = ""', "owner"),
        ('owner = "Marketing"', "owner = ", ""),
    ],
)
def test_a_broken_source_file(root: Path, write: Write, old: str, new: str, place: str) -> None:
    file = write().with_name("source.toml")
    file.write_text(file.read_text().replace(old, new))
    error = refused(root)
    assert (error.file, error.place) == (file, place)


def test_names_are_unique(root: Path, write: Write) -> None:
    write()
    second = write(event="points_spent")
    error = refused(root)
    assert (error.file, error.place) == (second, "name")
    second.unlink()
    write(source="shop/standard")
    assert "exists twice" in refused(root).mend


def test_a_contract_without_a_source_is_not_passed_over(root: Path, write: Write) -> None:
    file = write()
    file.with_name("source.toml").unlink()
    assert refused(root).file == file


@pytest.mark.parametrize(
    ("name", "text", "mend"),
    [
        ("identifiers.toml", "card = 5", "must be a table"),
        ("identifiers.toml", "[card]\nrank = 5", "[card] doc: missing"),
        ("identifiers.toml", '[card]\ndoc = "x"', "[card] rank: missing"),
        ("identifiers.toml", '[card]\nrank = "5"\ndoc = "x"', "[card] rank: must be a whole number"),
        ("identifiers.toml", '[card]\nrank = 0\ndoc = "x"', "[card] rank: must be a whole number"),
        ("identifiers.toml", '[card]\nrank = 5\ndoc = "x"\nlimits = 1', "[card] limits: unknown key"),
        (
            "identifiers.toml",
            '[card]\nrank = 5\ndoc = "x"\nperson = 1',
            "[card] person: must be true or false",
        ),
        ("identifiers.toml", '[card]\nrank = 5\ndoc = "x"\nnormaliser = "x"', "[card] normaliser: one of"),
        ("identifiers.toml", '[card]\nrank = 5\ndoc = "x"\nwindow_days = 1', "go together"),
        ("identifiers.toml", '[card]\nrank = 5\ndoc = "x"\nblocked = "x"', "[card] blocked: must be a list"),
        ("identifiers.toml", '[card]\nrank = 5\ndoc = "x"\nblocked = 5', "[card] blocked: must be a list"),
        ("identifiers.toml", '[card]\nrank = 5\ndoc = "x"\nblocked = ["("]', "is not a pattern"),
        ("identifiers.toml", "[card", ""),
        ("traits.toml", '[size]\nrule = "newest"', "[size] rule: one of"),
        ("traits.toml", '[size]\nrule = ["most_recent"]', "[size] rule: must be a text"),
        ("traits.toml", '[size]\npii = "secret"', "[size] pii: one of"),
        ("traits.toml", "size = 5", "must be a table"),
    ],
)
def test_broken_kinds_and_traits(root: Path, name: str, text: str, mend: str) -> None:
    (root / name).write_text(text)
    error = refused(root)
    assert error.file == root / name
    assert mend in error.mend


def test_a_project_adds_kinds_and_changes_shipped_ones(root: Path) -> None:
    (root / "identifiers.toml").write_text('[card]\nrank = 55\ndoc = "A card."\nblocked = ["0+"]\n')
    catalogue = load([root])
    assert catalogue.kinds["card"].blocked == ("0+",)
    assert "email" in catalogue.kinds
    assert catalogue.rules != load().rules


def test_models_are_found_by_name(root: Path, write: Write) -> None:
    part = write().with_name("orders.sql")
    part.write_text("SELECT 1")
    assert part in load([root]).models["orders"]


def test_types_become_columns() -> None:
    instant = {"type": "long", "logicalType": "timestamp-millis"}
    fields = [{"name": "sku", "type": "string"}, {"name": "at", "type": ["null", instant], "default": None}]
    lines = {"type": "array", "items": {"type": "record", "name": "L", "fields": fields}}
    assert sql_type(arrow_type(lines)) == 'STRUCT("sku" VARCHAR, "at" TIMESTAMP)[]'
    assert sql_type(arrow_type({"type": "map", "values": "int"})) == "MAP(VARCHAR, INTEGER)"
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    assert sql_type(arrow_type(decimal)) == "DECIMAL(9, 2)"
    assert sql_type(arrow_type(["null", "string", "long"])) == "VARCHAR"
    assert sql_type(arrow_type({"type": "enum", "name": "E", "symbols": ["a"]})) == "VARCHAR"
    assert type_text(["null", lines]) == "array of record"
