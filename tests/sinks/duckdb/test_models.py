"""Parts of canonical models that do not fit are refused; the examples of every contract hold in a store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import Catalogue, ContractError, EventType, load
from schemas.conform import ConformError, conform
from schemas.examples import Example, read_examples
from sinks.duckdb.sql import scripts
from sinks.duckdb.store import Store
from streams.pipeline import REFUSED
from tests.conftest import Feed
from tests.fed import Fed, fed
from tests.feed import blank_store, catalogue

MODELS = {model.name: model for model in scripts("models")}
PAYMENT = """\
SELECT
    CAST(NULL AS UUID) AS node,
    'p1' AS payment_id,
    'o1' AS order_id,
    TIMESTAMP '2026-05-01' AS paid_at,
    major(100, 'EUR') AS amount,
    'EUR' AS currency,
    'invoice' AS payment_method
"""


def without(column: str) -> str:
    """The part of `payments` that lacks a column."""
    return "".join(line for line in PAYMENT.splitlines(True) if f"AS {column}" not in line)


@pytest.fixture
def with_part(tmp_path: Path) -> Callable[[str], tuple[Path, Catalogue]]:
    """A function that adds a part of `payments` to the shipped ones."""

    def with_part(text: str) -> tuple[Path, Catalogue]:
        file = tmp_path / "payments.sql"
        file.write_text(text)
        models = dict(catalogue().models)
        models["payments"] = (*models["payments"], file)
        return file, replace(catalogue(), models=models)

    return with_part


def test_a_part_is_added_by_name_whatever_the_order_of_its_columns(
    with_part: Callable[[str], tuple[Path, Catalogue]], tmp_path: Path
) -> None:
    head, *columns = PAYMENT.strip().splitlines()
    turned = ",\n".join(column.rstrip(",") for column in reversed(columns))
    store = Store(blank_store(tmp_path / "s.duckdb"), with_part(f"{head}\n{turned}\n")[1])
    try:
        row = store.database.rows("SELECT payment_id, order_id, amount::VARCHAR, customer_id FROM payments")
    finally:
        store.close()
    assert row == [("p1", "o1", "1.000", None)]


@pytest.mark.parametrize(
    ("text", "place", "mend"),
    [
        (without("order_id"), "order_id", "the column is missing; the model wants it as VARCHAR"),
        (without("node"), "node", "the column is missing; the model wants it as UUID"),
        (PAYMENT.replace("major(100, 'EUR')", "1"), "amount", "is INTEGER, the model wants DECIMAL(18,3)"),
        (PAYMENT.replace("'o1'", "1001"), "order_id", "is INTEGER, the model wants VARCHAR; cast it"),
        (PAYMENT.replace("AS node,", "AS node, 1 AS tip,"), "tip", "is no column of the model; leave it out"),
        (PAYMENT + "FROM nowhere", "", "is no SELECT that runs: Catalog Error"),
        ("SELEKT 1", "", "is no SELECT that runs: Parser Error"),
    ],
)  # fmt: skip
def test_a_part_that_does_not_fit_is_refused_with_file_column_and_mend(
    with_part: Callable[[str], tuple[Path, Catalogue]], tmp_path: Path, text: str, place: str, mend: str
) -> None:
    file, contracts = with_part(text)
    path = blank_store(tmp_path / "s.duckdb")
    with pytest.raises(ContractError) as caught:
        Store(path, contracts)
    assert str(caught.value).startswith(f"{file}: {place}: {mend}" if place else f"{file}: {mend}")


def test_a_broken_part_does_not_harm_a_store_in_use(
    with_part: Callable[[str], tuple[Path, Catalogue]], feed: Feed
) -> None:
    shop = feed()
    path = shop.store.database.path
    shop.store.close()
    with pytest.raises(ContractError):
        Store(path, with_part("SELECT 1 AS node")[1])
    shop.store = Store(path, catalogue())
    assert shop.rows("SELECT count(*) FROM payments") == [(0,)]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_documents_its_rows_and_columns(name: str) -> None:
    model = MODELS[name]
    columns = re.findall(r"\) AS (\w+)", model.text)
    assert model.doc.endswith(".")
    assert list(model.columns) == columns
    assert all(doc.endswith(".") for doc in model.columns.values())


# --- examples

EVENTS = list(load().events.values())
ACCEPTED = [(event, each) for event in EVENTS for each in read_examples(event) if each.rejected is None]
REJECTED = [(event, each) for event in EVENTS for each in read_examples(event) if each.rejected is not None]


KEPT = {
    "ops.meta",
    "ops.contract",
    "ops.field",
    "ops.source",
    "identity.kind",
    "profile.rule",
    "ops.position",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fed]:
    """A store that one example after the other lies on."""
    made = fed(tmp_path_factory.mktemp("desk"))
    yield made
    made.close()


def land_alone(desk: Fed, event: EventType, example: Example) -> None:
    """Lands an example in the store as the only event there. Raises ConformError."""
    tables = desk.rows(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
        " WHERE NOT temporary AND estimated_size > 0"
    )
    for (name,) in tables:
        if name not in KEPT:
            desk.store.database.run(f"DELETE FROM {name}")
    desk.tell([(event.name, conform(event.schema, example.event))])


def told(cases: list[tuple[EventType, Example]]) -> pytest.MarkDecorator:
    """One test an example."""
    ids = [f"{event.name}:{example.line}" for event, example in cases]
    return pytest.mark.parametrize(("event", "example"), cases, ids=ids)


@told(ACCEPTED)
def test_an_example_gives_exactly_the_facts_beside_it(desk: Fed, event: EventType, example: Example) -> None:
    land_alone(desk, event, example)
    refusal = [("input_refused",)] if event.name == REFUSED else []  # the event that stands for a reject
    assert desk.rows("SELECT reason FROM ops.rejected") == refusal
    assert facts_in(desk) == facts_of(example.facts)


def facts_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts beside an example, in the shape of facts_in."""
    identifiers = set(facts.get("identifiers", []))
    return {
        "identifiers": identifiers,
        "others": set(facts.get("others", [])) - identifiers,
        "traits": facts.get("traits", {}),
        "measures": {name: tuple(value) for name, value in facts.get("measures", {}).items()},
        "consents": {tuple(consent) for consent in facts.get("consents", [])},
    }


