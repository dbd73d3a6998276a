"""What marks say, as SQL: run on rows of a contract, the SELECTs give the traits, measures and consents."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa
import pytest

from schemas.catalogue import EventType
from schemas.columns import sql_type
from schemas.identifiers import TraitRule
from streams.core.facts import facts_of
from tests.feed import catalogue
from tests.streams.core.shapes import MICROS, contract_of, happened, record

MONEY = record(("amount_minor", "long", {"means": "measure:spent", "currency": "/currency"}), name="Line")
Rows = list[tuple[Any, ...]]


def say(contract: EventType, table: str, *rows: Any, **traits: TraitRule) -> Rows:
    """The facts of one kind that rows give, numbered from 0 as landed."""
    blank = dict.fromkeys(contract.arrow.names)
    data = pa.Table.from_pylist(
        [{**blank, **row, "landed_seq": at} for at, row in enumerate(rows)],
        schema=pa.schema(
            [*(field.with_nullable(True) for field in contract.arrow), ("landed_seq", pa.int64())]
        ),
    )
    with duckdb.connect() as connection:
        connection.register("staged", data)
        selects = facts_of(contract, "staged", traits).of(table)
        found: Rows = connection.execute(" UNION ALL ".join(selects) + " ORDER BY ALL").fetchall()
    return found


@pytest.mark.parametrize("event", catalogue().events.values(), ids=lambda event: event.name)
def test_the_facts_of_every_contract_run_on_its_columns(event: EventType) -> None:
    facts = facts_of(event, "staged", catalogue().traits)
    assert facts == facts_of(event, "staged", catalogue().traits)
    marks = {name: len(event.marked(name)) for name in ("trait", "measure", "consent")}
    assert [len(facts.of(f"{name}_fact")) for name in marks] == list(marks.values())
    columns = ", ".join(f'"{field.name}" {sql_type(field.type)}' for field in event.arrow)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE staged ({columns}, landed_seq BIGINT)")
        for name in marks:
            for select in facts.of(f"{name}_fact"):
                assert connection.execute(select).fetchall() == []


def test_null_says_nothing_and_an_empty_text_clears() -> None:
    contract = contract_of(happened(("city", ["null", "string"], {"means": "trait:city"})))
    rows = [{"city": "Köln"}, {"city": None}, {"city": ""}]
    assert say(contract, "trait_fact", *rows) == [
        (0, "city", False, "Köln", 2, 0), (2, "city", False, "", 2, 0)
    ]  # fmt: skip


def test_a_trait_carries_rule_strength_and_the_source_s_own_order() -> None:
    contract = contract_of(happened(
        ("version", ["null", "long"], {"means": "sequence"}),
        ("born", ["null", {"type": "int", "logicalType": "date"}], {"means": "trait:born", "strength": 1}),
    ))  # fmt: skip
    rows = [{"born": 0, "version": 7}, {"born": 1, "version": None}]
    found = say(contract, "trait_fact", *rows, born=TraitRule("born", "earliest"))
    assert found == [(0, "born", True, "1970-01-01", 1, 7), (1, "born", True, "1970-01-02", 1, 0)]


def test_a_measure_in_a_list_counts_every_item_with_the_currency_at_the_root() -> None:
    contract = contract_of(happened(("currency", "string"), ("lines", {"type": "array", "items": MONEY})))
    rows = [
        {"currency": "eur", "lines": [{"amount_minor": 5}, {"amount_minor": 5}]},
        {"lines": []},
        {"lines": None},
    ]
    assert say(contract, "measure_fact", *rows) == [(0, "spent", "EUR", 5), (0, "spent", "EUR", 5)]


def test_a_measure_has_its_unit_and_sign() -> None:
    contract = contract_of(
        happened(("points", "int", {"means": "measure:points", "unit": "O'Neill", "sign": -1}))
    )
    assert say(contract, "measure_fact", {"points": -(2**31)}, {"points": None}) == [
        (0, "points", "O'Neill", 2**31)
    ]


def consent(*fields: tuple[Any, ...]) -> EventType:
    """A contract with an address and consents to use it."""
    return contract_of(
        happened(("email", ["null", "string"], {"means": ["trait:email", "id:email"]}), *fields)
    )


def test_a_ticked_box_states_the_status_and_an_open_one_says_nothing() -> None:
    contract = consent(
        ("news", "boolean", {"means": "consent:newsletter", "contact": "email", "status": "requested"})
    )
    at = [mark.meaning for mark in contract.marks if mark.path == ("email",)].index("id")
    field = next(place for place, mark in enumerate(contract.marks) if mark.path == ("email",)) + at
    assert say(contract, "consent_fact", {"news": True}, {"news": False}, {"news": None}) == [
        (0, field, "newsletter", "requested", 2)
    ]


def test_the_value_can_be_the_purpose() -> None:
    contract = consent(
        (
            "what",
            ["null", "string"],
            {"means": "consent:*", "contact": "email", "status": "withdrawn", "strength": 0},
        )
    )
    ((_, _, *said),) = say(contract, "consent_fact", {"what": "NewsLetter"}, {"what": None})
    assert said == ["newsletter", "withdrawn", 0]


def test_the_value_can_be_the_status_if_it_is_one() -> None:
    contract = consent(("state", ["null", "string"], {"means": "consent:sms", "contact": "email"}))
    rows = [{"state": "Granted"}, {"state": "perhaps"}, {"state": None}, {"state": "withdrawn"}]
    found = [(seq, *said) for seq, _, *said in say(contract, "consent_fact", *rows)]
    assert found == [(0, "sms", "granted", 2), (3, "sms", "withdrawn", 2)]


def test_names_that_sql_knows_are_quoted() -> None:
    inner = record(("order", ["null", "string"], {"means": "trait:order"}), name="Group")
    contract = contract_of(happened(("group", ["null", inner]), ("select", MICROS)))
    rows = [{"group": {"order": "x"}}, {"group": None}]
    assert say(contract, "trait_fact", *rows) == [(0, "order", False, "x", 2, 0)]
