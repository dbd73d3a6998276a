"""KPIs: ten counted by hand in a small story, by day, week, month and in total, and what a file must say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import ContractError
from sinks.duckdb.kpi import COLUMNS, Kpi, Period, ask_kpi, kpi_files, read_kpi
from sinks.duckdb.reader import QueryError, Reader, records_of
from tests.conftest import Feed
from tests.fed import Event, Fed, event_of, fed

FILES = kpi_files(Path("no such folder"))
WHOLE = Period()
KPIS = {name: read_kpi(file) for name, file in FILES.items()}
HEAD = "-- owner: us\n-- description: Ours.\n-- unit: {unit}\n-- value: {value}\n"

ANNA = {"user_id": "u-1", "email": "anna.mueller@gmx.de"}
BELA = {"user_id": "u-2", "email": "bela.nagy@web.de"}
CARL = {"user_id": "u-3", "email": "carl.otto@posteo.de"}

PAGE = Path(__file__).parents[3] / "sinks" / "README.md"
FITS = "SELECT placed_at AS occurred_at, 1 AS numerator"

Values = dict[tuple[str, str | None], Any]  # by first day, as month-day of 2026, and series


def told() -> list[Event]:
    """Anna orders three times, Bela and Carl too; in euros and francs, with all that can go wrong."""
    return [*_kept(), *_returned(), *_cancelled(), *_missing(), *_by_telephone(), *_young(), *_visits(),
            *_service(), *_consents()]  # fmt: skip


def _kept() -> list[Event]:
    return [
        _placed("O-1", "03-02T10:00", ANNA, 10000, promised_by="2026-03-05T18:00:00Z"),
        _said("shop/standard/order_delivered", "03-05T17:00", order_id="O-1"),
    ]


def _returned() -> list[Event]:
    return [
        _placed("O-2", "03-09T10:00", ANNA, 5000, promised_by="2026-03-12T18:00:00Z"),
        _said("shop/standard/order_delivered", "03-13T09:00", order_id="O-2"),
        _said("shop/standard/order_returned", "03-20T12:00", order_id="O-2", return_id="RT-1"),
        _refund("O-2", "03-22T12:00", 5000, "EUR", "return"),
    ]


def _cancelled() -> list[Event]:
    return [
        _placed("O-3", "03-09T12:00", BELA, 20000, currency="CHF", promised_by="2026-03-12T18:00:00Z"),
        _said("shop/standard/order_cancelled", "03-10T12:00", order_id="O-3"),
        _refund("O-3", "03-10T18:00", 20000, "CHF", "cancellation"),
    ]


def _missing() -> list[Event]:
    return [_placed("O-4", "04-06T09:00", BELA, 8000, currency="CHF", promised_by="2026-04-08T18:00:00Z")]


def _by_telephone() -> list[Event]:
    return [
        _placed("O-5", "04-06T10:00", ANNA, 3000, channel="phone"),
        _refund("O-5", "04-20T12:00", 500, "EUR", "goodwill"),
    ]


def _young() -> list[Event]:
    return [_placed("O-6", "04-07T11:20", CARL, 4000, promised_by="2026-06-30T18:00:00Z")]


def _visits() -> list[Event]:
    """Anna's before her first order, on the day after, and while she telephones; Carl's on two devices at
    once, of which only the later one has the order; and somebody's whom nobody knows.
    """
    return [
        _page("03-02T09:50", "d-a", "u-1"),
        _page("03-02T09:55", "d-a", "u-1"),
        _page("03-03T09:00", "d-a", "u-1"),
        _page("04-06T09:58", "d-a", "u-1"),
        _page("04-07T11:00", "d-c", "u-3"),
        _page("04-07T11:05", "d-p", "u-3"),
        _page("04-08T20:00", "d-x", None),
    ]


def _service() -> list[Event]:
    """Answered after 3 hours, 1 hour, 24 hours, and never."""
    opened = [("T-1", "03-03T09:00"), ("T-2", "03-04T10:00"), ("T-3", "04-01T10:00"), ("T-4", "04-10T10:00")]
    answered = [("T-1", "03-03T12:00"), ("T-2", "03-04T11:00"), ("T-3", "04-02T10:00")]
    return [
        *(_said("crm/standard/ticket_opened", at, ticket_id=ticket, email=ANNA["email"], channel="email")
          for ticket, at in opened),
        *(_said("crm/standard/email_sent", at, ticket_id=ticket, email=ANNA["email"])
          for ticket, at in answered),
    ]  # fmt: skip


def _consents() -> list[Event]:
    """Anna lets us call her, and ends the newsletter on the 10th of April; Carl has not confirmed his."""
    return [
        _consent("given", "03-15T10:00", ANNA, email_purpose="newsletter", method="double_opt_in"),
        _consent("given", "03-16T10:00", {"phone": "0171 3920045"}, phone_purpose="calls", method="verbal"),
        _consent("withdrawn", "04-10T10:00", ANNA, email_purpose="newsletter"),
        _consent("given", "04-12T10:00", BELA, email_purpose="newsletter", method="double_opt_in"),
        _consent("requested", "04-13T10:00", CARL, email_purpose="newsletter"),
    ]


def _said(event_type: str, at: str, **fields: Any) -> Event:
    event_id = (
        f"{at} {'-'.join(str(fields.get(name, '')) for name in ('order_id', 'ticket_id', 'device_id'))}"
    )
    return event_of(event_type, event_id=event_id, occurred_at=f"2026-{at}:00Z", **fields)


def _placed(order_id: str, at: str, who: Mapping[str, str], total: int, **fields: Any) -> Event:
    phone = {"phone": "0171 3920045"} if who is ANNA else {}
    line = {"line_id": "1", "product_id": "P-1", "name": "Schal", "quantity": 1, "unit_price_minor": total,
            "total_minor": total}  # fmt: skip
    told = {"currency": "EUR", "channel": "web", "lines": [line], "subtotal_minor": total, **fields}
    return _said(
        "shop/standard/order_placed", at, order_id=order_id, **who, **phone, total_minor=total, **told
    )


def _refund(order_id: str, at: str, amount: int, currency: str, reason: str) -> Event:
    return _said("shop/standard/order_refunded", at, order_id=order_id, refund_id=f"RF-{order_id}",
                 return_id="RT-1" if reason == "return" else None, amount_minor=amount, currency=currency,
                 reason=reason)  # fmt: skip


def _page(at: str, device: str, user: str | None) -> Event:
    return _said(
        "web/tracking/page_viewed", at, device_id=device, user_id=user, url="https://shop.example.de/"
    )


def _consent(word: str, at: str, who: Mapping[str, str], **fields: Any) -> Event:
    contact = {name: value for name, value in who.items() if name in ("email", "phone")}
    return _said(f"crm/standard/consent_{word}", at, **contact, **fields)


def values_of(reader: Reader, kpi: Kpi, period: Period = WHOLE) -> Values:
    """What a KPI says, by first day and series."""
    return {
        (f"{row['first_day']:%m-%d}", row["series"]): row["value"] for row in rows_of(reader, kpi, period)
    }


def rows_of(reader: Reader, kpi: Kpi, period: Period = WHOLE) -> list[dict[str, Any]]:
    answer = ask_kpi(reader, kpi, period)
    return [row for batch in answer.batches for row in records_of(batch)]


def own(folder: Path, select: str, *, unit: str = "orders", value: str = "sum") -> Kpi:
    """A company's own KPI."""
    file = folder / "ours.sql"
    file.write_text(HEAD.format(unit=unit, value=value) + select, "utf-8")
    return read_kpi(file)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fed]:
    """The story, landed. For all tests together: only read it."""
    made = fed(tmp_path_factory.mktemp("kpis"))
    made.tell(told())
    yield made
    made.close()


