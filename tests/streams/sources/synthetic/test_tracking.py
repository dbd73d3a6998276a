"""The flood of views: the same bytes as fastavro's, in order of arrival, with the shares promised."""

from __future__ import annotations

import io
from collections import Counter

import fastavro
import pytest

from schemas.catalogue import load
from schemas.conform import conform
from streams.sources.synthetic.parameters import HOUR
from streams.sources.synthetic.tracking import tracking


def test_bodies_are_those_of_the_reference_encoder() -> None:
    contracts = load().events
    for event_type, body, _ in tracking(2_000, 50):
        contract = contracts[event_type]
        datum = fastavro.schemaless_reader(io.BytesIO(body), contract.parsed, None)
        again = io.BytesIO()
        fastavro.schemaless_writer(again, contract.parsed, datum)
        assert again.getvalue() == body
        assert conform(contract.schema, datum) == datum


def test_shares_and_order_are_as_promised() -> None:
    contracts, late, named = load().events, 0, 0
    ids: Counter[str] = Counter()
    devices: Counter[str] = Counter()
    arrivals = []
    for event_type, body, appended_at in tracking(60_000, 1_000):
        datum = fastavro.schemaless_reader(io.BytesIO(body), contracts[event_type].parsed, None)
        assert isinstance(datum, dict)
        late += appended_at - int(datum["occurred_at"].timestamp() * 1_000_000) >= HOUR
        named += datum["user_id"] is not None
        ids[datum["event_id"]] += 1
        devices[datum["device_id"]] += 1
        arrivals.append(appended_at)
    assert len(ids) == 60_000
    assert arrivals == sorted(arrivals)
    assert late / 60_000 == pytest.approx(0.02, abs=0.003)
    assert named / 60_000 == pytest.approx(0.3, abs=0.01)
    assert sum(count for _, count in devices.most_common(len(devices) // 10)) > 25_000


def test_without_skew_people_view_equally() -> None:
    parsed = {name: event.parsed for name, event in load().events.items()}
    views: Counter[str] = Counter()
    for event_type, body, _ in tracking(20_000, 100, skew=1):
        datum = fastavro.schemaless_reader(io.BytesIO(body), parsed[event_type], None)
        assert isinstance(datum, dict)
        views[datum["url"] + str(int(datum["device_id"][1:], 16) // 2)] += 1
    assert len(views) == 100
    assert max(views.values()) < 2 * min(views.values())
