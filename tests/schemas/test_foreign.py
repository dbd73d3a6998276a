"""Topics that others fill, as source.toml names them, and what their contracts must have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import ContractError, load
from schemas.foreign import Foreign
from schemas.lint import lint
from tests.schemas.conftest import INSTANT, SOURCE

Write = Callable[..., Path]
TABLE = '[foreign."shop.customers"]\nformat = "debezium"\nevent = "points_earned"\n'


def declare(root: Path, text: str, source: str = "loyalty/app") -> Path:
    file = root / source / "source.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SOURCE + text, "utf-8")
    return file


def test_a_foreign_topic_has_a_format_and_a_contract(root: Path, write: Write) -> None:
    write()
    declare(root, TABLE + 'units = {created_at = "ms"}\n[foreign.b]\nformat = "salesforce"\n'
            'event = "points_earned"\nentity = "Contact"')  # fmt: skip
    catalogue = load([root])
    event = "loyalty/app/points_earned"
    assert catalogue.foreign == {
        "shop.customers": Foreign("shop.customers", "debezium", event, {"created_at": "ms"}),
        "b": Foreign("b", "salesforce", event, {}, "Contact"),
    }
    assert set(catalogue.topics) >= {"loyalty.app", "shop.customers", "b", "shop.standard"}
    assert catalogue.events[event].is_foreign
    assert not catalogue.events["shop/standard/order_placed"].is_foreign


@pytest.mark.parametrize(
    ("text", "place", "mend"),
    [
        ("foreign = 5", "foreign", "must be tables"),
        ("[foreign]\na = 5", 'foreign."a"', 'must be a table with "format" and "event"'),
        (TABLE.replace("shop.customers", "a topic"), 'foreign."a topic"', "is not a topic's name"),
        (TABLE + "table = 5", 'foreign."shop.customers".table', "unknown key; known are entity, event"),
        (TABLE.replace("debezium", "avro"), 'foreign."shop.customers".format', "debezium, debezium-json, s"),
        (TABLE.replace('"debezium"', '["x"]'), 'foreign."shop.customers".format', "must be one of"),
        ('[foreign.a]\nformat = "debezium"', 'foreign."a".event', "must name the contract"),
        (TABLE.replace("points_earned", "no_such"), 'foreign."shop.customers".event',
         "there is no no_such.avsc beside this file"),
        (TABLE + 'units = "ms"', 'foreign."shop.customers".units', "must say what numbers count"),
        (TABLE + 'units = {a = "min"}', 'foreign."shop.customers".units', "known are s, ms, us, ns, days"),
        (TABLE + "units = {a = [1]}", 'foreign."shop.customers".units', "must say what numbers count"),
        (TABLE + 'entity = "Contact"', 'foreign."shop.customers".entity', "goes with salesforce only"),
        (TABLE + "entity = 5", 'foreign."shop.customers".entity', "must be a text"),
        (TABLE.replace("shop.customers", "loyalty.app"), 'foreign."loyalty.app"', "of loyalty/app already"),
        (TABLE.replace("shop.customers", "shop.standard"), 'foreign."shop.standard"',
         "is a topic of shop/standard already; name another"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used(root: Path, write: Write, text: str, place: str, mend: str) -> None:
    write()
    file = declare(root, text)
    with pytest.raises(ContractError) as caught:
        load([root])
    assert (caught.value.file, caught.value.place) == (file, place)
    assert mend in caught.value.mend
    assert "\n" not in str(caught.value)


def test_a_topic_belongs_to_one_source(root: Path, write: Write) -> None:
    write()
    declare(root, TABLE)
    (root / "loyalty" / "web").mkdir()
    other = (root / "loyalty" / "app" / "points_earned.avsc").read_text("utf-8")
    (root / "loyalty" / "web" / "points_earned.avsc").write_text(other.replace("loyalty.app", "loyalty.web"))
    declare(root, TABLE, "loyalty/web")
    with pytest.raises(ContractError, match=r"is a topic of loyalty/app already"):
        load([root])


def debezium_contract(schema: dict[str, Any]) -> None:
    """Turns the contract of the fixture into one that Debezium can fill."""
    for entry in schema["fields"][3:]:
        if not isinstance(entry["type"], list):
            entry |= {"type": ["null", entry["type"]], "default": None}
    schema["fields"] += [
        {"name": "sequence", "type": "long", "means": "sequence", "doc": "Place in the log."},
        {"name": "op", "type": "string", "doc": "What was done."},
    ]


def salesforce_contract(schema: dict[str, Any]) -> None:
    debezium_contract(schema)
    schema["fields"][2] |= {"type": ["null", "string"], "default": None}
    schema["fields"][-1]["name"] = "change_type"
    schema["fields"] += [
        {"name": "record_id", "type": ["null", "string"], "default": None, "doc": "Whose.",
         "means": "id:crm_contact", "pii": "indirect"},
        {"name": "record_ids", "type": {"type": "array", "items": "string"}, "doc": "All.", "default": [],
         "means": "other:crm_contact", "pii": "indirect"},
    ]  # fmt: skip


def found(root: Path, level: str) -> list[tuple[str, str]]:
    return [
        (one.place, one.problem)
        for one in lint(load([root]))
        if one.level == level and one.file.is_relative_to(root) and one.file.suffix == ".avsc"
    ]


def test_a_contract_that_the_format_can_fill(root: Path, write: Write) -> None:
    write(debezium_contract)
    declare(root, TABLE)
    assert found(root, "error") == []
    assert ("points", "a measure adds up every version of a row") in found(root, "advice")
    write(salesforce_contract)
    declare(root, TABLE.replace("debezium", "salesforce"))
    assert found(root, "error") == []


@pytest.mark.parametrize(
    ("change", "place", "problem"),
    [
        (lambda fields: fields.pop(), "", "no field is op, which debezium fills"),
        (lambda fields: fields.pop(-2), "", "no field is sequence, which debezium fills"),
        (lambda fields: fields[-2].update(type="int"), "sequence", "is filled by debezium and of type int"),
        (lambda fields: fields[-2].pop("means"), "sequence", "is what debezium says of the change"),
        (lambda fields: fields[3].update(type="string") or fields[3].pop("default"), "email", ""),
        (lambda fields: fields[4].update(type="long") or fields[4].pop("default"), "points",
         "may be missing from a row that is deleted"),
        (lambda fields: fields[0].update(name="id"), "", "no field is event_id, which debezium fills"),
        (lambda fields: fields[1].update(type={**INSTANT, "logicalType": "local-timestamp-micros"}),
         "occurred_at", "is filled by debezium and of type local-timestamp-micros"),
        (lambda fields: fields.append({"name": "snapshot", "type": "string", "doc": "d"}), "snapshot",
         "is not always told"),
    ],
)  # fmt: skip
def test_a_contract_that_debezium_cannot_fill(
    root: Path, write: Write, change: Callable[[list[Any]], Any], place: str, problem: str
) -> None:
    def changed(schema: dict[str, Any]) -> None:
        debezium_contract(schema)
        change(schema["fields"])

    write(changed)
    declare(root, TABLE)
    if problem:
        assert (place, problem) in found(root, "error")
    else:  # a key is always told
        assert found(root, "error") == []


@pytest.mark.parametrize(
    ("change", "place", "problem"),
    [
        (lambda fields: fields[-1].update(means="id:crm_contact"), "record_ids[]",
         "would join all records of an event to one another"),
        (lambda fields: fields.pop(), "", "no field is record_ids, which salesforce fills"),
        (lambda fields: fields[-2].update(type="string") or fields[-2].pop("default"), "record_id",
         "is not always told"),
        (lambda fields: fields[2].update(type="string") or fields[2].pop("default"), "card_no",
         "is told only when it changes"),
    ],
)  # fmt: skip
def test_a_contract_that_salesforce_cannot_fill(
    root: Path, write: Write, change: Callable[[list[Any]], Any], place: str, problem: str
) -> None:
    def changed(schema: dict[str, Any]) -> None:
        salesforce_contract(schema)
        change(schema["fields"])

    write(changed)
    declare(root, TABLE.replace("debezium", "salesforce"))
    assert (place, problem) in found(root, "error")
