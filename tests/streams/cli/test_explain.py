"""`rundum explain`: why a customer is who they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streams.cli.explain import explain
from streams.cli.people import unmerge
from tests.fed import Event, event_of
from tests.story import ANNA, GERDA
from tests.told import told_project, typed


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return told_project(tmp_path)


def test_tells_each_link_with_the_event_that_made_it(project: Path) -> None:
    result = typed(project, explain, ANNA)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 100
    assert "10 identifiers  the links that join them" in lines
    root = lines.index("customer_no:0048213")
    assert lines[root + 1].endswith("─ user_id:u-48213")
    assert "a trusted server's word · 2026-03-02 18:15 shop/standard/order_placed s-1" in lines[root + 2]
    assert "email:noreply@gmx.de is blocked: identifiers.toml blocks values like it" in result.output
    assert "refused" not in result.output


def test_tells_refusals_with_the_other_side_and_the_decision(project: Path) -> None:
    assert typed(project, unmerge, GERDA, "030 23125 099", "--reason", "Nur geliehen.").exit_code == 0
    text = " ".join(typed(project, explain, GERDA).output.split())
    assert f"email:{GERDA} ╳ phone:+493023125099" in text
    assert "people have decided that the two sides are not the same person (cannot)" in text
    assert "“Nur geliehen.”" in text
    assert f"email:{GERDA} and phone:+493023125099 are not one customer" in text


def test_tells_whose_an_identifier_was(project: Path) -> None:
    typed(project, unmerge, GERDA, "030 23125 099", "--reason", "Nur geliehen.")
    document = json.loads(typed(project, explain, "030 23125 099", "--format", "json").output)
    assert [(row["value"], row["known_to"] is None) for row in document["history"]] == [
        ("+493023125099", False),
        ("+493023125099", True),
    ]
    before, now = (row["customer_id"] for row in document["history"])
    assert (now, [row["customer_id"] for row in document["others"]]) == (
        document["head"]["customer_id"],
        [before],
    )
    (edge,) = (edge for edge in document["edges"] if edge["value_a"] == GERDA)
    assert (edge["outcome"], edge["event_id"], edge["strength_in_words"]) == (
        "cannot",
        "c-5",
        "somebody's own word",
    )
    (link,) = document["constraints"]
    assert (link["verdict"], link["reason"]) == ("cannot", "Nur geliehen.")


def test_a_browsers_word_does_not_join_two_people(tmp_path: Path) -> None:
    told_project(
        tmp_path,
        [
            _event("shop/standard/account_created", "1", user_id="anna", email="anna@gmx.de"),
            _event("shop/standard/account_created", "2", user_id="berta", email="berta@gmx.de"),
            _event("web/tracking/identified", "3", user_id="anna", email="berta@gmx.de", device_id="d-1"),
        ],
    )
    text = " ".join(typed(tmp_path, explain, "user_id:anna").output.split())
    assert "user_id:anna ╳ email:berta@gmx.de" in text
    assert "only an unproven claim says so, and both sides are known people already (browser)" in text
    assert "an unproven claim · 2026-01-11 10:00 web/tracking/identified 3" in text


def test_a_device_of_many_people_is_shared(tmp_path: Path) -> None:
    told_project(
        tmp_path,
        [_event("web/tracking/identified", f"{at}", user_id=f"u-{at}", device_id="kiosk") for at in range(5)],
    )
    kiosk = typed(tmp_path, explain, "kiosk").output
    assert "device_id:kiosk is shared: more than 4 people of one kind were named together with it" in kiosk
    assert "5 links refused" in kiosk
    person = " ".join(typed(tmp_path, explain, "u-3").output.split())
    assert "user_id:u-3 ╳ device_id:kiosk one of the two is shared by too many people" in person


def _event(event_type: str, event_id: str, **fields: Any) -> Event:
    if event_type.startswith("web/"):
        fields["session_id"] = "1"
    return event_of(event_type, event_id=event_id, occurred_at="2026-01-11T10:00:00Z", **fields)