# By month, and over the whole time, which begins on the day of the first fact.
COUNTED: dict[str, tuple[Values, Values]] = {
    "revenue": (
        {("03-01", "CHF"): 0, ("04-01", "CHF"): 80, ("03-01", "EUR"): 100, ("04-01", "EUR"): 65},
        {("03-02", "CHF"): 80, ("03-02", "EUR"): 165},
    ),
    "orders": ({("03-01", None): 3, ("04-01", None): 3}, {("03-02", None): 6}),
    "average_order_value": (
        {("03-01", "CHF"): None, ("04-01", "CHF"): 80, ("03-01", "EUR"): 75, ("04-01", "EUR"): 35},
        {("03-02", "CHF"): 80, ("03-02", "EUR"): 55},
    ),
    "conversion": ({("03-01", None): 1 / 2, ("04-01", None): 1 / 4}, {("03-02", None): 2 / 6}),
    "repeat_rate": ({("03-01", None): 1, ("04-01", None): 1 / 3}, {("03-02", None): 1 / 3}),
    "return_rate": ({("03-01", None): 1 / 2, ("04-01", None): 0}, {("03-02", None): 1 / 5}),
    "time_to_refund": ({("03-01", None): 1.125, ("04-01", None): None}, {("03-10", None): 1.125}),
    "promise_kept": ({("03-01", None): 1 / 2, ("04-01", None): 0}, {("03-05", None): 1 / 3}),
    "first_response_time": ({("03-01", None): 2, ("04-01", None): 24}, {("03-03", None): 3}),
    "reachability": (
        {
            ("03-01", "any"): 1 / 2, ("04-01", "any"): 2 / 3,
            ("03-01", "calls"): 1 / 2, ("04-01", "calls"): 1 / 3,
            ("03-01", "newsletter"): 1 / 2, ("04-01", "newsletter"): 1 / 3,
        },
        {("03-02", "any"): 2 / 3, ("03-02", "calls"): 1 / 3, ("03-02", "newsletter"): 1 / 3},
    ),
}  # fmt: skip

