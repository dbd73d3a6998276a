"""A command that lands by itself looks at segments too, and counts no tick as news."""

from __future__ import annotations

from pathlib import Path

from sinks.gateway.access import Access
from streams.house import House
from tests.divided import defined
from tests.feed import catalogue, says
from tests.living import append, new_project


def test_what_lands_is_looked_at(tmp_path: Path) -> None:
    project = new_project(tmp_path / "shop")
    people = defined("people", "SELECT customer_id FROM customers WHERE kind = 'person'")
    anna, otto = (
        says("web/tracking/identified", name, device_id=f"d-{name}", user_id=name)
        for name in ("anna", "otto")
    )
    append(project, [people, anna])
    with House(project, catalogue(), lambda *_: None) as house:
        assert house.land().landed == 2
        append(project, [otto])
        assert house.land().landed == 1
        assert house.land().landed == 0
    with Access(project.store) as access:
        held = access.reader.value("SELECT count(*) FROM segment.membership WHERE until IS NULL")
    assert held == 2
