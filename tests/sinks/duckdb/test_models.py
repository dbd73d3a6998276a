"""Canonical models: parts that do not fit stop the start; and the examples of every contract hold in the store."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import Catalogue, ContractError, EventType, load
from schemas.conform import ConformError, conform
from schemas.examples import Example, read_examples
from sinks.duckdb.sql import scripts
from sinks.duckdb.store import Store
from tests.conftest import Feed
from tests.fed import Fed, fed
from tests.feed import catalogue

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
    store = Store(tmp_path / "s.duckdb", with_part(f"{head}\n{turned}\n")[1])
    try:
        row = store.database.rows("SELECT payment_id, order_id, amount::VARCHAR, customer_id FROM payments")
    finally:
        store.close()
    assert row == [("p1", "o1", "1.000", None)]


@pytest.mark.parametrize(
    ("text", "place", "mend"),
    [
        (PAYMENT.replace("    'o1' AS order_id,\n", ""), "order_id", "the column is missing; the model wants it as VARCHAR"),
        (PAYMENT.replace("    CAST(NULL AS UUID) AS node,\n", ""), "node", "the column is missing; the model wants it as UUID"),
        (PAYMENT.replace("major(100, 'EUR')", "100"), "amount", "is INTEGER, the model wants DECIMAL(18,3); cast it"),
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
    path = tmp_path / "s.duckdb"
    with pytest.raises(ContractError) as caught:
        Store(path, contracts)
    assert str(caught.value).startswith(f"{file}: {place}: {mend}" if place else f"{file}: {mend}")
    Store(path, catalogue()).close()  # the file left behind is whole


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


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[EventType, Example], Fed]:
    """A function that gives a store with one example in it: a fresh one each time."""
    made: list[Fed] = []

    def landed(event: EventType, example: Example) -> Fed:
        for old in made:
            old.close()
        made[:] = [fed(tmp_path_factory.mktemp("example"))]
        made[0].tell([(event.name, conform(event.schema, example.event))])
        return made[0]

    return landed


def told(cases: list[tuple[EventType, Example]]) -> pytest.MarkDecorator:
    """One test an example."""
    ids = [f"{event.name}:{example.line}" for event, example in cases]
    return pytest.mark.parametrize(("event", "example"), cases, ids=ids)


@told(ACCEPTED)
def test_an_example_gives_exactly_the_facts_beside_it(
    landed: Callable[[EventType, Example], Fed], event: EventType, example: Example
) -> None:
    shop = landed(event, example)
    assert shop.rows("SELECT reason, detail FROM ops.rejected") == []
    assert facts_in(shop) == facts_of(example.facts)


def facts_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts beside an example; what the state of nodes holds of them."""
    identifiers = set(facts.get("identifiers", []))
    return {
        "identifiers": identifiers,
        "others": set(facts.get("others", [])) - identifiers,
        # Events that name nobody who may be named have no anchor for traits and measures to hang on.
        "traits": facts.get("traits", {}),
        "measures": {name: tuple(value) for name, value in facts.get("measures", {}).items()},
        "consents": {tuple(consent) for consent in facts.get("consents", [])},
    }


def facts_in(shop: Fed) -> dict[str, Any]:
    """The facts in a store that holds one event."""
    nodes = shop.rows(
        "SELECT kind || ':' || value, node = event.node OR (one.a IS NOT NULL) FROM identifiers"
        " CROSS JOIN ops.event AS event LEFT JOIN identity.edge AS one ON node IN (one.a, one.b)"
    )
    measures: dict[str, tuple[int, str]] = defaultdict(lambda: (0, ""))
    for name, total, unit in shop.rows("SELECT measure, total, unit FROM profile.measure"):
        measures[name] = total, unit
    consents = shop.rows("SELECT contact_kind || ':' || contact, purpose, status FROM consents")
    return {
        "identifiers": {name for name, is_own in nodes if is_own},
        "others": {name for name, is_own in nodes if not is_own},
        "traits": dict(shop.rows("SELECT trait, value FROM profile.trait")),
        "measures": dict(measures),
        "consents": set(consents),
    }


@told(REJECTED)
def test_a_hostile_example_is_rejected_for_the_reason_beside_it(
    landed: Callable[[EventType, Example], Fed], event: EventType, example: Example
) -> None:
    expected = example.rejected or {}
    try:
        shop = landed(event, example)
    except ConformError as refused:  # it cannot even be written: files and requests reject it here
        found = {(problem.field, "field_invalid") for problem in refused.problems}
    else:
        found = set(shop.rows("SELECT coalesce(field, ''), reason FROM ops.rejected"))
        assert shop.rows("SELECT count(*) FROM ops.event") == [(0,)]
        assert shop.rows("SELECT bool_and(balanced) FROM ops.conservation") == [(True,)]
    assert found == {(expected["field"], expected["reason"])}
