"""`rundum explain`: why a customer is who they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.cli.explain import explain
from streams.cli.people import unmerge
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


def test_a_browsers_word_does_not_join_two_people(project: Path) -> None:
    from tests.fed import event_of, fed

    made = fed(project / "other") if (project / "other").mkdir() is None else None
    assert made is not None
    accounts = [
        event_of("shop/standard/account_created", event_id=name, occurred_at="2026-01-10T10:00:00Z", user_id=name,
                 email=f"{name}@gmx.de")
        for name in ("anna", "berta")
    ]  # fmt: skip
    claim = event_of("web/tracking/identified", event_id="w", occurred_at="2026-01-11T10:00:00Z", device_id="d-1",
                     session_id="1", user_id="anna", email="berta@gmx.de")  # fmt: skip
    made.tell([*accounts, claim])
    made.close()
    (project / "other" / "rundum.toml").write_text('[store]\npath = "fed.duckdb"\n', "utf-8")
    text = " ".join(typed(project / "other", explain, "user_id:anna").output.split())
    assert "user_id:anna ╳ email:berta@gmx.de" in text
    assert "only a browser says so, and both sides are known people already (browser)" in text
    assert "a browser's claim · 2026-01-11 10:00 web/tracking/identified w" in text