# By week and by day: every value there is; other weeks and days are zero (sums) or nothing.
BY_WEEK: dict[str, Values] = {
    "revenue": {("03-02", "EUR"): 100, ("04-06", "EUR"): 65, ("04-06", "CHF"): 80},
    "orders": {("03-02", None): 1, ("03-09", None): 2, ("04-06", None): 3},
    "average_order_value": {("03-02", "EUR"): 100, ("03-09", "EUR"): 50, ("04-06", "EUR"): 35,
                            ("04-06", "CHF"): 80},
    "conversion": {("03-02", None): 1 / 2, ("04-06", None): 1 / 4},
    "repeat_rate": {("03-09", None): 1, ("04-06", None): 1 / 3},
    "return_rate": {("03-09", None): 1},
    "time_to_refund": {("03-09", None): 0.25, ("03-16", None): 2},
    "promise_kept": {("03-02", None): 1},
    "first_response_time": {("03-02", None): 2, ("03-30", None): 24},
}  # fmt: skip
BY_DAY: dict[str, Values] = {
    "revenue": {("03-02", "EUR"): 100, ("04-06", "EUR"): 25, ("04-07", "EUR"): 40, ("04-06", "CHF"): 80},
    "orders": {("03-02", None): 1, ("03-09", None): 2, ("04-06", None): 2, ("04-07", None): 1},
    "average_order_value": {("03-02", "EUR"): 100, ("03-09", "EUR"): 50, ("04-06", "EUR"): 30,
                            ("04-07", "EUR"): 40, ("04-06", "CHF"): 80},
    "conversion": {("03-02", None): 1, ("04-07", None): 1 / 2},
    "repeat_rate": {("03-09", None): 1, ("04-06", None): 1 / 2},
    "return_rate": {("03-09", None): 1},
    "time_to_refund": {("03-10", None): 0.25, ("03-22", None): 2},
    "promise_kept": {("03-05", None): 1},
    "first_response_time": {("03-03", None): 3, ("03-04", None): 1, ("04-01", None): 24},
}  # fmt: skip


def test_ten_ship_and_each_is_counted_here() -> None:
    assert set(COUNTED) == set(KPIS)
    assert len(KPIS) == 10
    for kpi in KPIS.values():
        assert max(map(len, kpi.file.read_text("utf-8").splitlines())) <= 110


@pytest.mark.parametrize("name", COUNTED)
def test_a_kpi_by_month_and_in_total(story: Fed, name: str) -> None:
    by_month, whole = COUNTED[name]
    assert values_of(story.reader, KPIS[name], Period("month")) == pytest.approx(by_month)
    assert values_of(story.reader, KPIS[name]) == pytest.approx(whole)


