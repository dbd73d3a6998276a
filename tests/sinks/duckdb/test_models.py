"""Parts of canonical models that do not fit are refused with file, column and mend."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.catalogue import Catalogue, ContractError
from sinks.duckdb.sql import scripts
from sinks.duckdb.store import Store
from tests.conftest import Feed
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
