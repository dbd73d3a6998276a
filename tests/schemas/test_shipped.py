"""The contracts that ship: complete, documented, and true to their own examples."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Callable
from itertools import groupby

import fastavro
import pytest

from schemas.catalogue import SHIPPED, EventType, load
from schemas.conform import ConformError, Problem, conform
from schemas.examples import Example, read_examples
from schemas.lint import lint

CATALOGUE = load()
EVENTS = list(CATALOGUE.events.values())
MODELS = SHIPPED.parent / "sinks" / "duckdb" / "models"
# Faults in events whose JSON fits the contract: only the step `read` sees them.
LEFT_TO_READ = {("", "no_identifier"), ("currency", "field_invalid")}

Case = tuple[EventType, Example]


def cases(wanted: Callable[[Example], bool]) -> pytest.MarkDecorator:
    """One test an example."""
    found: list[Case] = [(event, each) for event in EVENTS for each in read_examples(event) if wanted(each)]
    names = [f"{event.name}:{example.line}" for event, example in found]
    return pytest.mark.parametrize(("event", "example"), found, ids=names)


def problems_of(event: EventType, example: Example) -> list[Problem]:
    """What keeps the example from fitting its contract."""
    try:
        conform(event.schema, example.event)
    except ConformError as refused:
        return refused.problems
    return []


every_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
every_accepted = cases(lambda example: example.rejected is None)
every_rejected = cases(lambda example: example.rejected is not None)


def test_there_is_nothing_to_mend_or_advise() -> None:
    assert [str(finding) for finding in lint(CATALOGUE, MODELS)] == []


def test_the_sources_that_ship() -> None:
    assert {name: source.trust for name, source in CATALOGUE.sources.items()} == {
        "web/tracking": 0,
        "shop/standard": 2,
        "shop/cdnow": 2,
        "crm/standard": 2,
        "social/standard": 2,
        "own/clock": 3,
        "own/rundum": 3,
    }
    for source in CATALOGUE.sources.values():
        assert source.topic == source.name.replace("/", ".")


@every_event
def test_a_contract_is_named_after_its_file(event: EventType) -> None:
    words = "".join(word.capitalize() for word in event.event.split("_"))
    assert event.full_name == f"{event.source.name.replace('/', '.')}.{words}"


@every_event
def test_traits_and_kinds_are_declared(event: EventType) -> None:
    assert {mark.name for mark in event.marked("trait")} <= CATALOGUE.traits.keys()
    named = {mark.name for meaning in ("id", "other") for mark in event.marked(meaning)}
    assert named <= CATALOGUE.kinds.keys()


def test_every_declared_trait_is_told_by_some_contract() -> None:
    declared = tomllib.loads((SHIPPED / "traits.toml").read_text("utf-8"))
    told = {mark.name for event in EVENTS for mark in event.marked("trait")}
    assert declared.keys() == told


@every_event
def test_a_contract_has_two_examples_that_are_accepted(event: EventType) -> None:
    assert sum(example.rejected is None for example in read_examples(event)) >= 2


@every_accepted
def test_an_accepted_example_survives_avro(event: EventType, example: Example) -> None:
    datum = conform(event.schema, example.event)
    body = io.BytesIO()
    fastavro.schemaless_writer(body, event.parsed, datum)
    body.seek(0)
    assert fastavro.schemaless_reader(body, event.parsed, None) == datum
    assert body.read() == b""


@every_rejected
def test_a_rejected_example_breaks_the_field_it_names(event: EventType, example: Example) -> None:
    said = example.rejected or {}
    faults = [(problem.field, "field_invalid") for problem in problems_of(event, example)]
    assert faults == [(said["field"], said["reason"])] or (
        not faults and (said["field"], said["reason"]) in LEFT_TO_READ
    )


@every_accepted
def test_the_facts_of_an_example_are_of_the_kinds_that_its_contract_marks(
    event: EventType, example: Example
) -> None:
    facts = example.facts
    for part, meaning in (("identifiers", "id"), ("others", "other")):
        kinds = {text.partition(":")[0] for text in facts.get(part, [])}
        assert kinds <= {mark.name for mark in event.marked(meaning)}
    for part, meaning in (("traits", "trait"), ("measures", "measure")):
        assert facts.get(part, {}).keys() <= {mark.name for mark in event.marked(meaning)}


def test_money_that_is_added_up_names_one_thing_everywhere() -> None:
    measures = sorted(
        (mark.name, "currency" if "currency" in mark.options else str(mark.options["unit"]))
        for event in EVENTS
        for mark in event.marked("measure")
    )
    for name, units in groupby(measures, key=lambda pair: pair[0]):
        assert len(set(units)) == 1, name


def test_what_people_merely_say_never_joins_two_known_people() -> None:
    pointers = {
        (event.name, mark.name)
        for event in EVENTS
        for mark in event.marked("id")
        if event.source.trust == 2 and event.strength(mark) == 0
    }
    assert pointers == {
        ("shop/standard/order_placed", "device_id"),
        ("crm/standard/ticket_opened", "order"),
        ("crm/standard/call_logged", "ticket"),
        ("crm/standard/email_received", "ticket"),
        ("crm/standard/email_sent", "ticket"),
        ("crm/standard/consent_requested", "email"),
        ("crm/standard/consent_requested", "phone"),
        ("social/standard/message", "order"),
    }
