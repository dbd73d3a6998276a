"""`rundum merge`, `unmerge` and `block`: decisions hold, and are taken back without a trace in profiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.cli.people import block, merge, unmerge
from streams.cli.show import show
from tests.story import ANNA, GERDA
from tests.told import state, told_project, typed

PHONE = "030 23125 099"
BECAUSE = ("--reason", "Mutter und Tochter.")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return told_project(tmp_path)


def _said(output: str) -> str:
    return " ".join(output.split())


def test_unmerge_gives_two_customers_and_undo_the_one_back(project: Path) -> None:
    before = state(project)
    result = typed(project, unmerge, ANNA, "0171 3920045", *BECAUSE)
    assert result.exit_code == 0, result.output
    said = _said(result.output)
    assert f"email:{ANNA} and phone:+491713920045 are two customers." in said
    assert "Before 1 customer" in said
    assert "Now 2 customers" in said
    assert "The two stay apart." in said
    mail, phone = (_said(typed(project, show, who).output) for who in (ANNA, "0171 3920045"))
    assert "2 orders" in mail
    assert "+491713920045" not in mail
    assert "social_handle instagram:178414" in phone
    assert state(project) != before

    undone = typed(project, unmerge, "0171 3920045", ANNA, "--undo", *BECAUSE)
    assert undone.exit_code == 0, undone.output
    assert "Now 1 customer" in _said(undone.output)
    assert state(project) == before


def test_merge_joins_two_people_whatever_limits_say_and_is_taken_back(project: Path) -> None:
    before = state(project)
    result = typed(project, merge, "user_id:u-7", "user_id:u-48213", *BECAUSE)
    assert result.exit_code == 0, result.output
    assert "Before 2 customers" in _said(result.output)
    assert "Now 1 customer" in _said(result.output)
    assert "The two stay one customer, whatever limits say." in result.output
    whole = _said(typed(project, show, GERDA).output)
    assert "user_id u-48213" in whole
    assert "user_id u-7" in whole
    assert typed(project, merge, "user_id:u-7", "user_id:u-48213", "--undo", *BECAUSE).exit_code == 0
    assert state(project) == before


def test_a_cannot_beats_a_must_of_the_same_pair_only_until_the_next_word(project: Path) -> None:
    typed(project, merge, GERDA, ANNA, *BECAUSE)
    refused = typed(project, unmerge, GERDA, ANNA, "--undo", *BECAUSE)
    assert refused.exit_code == 1
    assert "`rundum merge --undo` takes back that they are one customer" in refused.output
    assert "are two customers" in typed(project, unmerge, GERDA, ANNA, *BECAUSE).output
    assert "Gerda Müller" in typed(project, show, GERDA).output


def test_block_lets_an_identifier_join_nobody_and_undo_lets_it_again(project: Path) -> None:
    before = state(project)
    result = typed(project, block, PHONE, "--reason", "Praxis.")
    assert result.exit_code == 0, result.output
    assert "phone:+493023125099 joins nobody from now on." in result.output
    assert "Nobody's now: phone:+493023125099" in result.output
    shown = typed(project, show, PHONE)
    assert shown.exit_code == 1
    assert "Why: people have blocked it" in shown.output
    assert "“Praxis.”" in shown.output
    assert "joins nobody already: “Praxis.”" in typed(project, block, PHONE, *BECAUSE).output
    assert "is blocked and joins nobody" in typed(project, merge, PHONE, ANNA, *BECAUSE).output
    undone = typed(project, block, PHONE, "--undo", *BECAUSE)
    assert "phone:+493023125099 may join again." in undone.output
    assert state(project) == before


def test_a_decision_about_somebody_not_seen_yet_waits(project: Path) -> None:
    result = typed(project, unmerge, "email:neu@gmx.de", ANNA, *BECAUSE)
    assert result.exit_code == 0, result.output
    assert "No customer changed." in result.output
    assert "No event has named both yet" in result.output


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        (("4711", ANNA), "'4711' can mean order:4711, ticket:4711; write it as kind:value"),
        ((ANNA, f"email:{ANNA.upper()}"), "name two identifiers"),
        (("nie@gesehen.de", ANNA), "Write it as kind:value to decide about it before any event names it."),
        (("noreply@gmx.de", ANNA), "is blocked and joins nobody: identifiers.toml blocks values like it"),
        ((ANNA, GERDA, "--undo"), "nothing to take back"),
    ],
)
def test_refuses_what_cannot_hold(project: Path, words: tuple[str, ...], mend: str) -> None:
    before = state(project)
    result = typed(project, unmerge, *words, *BECAUSE)
    assert result.exit_code == 1
    assert mend in result.output
    assert state(project) == before


def test_wants_a_reason(project: Path) -> None:
    assert typed(project, merge, ANNA, GERDA).exit_code == 2
    assert "--reason: give a sentence" in typed(project, merge, ANNA, GERDA, "--reason", " ").output