@pytest.mark.parametrize(("by", "expected"), [("week", BY_WEEK), ("day", BY_DAY)])
def test_a_kpi_by_week_and_by_day(story: Fed, by: str, expected: dict[str, Values]) -> None:
    for name, wanted in expected.items():
        found = values_of(story.reader, KPIS[name], Period(by))
        assert {place: value for place, value in found.items() if value} == pytest.approx(wanted), name
        quiet = ("03-23", None) if by == "week" else ("03-25", None)
        if KPIS[name].unit != "money":
            assert found[quiet] == (0 if KPIS[name].value == "sum" else None), name


def test_reachability_is_what_holds_at_the_end_of_each_day(story: Fed) -> None:
    found = values_of(story.reader, KPIS["reachability"], Period("day"))
    newsletter = {day: value for (day, series), value in found.items() if series == "newsletter"}
    assert len(newsletter) == 50
    assert [
        newsletter[day] for day in ("03-02", "03-14", "03-15", "04-06", "04-07", "04-09")
    ] == pytest.approx([0, 0, 1 / 2, 1 / 2, 1 / 3, 1 / 3])
    assert [newsletter[day] for day in ("04-10", "04-11", "04-12", "04-20")] == pytest.approx(
        [0, 0, 1 / 3, 1 / 3]
    )
    early = values_of(story.reader, KPIS["reachability"], Period(until=date(2026, 3, 31)))
    assert early["03-02", "newsletter"] == 1 / 2


def test_periods_are_cut_by_the_days_asked_for_and_by_what_is_known(story: Fed) -> None:
    days = Period("month", date(2026, 3, 9), date(2026, 4, 6))
    rows = rows_of(story.reader, KPIS["orders"], days)
    assert [(row["first_day"], row["last_day"], row["value"]) for row in rows] == [
        (date(2026, 3, 9), date(2026, 3, 31), 2),
        (date(2026, 4, 1), date(2026, 4, 6), 2),
    ]
    [whole] = rows_of(story.reader, KPIS["orders"])
    assert (whole["first_day"], whole["last_day"], whole["of"]) == (date(2026, 3, 2), date(2026, 4, 20), 6)
    quiet = Period(None, date(2026, 3, 23), date(2026, 3, 24))
    assert values_of(story.reader, KPIS["orders"], quiet) == {("03-23", None): 0}
    assert values_of(story.reader, KPIS["return_rate"], quiet) == {("03-23", None): None}
    assert rows_of(story.reader, KPIS["orders"], Period(since=date(2026, 5, 1))) == []
    assert rows_of(story.reader, KPIS["orders"], Period(until=date(2026, 3, 1))) == []


@pytest.mark.parametrize("name", COUNTED)
def test_nothing_at_all_is_no_row(feed: Feed, name: str) -> None:
    empty = feed()
    for by in (None, "day", "month"):
        assert rows_of(empty.reader, KPIS[name], Period(by)) == []


@pytest.mark.parametrize("by", ["day", "week", "month", None])
def test_revenue_is_that_of_orders_and_of_customers(story: Fed, shop: Fed, by: str | None) -> None:
    for one in (story, shop):
        sums: dict[str | None, Decimal] = {}
        for (_, currency), value in values_of(one.reader, KPIS["revenue"], Period(by)).items():
            sums[currency] = sums.get(currency, Decimal()) + value
        assert sums == dict(one.rows("SELECT currency, sum(revenue_net) FROM orders GROUP BY currency"))
        assert sums == dict(
            one.rows(
                "SELECT entry.key, sum(entry.value)"
                " FROM customers, unnest(map_entries(revenue_by_currency)) AS each(entry) GROUP BY ALL"
            )
        )
        counted = values_of(one.reader, KPIS["orders"], Period(by)).values()
        assert [(sum(counted),)] == one.rows("SELECT count(*) FROM orders")


def test_a_subject_counts_once_a_period_in_each_series(story: Fed, tmp_path: Path) -> None:
    buyers = own(
        tmp_path, "SELECT placed_at AS occurred_at, 1 AS numerator, customer_id AS subject FROM orders"
    )
    assert values_of(story.reader, buyers) == {("03-02", None): 3}
    assert values_of(story.reader, buyers, Period("month")) == {("03-01", None): 2, ("04-01", None): 3}
    by_currency = own(
        tmp_path,
        f"{FITS}, customer_id AS subject, currency AS series FROM orders;",
    )
    assert values_of(story.reader, by_currency) == {("03-02", "CHF"): 1, ("03-02", "EUR"): 2}
    nobody = own(
        tmp_path, "SELECT placed_at AS occurred_at, 1 AS numerator, NULL AS subject FROM orders -- all"
    )
    assert values_of(story.reader, nobody) == {("03-02", None): 6}


