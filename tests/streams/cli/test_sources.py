"""Every source with what it promises and how it goes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.catalogue import load
from streams.cli.sources import read_sources
from streams.log.protocol import Outgoing
from tests.conftest import Feed
from tests.fed import event_of
from tests.feed import LANDED
from tests.streams.cli.conftest import Run, payment, payments

PAID = "shop/standard/order_paid"


def test_counts_rates_and_failures(feed: Feed) -> None:
    def paid(number: int, amount: int = 100) -> tuple[str, object]:
        return event_of(
            PAID, event_id=str(number), occurred_at="2026-03-01T10:00:00Z", order_id=f"R-{number}",
            user_id="u", amount_minor=amount, currency="EUR", payment_method="card",
            payment_id=f"pay-{number}",
        )  # fmt: skip

    made = feed()
    made.log.append([Outgoing("shop.standard", b"no frame"), Outgoing("nobody.knows", None)])
    made.tell([*map(paid, range(90)), paid(0, 7)])  # type: ignore[list-item]
    now = LANDED + timedelta(minutes=30)
    found = {row["source"]: row for row in read_sources(made.reader, now)}
    assert sorted(found) == sorted(load().sources)
    shop = found["shop/standard"]
    assert (shop["events"], str(shop["per_minute"]), str(shop["per_day"])) == (90, "1.50", "12.86")
    assert (shop["rejected"], shop["conflicts"]) == ({"not_framed": 1}, 1)
    assert shop["last_occurred_at"] == datetime(2026, 3, 1, 10)  # noqa: DTZ001
    assert shop["last_landed_at"] == LANDED
    types = {one["event_type"]: one for one in shop["event_types"]}
    assert (types[PAID]["events"], types[PAID]["version"], types[PAID]["conflicts"]) == (90, 1, 1)
    assert types["shop/standard/order_placed"]["events"] == 0
    assert found["web/tracking"]["events"] == 0
    assert found["web/tracking"]["trust"] == "an unproven claim"
    late = {row["source"]: row for row in read_sources(made.reader, now + timedelta(days=8))}
    assert (late["shop/standard"]["per_minute"], late["shop/standard"]["per_day"]) == (0, 0)


@pytest.mark.usefixtures("project")
def test_what_people_read(rundum: Run) -> None:
    Path("a.csv").write_text(payments(payment("1"), payment("2"), payment("3", amount_minor="drei")))
    assert rundum("ingest", "a.csv", "--as", PAID).exit_code == 0
    said = rundum("sources").stdout
    assert "shop/standard  The shop's own server: accounts and orders" in said
    assert "E-commerce, shop@example.de" in said
    assert "order_paid v1 (2)" in said
    assert f"the last landed {datetime.now(UTC):%Y-%m-%d}" in " ".join(said.split())
    assert "1 open rejects: input_refused" in said
    told = json.loads(rundum("sources", "--format", "json").stdout)
    shop = next(row for row in told if row["source"] == "shop/standard")
    assert (shop["events"], shop["per_minute"], shop["legal_basis"]) == (
        2, "0.03", "Contract, Art. 6(1)(b) GDPR; keeping by law, § 147 AO"
    )  # fmt: skip
    assert rundum("rejected", "repair", "1", "--set", "amount_minor=300").exit_code == 0
    assert "open rejects" not in rundum("sources").stdout
