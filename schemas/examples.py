"""The examples beside a contract: an event a line with the facts it must give.

Decides how `<event>.examples.jsonl` is read and what is wrong with it. Must never work out facts itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.catalogue import ContractError, EventType
from schemas.conform import ConformError, conform

KEYS = {"event", "facts", "rejected"}
FACTS = {"identifiers", "others", "about", "traits", "measures", "consents"}
ENOUGH = 2


@dataclass(frozen=True)
class Example:
    """One line: the event as JSON, and either the facts it gives or how it is rejected (field and reason)."""

    line: int
    event: Any
    facts: Mapping[str, Any] = field(default_factory=dict)
    rejected: Mapping[str, str] | None = None


def read_examples(event: EventType) -> tuple[Example, ...]:
    """The examples of a contract; none if it has no such file. Raises ContractError."""
    if not event.examples.exists():
        return ()
    try:
        lines = event.examples.read_text("utf-8").splitlines()
    except ValueError as error:
        raise ContractError(event.examples, "", f"is not UTF-8: {error}") from None
    return tuple(_read(event, at, line) for at, line in enumerate(lines, 1) if line.strip())


def _read(event: EventType, at: int, line: str) -> Example:
    place = f"line {at}"
    try:
        data = json.loads(line)
    except ValueError as error:
        raise ContractError(event.examples, place, f"is not JSON: {error}") from None
    if not isinstance(data, dict) or "event" not in data or data.keys() - KEYS:
        raise ContractError(event.examples, place, 'must be {"event": ..., "facts": ...} or "rejected"')
    facts, rejected = data.get("facts", {}), data.get("rejected")
    if ("facts" in data) == ("rejected" in data):
        raise ContractError(event.examples, place, 'give either "facts" or "rejected"')
    if not isinstance(facts, dict) or facts.keys() - FACTS:
        raise ContractError(event.examples, place, f'"facts" may hold {", ".join(sorted(FACTS))}')
    if rejected is not None and (not isinstance(rejected, dict) or rejected.keys() != {"field", "reason"}):
        raise ContractError(event.examples, place, '"rejected" must hold "field" and "reason"')
    return Example(at, data["event"], facts, rejected)


def example_faults(event: EventType) -> Iterator[tuple[str, str]]:
    """The accepted examples that do not fit the contract, as (line, fault). Raises ContractError."""
    for example in read_examples(event):
        if example.rejected is None:
            try:
                conform(event.schema, example.event)
            except ConformError as error:
                yield from ((f"line {example.line}", str(problem)) for problem in error.problems)