def test_facts_without_an_instant_or_a_number_count_nowhere(story: Fed, tmp_path: Path) -> None:
    delivered = own(tmp_path, "SELECT delivered_at::DATE AS occurred_at, 1.5 AS numerator FROM orders")
    assert values_of(story.reader, delivered) == {("03-05", None): 3}
    text = (
        "SELECT placed_at AS occurred_at, date_diff('hour', placed_at, delivered_at) AS numerator FROM orders"
    )
    hours = own(tmp_path, text, unit="hours", value="median")
    assert values_of(story.reader, hours) == {("03-02", None): 87}
    assert [row["of"] for row in rows_of(story.reader, hours)] == [2]


def test_a_companys_own_stand_beside_those_that_ship_and_take_their_place(tmp_path: Path) -> None:
    for name in ("orders", "zeal"):
        (tmp_path / f"{name}.sql").write_text("")
    files = kpi_files(tmp_path)
    assert [*files] == [*sorted({*FILES, "zeal"})]
    assert files["orders"] == tmp_path / "orders.sql"
    assert files["revenue"] == FILES["revenue"]


@pytest.mark.parametrize(
    ("select", "head", "said"),
    [
        ("DELETE FROM orders", "orders sum", "is not one SELECT"),
        ("SELECT 1; SELECT 2", "orders sum", "is not one SELECT"),
        ("SELEC 1", "orders sum", "is no SELECT: Parser Error"),
        (f"{FITS} FROM orders", "orders mean", "value: is mean; did you mean median"),
        (f"{FITS} FROM ordres", "orders sum", "cannot be asked: Catalog Error"),
        ("SELECT 1 AS numerator", "orders sum", "occurred_at: the column is missing"),
        ("SELECT placed_at AS occurred_at FROM orders", "orders sum", "numerator: the column is missing"),
        (f"{FITS}, 1 AS numerater FROM orders", "orders sum", "numerater: .*did you mean numerator"),
        (f"{FITS} FROM orders", "share ratio", "denominator: .*; a ratio is of something"),
        (f"{FITS}, 1 AS denominator FROM orders", "orders sum", "denominator: is of no use to a sum"),
        (f"{FITS} FROM orders", "money sum", "series: the column is missing; money is never summed over"),
        ("SELECT 'x' AS occurred_at, 1 AS numerator", "orders sum", "occurred_at: is string"),
        ("SELECT now() AS occurred_at, 1 AS numerator", "orders sum", "occurred_at: is timestamp.*; cast"),
        ("SELECT placed_at AS occurred_at, 'x' AS numerator FROM orders", "x sum", "numerator: is string"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_a_sentence(
    story: Fed, tmp_path: Path, select: str, head: str, said: str
) -> None:
    unit, value = head.split()
    with pytest.raises(ContractError, match=said) as refused:
        ask_kpi(story.reader, own(tmp_path, select, unit=unit, value=value), Period())
    assert str(refused.value).startswith(f"{tmp_path / 'ours.sql'}: ")
    assert "\n" not in str(refused.value)


def test_a_select_that_fails_on_its_way_names_its_file(story: Fed, tmp_path: Path) -> None:
    text = "SELECT placed_at AS occurred_at, order_id::INTEGER AS numerator FROM orders"
    with pytest.raises(QueryError, match=r"ours\.sql: Conversion Error"):
        ask_kpi(story.reader, own(tmp_path, text), Period())


def test_the_page_shows_a_kpi_that_can_be_asked_for(story: Fed, tmp_path: Path) -> None:
    section = PAGE.read_text("utf-8").partition("## KPIs")[2].partition("## Adding to it")[0]
    file = tmp_path / "coupons.sql"
    file.write_text(section.partition("```sql\n")[2].partition("```")[0], "utf-8")
    assert values_of(story.reader, read_kpi(file)) == {("03-02", None): 0}
    assert {f"`{name}`" for name in COLUMNS} <= {*re.findall(r"`\w+`", section)}
