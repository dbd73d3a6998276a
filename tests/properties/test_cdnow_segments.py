"""Segments of CDNOW: eighteen months of real purchases, replayed, against one query over the raw file.

All 23,570 customers. Memberships are looked at each month's end and on the first five days of June 1998; on
each of the 546 days with RUNDUM_TEST_EVERY_DAY set, which takes minutes: a look costs nearly the same
whether a day or a month has landed.
"""

from __future__ import annotations

import importlib.util
import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb

from sinks.duckdb.store import Store
from streams.sources.files import rows
from streams.sources.maps import read_map
from tests.divided import applied, check_history, segments_of, shipped, ticked
from tests.feed import OPENING, Said, batch_of, catalogue, land, new_store

EVENT = "shop/cdnow/purchase"
FIRST, DAILY, LAST = date(1997, 1, 1), date(1998, 6, 1), date(1998, 6, 30)
DAYS = [FIRST + timedelta(one) for one in range((LAST - FIRST).days + 1)]
ENDS = [day for day in DAYS if (day + timedelta(1)).day == 1]
EVERY_DAY = bool(os.environ.get("RUNDUM_TEST_EVERY_DAY"))
LOOKS = [day for day in DAYS if EVERY_DAY or day in ENDS or DAILY <= day <= DAILY + timedelta(4)]
PATIENCE = timedelta(90)
LAPSED = """-- owner: Tests
-- description: Have not ordered for more than 90 days.
-- refresh: live
-- sweep: 1 day
SELECT customer_id FROM customers WHERE last_order_at < $now - INTERVAL 90 DAY
"""
RAW = """
CREATE TABLE purchase AS
SELECT
    substr(line, 2, 5) AS number,
    strptime(substr(line, 8, 8), '%Y%m%d')::DATE AS day,
    substr(line, 20)::DECIMAL(9, 2) AS dollars
FROM read_csv($file, header = false, skip = 1, delim = '', quote = '', columns = {'line': 'VARCHAR'})
"""
SCORED = """
WITH buyer AS (
    SELECT customer_id, max(day) AS latest, count(*) AS orders, sum(dollars) AS dollars
    FROM purchase JOIN known USING (number)
    WHERE day <= $today
    GROUP BY customer_id
)
SELECT
    customer_id,
    ntile(5) OVER (ORDER BY latest, customer_id) AS recency,
    ntile(5) OVER (ORDER BY orders, customer_id) AS frequency,
    ntile(5) OVER (ORDER BY dollars, customer_id) AS money,
    latest < $today::DATE - 90 AS has_lapsed
FROM buyer
"""
BOUGHT = """
SELECT customer_id, list(DISTINCT day ORDER BY day) FROM purchase JOIN known USING (number) GROUP BY 1
"""
HELD = (
    "SELECT customer_id, (reason->>'recency')::INT, (reason->>'frequency')::INT, (reason->>'money')::INT,"
    " reason->>'group_name' FROM segment.membership WHERE segment = 'rfm' AND until IS NULL"
)


def master_file() -> Path:
    """The file, in the package that ships it."""
    found = importlib.util.find_spec("lifetimes")
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "datasets" / "CDNOW_master.txt"


def purchases() -> Mapping[date, Sequence[Said]]:
    """What was bought, as events by day."""
    event = catalogue().events[EVENT]
    told = read_map(event.file.with_name("purchase.map.toml"), event)
    found: dict[date, list[Said]] = {day: [] for day in DAYS}
    for row in rows(master_file(), told, event):
        assert row.datum is not None
        found[row.datum["occurred_at"].date()].append(Said(EVENT, row.datum))
    return found


def tick_on(day: date) -> Said:
    """The tick of a day's first minute: purchases have no other time than that."""
    midnight = datetime.combine(day, time(), UTC)
    return ticked((midnight - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) - OPENING)


def replayed(store: Store) -> Iterator[date]:
    """Lands day after day; yields after each look at the segments."""
    landed, waiting = 0, [applied("lapsed", LAPSED), applied("rfm", shipped()["segment", "rfm"])]
    bought = purchases()
    with segments_of(store) as segments:
        for day in DAYS:
            waiting += [*bought[day], tick_on(day)]
            if day in LOOKS:
                land(store, [batch_of(waiting, landed)])
                landed, waiting = landed + len(waiting), []
                now = segments.now()
                assert now == datetime.combine(day, time())
                segments.catch_up(now)
                yield day


def group_of(recency: int, frequency: int, money: int) -> str:
    """The group as its description tells it."""
    if min(recency, frequency, money) >= 4:
        return "champions"
    if frequency >= 4 and recency >= 3:
        return "loyal"
    if recency >= 4 and frequency <= 2:
        return "recent"
    if frequency >= 4:
        return "at_risk"
    if recency == 1:
        return "lost"
    return "big_spenders" if money >= 4 else "average"


def raw_file() -> duckdb.DuckDBPyConnection:
    """The raw file, taken apart without Rundum; `known` will say which customer has which number."""
    raw = duckdb.connect()
    raw.execute(RAW, {"file": str(master_file())})
    raw.execute("CREATE TABLE known (number VARCHAR, customer_id UUID)")
    return raw


def check_month(store: Store, raw: duckdb.DuckDBPyConnection, today: date) -> None:
    """Who has lapsed and how each customer scores, as the raw file has it."""
    known = store.database.connection.sql(
        "SELECT value AS number, node AS customer_id FROM identity.identifier WHERE kind = 'customer_no'"
    ).to_arrow_table()
    raw.register("told", known)
    raw.execute("CREATE OR REPLACE TABLE known AS SELECT number, customer_id::UUID AS customer_id FROM told")
    found = raw.execute(SCORED, {"today": today}).fetchall()
    scored = {row[0]: (*row[1:4], group_of(*row[1:4])) for row in found}
    assert {row[0]: row[1:] for row in store.database.rows(HELD)} == scored
    assert lapsed_now(store) == {row[0] for row in found if row[4]}


def lapsed_now(store: Store) -> set[UUID]:
    """Who is in the lapse segment."""
    sql = "SELECT customer_id FROM segment.membership WHERE segment = 'lapsed' AND until IS NULL"
    return {customer for (customer,) in store.database.rows(sql)}


def lapses(raw: duckdb.DuckDBPyConnection) -> list[tuple[UUID, datetime, datetime | None]]:
    """Every lapse that the raw file tells of: from when time called for it until the purchase."""
    found = []
    for customer, days in raw.execute(BOUGHT).fetchall():
        for bought, again in pairwise([*days, None]):
            began = look_on(bought + PATIENCE + timedelta(1))
            ended = look_on(again) if again else None
            if began and (ended is None or began < ended):
                found.append((customer, began, ended))
    return sorted(found, key=str)


def look_on(day: date) -> datetime | None:
    """When memberships were first looked at on that day or after it."""
    at = bisect_left(LOOKS, day)
    return datetime.combine(LOOKS[at], time()) if at < len(LOOKS) else None


def test_memberships_of_eighteen_months_are_those_of_the_raw_file() -> None:
    with new_store() as store:
        raw = raw_file()
        for day in replayed(store):
            if day in ENDS:
                check_month(store, raw, day)
        held: list[tuple[Any, ...]] = store.database.rows(
            "SELECT customer_id, since, until FROM segment.membership WHERE segment = 'lapsed'"
        )
        assert sorted(held, key=str) == lapses(raw)
        check_history(store)
        raw.close()
        assert store.database.value("SELECT count(*) FROM orders") == 69_659
        assert store.database.rows("FROM segment.refresh WHERE error IS NOT NULL") == []
