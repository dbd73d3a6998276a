"""The examples of every contract hold in a store, and one that does not is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from schemas.catalogue import EventType, load
from schemas.examples import Example, read_examples
from sinks.duckdb.store import Store
from streams.trial import faults_of, trial_store

EVENTS = list(load().events.values())
CASES = [(event, example) for event in EVENTS for example in read_examples(event)]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with trial_store(load()) as made:
        yield made


@pytest.mark.parametrize(
    ("event", "example"), CASES, ids=[f"{event.name}:{example.line}" for event, example in CASES]
)
def test_a_shipped_example_gives_what_it_promises(store: Store, event: EventType, example: Example) -> None:
    assert faults_of(store, event, example) == []


def first_of(name: str) -> tuple[EventType, Example]:
    return next((event, example) for event, example in CASES if event.name == name and not example.rejected)


@pytest.mark.parametrize(
    ("part", "value", "fault"),
    [
        ("identifiers", ["email:nobody@example.de"], "not email:nobody@example.de"),
        ("others", ["phone:+491"], "gives others nothing, not phone:+491"),
        ("measures", {"points": [1, "points"]}, "gives measures nothing, not ('points', 1, 'points')"),
        ("traits", {}, "gives traits ('city', 'Dresden')"),
        (
            "consents",
            [["email:a@example.de", "sms", "granted"]],
            "not ('email:a@example.de', 'sms', 'granted')",
        ),
    ],
)
def test_an_example_with_other_facts_is_told(store: Store, part: str, value: Any, fault: str) -> None:
    event, example = first_of("crm/standard/contact_created")
    facts = {**example.facts, part: value}
    [told] = faults_of(store, event, replace(example, facts=facts))
    assert fault in told


def test_an_example_that_is_not_rejected_is_told(store: Store) -> None:
    event, example = first_of("crm/standard/contact_created")
    hostile = replace(example, rejected={"field": "currency", "reason": "field_invalid"})
    assert faults_of(store, event, hostile) == ["gives rejected nothing, not ('currency', 'field_invalid')"]
