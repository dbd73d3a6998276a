"""`rundum show`: what people read of a customer."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from streams.cli.session import Session
from streams.cli.sheet import lateness
from streams.cli.show import show
from streams.cli.words import DIGITS, major
from tests.story import ANNA
from tests.told import told_project, typed


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return told_project(tmp_path_factory.mktemp("told"))


def _lines(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.output.splitlines()]


def test_shows_the_customer_whole(project: Path) -> None:
    result = typed(project, show, "0171 / 392 00 45")
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 100
    lines = _lines(result)
    for line in (
        "│ Anna Müller person │",
        "│ anna.mueller@gmx.de · 0171-3920045 · Dresden · DE │",
        "│ 2 orders · 206.71 EUR net · 1 return · 1 open complaint │",
        "customer_no 0048213 2026-03-02 2026-03-29 9",
        "city Dresden shop/standard 2026-03-02 18:15 most recent",
        "4711 refunded · app 50.00 EUR, net 0.00 EUR",
        "placed 2026-03-20 10:00 → returned 28 Mar → refunded 29 Mar",
        "R-1001 delivered, 2 days late · web · paypal 206.71 EUR",
        "Stiefelette »Mörike«, 2 × Schal aus Merinowolle",
        "2026-03-08 08:30 T-815 email complaint open after 40 min 1 Lieferung zu spät, order",
        "2026-03-11 10:03 message in Ruft mich an",
        "order value 256.71 EUR 2",
        "2026-03-02 18:15 shop order paid amount 206.71 currency EUR",
    ):
        assert line in lines
    assert "→ delivered 7 Mar (promised by 5 Mar)" in " ".join(lines)
    assert f"{ANNA} newsletter granted 2026-03-02 18:06 double opt in, 2026-01" in " ".join(lines)
    assert "email noreply@gmx.de 2026-03-08 2026-03-08 1 blocked by rule" in lines
    assert "\x1b" not in result.output


def test_json_is_one_exact_document(project: Path) -> None:
    document = json.loads(typed(project, show, ANNA, "--format", "json").output)
    assert document["head"]["revenue_by_currency"] == {"EUR": "206.710"}
    assert document["head"]["first_seen_at"] == "2026-03-02T09:00:00Z"
    assert document["consents"][0]["proof"]["method"] == "double_opt_in"
    assert [len(order["lines"]) for order in document["orders"]] == [1, 2]
    assert len(document["timeline"]) == 14


def test_several_customers_are_listed(project: Path) -> None:
    result = typed(project, show, "4711")
    assert result.exit_code == 1
    assert "4711 fits 2 customers:" in result.output
    for told in ("Anna Müller", "Gerda Müller", "order:4711", "ticket:4711", "kind:value"):
        assert told in result.output


def test_an_unknown_one_says_how_it_was_read(project: Path) -> None:
    result = typed(project, show, "phone:030 / 23125 098")
    assert result.exit_code == 1
    assert result.output.splitlines()[:2] == [
        "Error: nothing is known of 'phone:030 / 23125 098'. Looked for:",
        "  phone:+493023125098",
    ]
    assert "Did you mean order:R-1001?" in typed(project, show, "order:r-1001").output


def test_a_blocked_one_says_why_and_where_it_stands(project: Path) -> None:
    result = typed(project, show, "noreply@gmx.de")
    assert result.exit_code == 1
    assert "email:noreply@gmx.de is blocked: it joins nobody." in result.output
    assert "Why: identifiers.toml blocks values like it" in result.output
    assert "It stands on 1 event of 1 customer:" in result.output
    assert "Anna Müller" in result.output


@pytest.mark.parametrize(
    ("hours", "said"),
    [(-3, "in time"), (0, "in time"), (0.1, "1 hour late"), (26, "26 hours late"), (48, "2 days late")],
)
def test_lateness_is_told_from_the_promise(hours: float, said: str) -> None:
    promised = datetime.fromisoformat("2026-03-05T18:00:00")
    assert lateness({"promised_by": promised, "delivered_at": promised + timedelta(hours=hours)}) == said
    assert lateness({"promised_by": promised, "delivered_at": None}) == ""


def test_money_has_the_digits_that_the_store_gives_it(project: Path) -> None:
    with Session(folder=project).reading() as reader:
        for currency in (*DIGITS, "EUR"):
            assert reader.value("SELECT major(123456, ?)", [currency]) == major(123456, currency)