def facts_in(desk: Fed) -> dict[str, Any]:
    """The facts in a store that holds one event."""
    nodes = desk.rows(
        "SELECT kind || ':' || value, node IN (SELECT node FROM ops.event WHERE node IS NOT NULL)"
        " OR node IN (SELECT unnest([a, b]) FROM identity.edge) FROM identifiers"
    )
    consents = desk.rows("SELECT contact_kind || ':' || contact, purpose, status FROM consents")
    measures = desk.rows("SELECT measure, total, unit FROM profile.measure")
    return {
        "identifiers": {name for name, is_own in nodes if is_own},
        "others": {name for name, is_own in nodes if not is_own},
        "traits": dict(desk.rows("SELECT trait, value FROM profile.trait")),
        "measures": {name: (total, unit) for name, total, unit in measures},
        "consents": set(consents),
    }


@told(REJECTED)
def test_a_hostile_example_is_rejected_for_the_reason_beside_it(
    desk: Fed, event: EventType, example: Example
) -> None:
    expected = example.rejected or {}
    try:
        land_alone(desk, event, example)
    except ConformError as refused:  # it cannot even be written: files and requests reject it here
        found = {(problem.field, "field_invalid") for problem in refused.problems}
    else:
        found = set(desk.rows("SELECT coalesce(field, ''), reason FROM ops.rejected"))
        assert desk.rows("SELECT count(*) FROM ops.event") == [(0,)]
        assert desk.rows("SELECT bool_and(balanced) FROM ops.conservation") == [(True,)]
    assert found == {(expected["field"], expected["reason"])}
