"""One example of a guessed contract: a row of the sample with everything personal replaced.

Decides what stands in for a value, of the same shape. Must never let a name, number or text of a person
through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

from schemas.identifiers import Kind
from schemas.meanings import without_null
from streams.core.normalise import normalise
from streams.sources.guess.columns import printable
from streams.sources.guess.fields import Guess, is_harmless
from streams.sources.guess.names import Way
from streams.sources.guess.roles import is_currency

PEOPLE = {
    "trait:salutation": "Frau",
    "trait:first_name": "Anna",
    "trait:last_name": "Müller",
    "trait:birth_date": "1980-02-29",
    "trait:company": "Müller GmbH",
    "trait:street": "Hauptstraße 1",
    "trait:postal_code": "01067",
    "trait:city": "Dresden",
    "trait:country": "DE",
    "trait:language": "de",
    "trait:email": "anna@example.de",
    "trait:phone": "+49 30 23125000",
}
CODE = "1001"
DIGITS = "4711382965"


def harmless_event(event: Mapping[str, Any], guesses: Sequence[Guess], made_id: bool) -> dict[str, Any]:
    """An event in JSON without anything personal. `made_id` tells that its id is no column's value."""
    shown = {guess.path: _replaced(_at(event, guess.path), guess) for guess in guesses}
    result: dict[str, Any] = dict(event) | {"event_id": "1" if made_id else masked(event["event_id"])}
    for path, value in shown.items():
        result = _with(result, path, value)
    return result


def outcome_of(
    event: Mapping[str, Any], guesses: Sequence[Guess], kinds: Mapping[str, Kind]
) -> dict[str, Any]:
    """The facts that the marks give for an event; or that it is rejected, if it names nobody but should."""
    named = [guess.path for guess in guesses if any(mark.startswith("id:") for mark in guess.means)]
    if named and all(str(_at(event, path) or "").strip() == "" for path in named):
        return {"rejected": {"field": "", "reason": "no_identifier"}}
    return {"facts": _facts(event, guesses, kinds)}


def _facts(event: Mapping[str, Any], guesses: Sequence[Guess], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    identifiers: list[str] = []
    traits: dict[str, str] = {}
    for guess in guesses:
        value = _at(event, guess.path)
        for mark in guess.means if value is not None else ():
            meaning, _, name = mark.partition(":")
            if meaning == "id" and not (normal := normalise(kinds[name], str(value))).blocked:
                identifiers.append(f"{name}:{normal.value}")
            elif meaning == "trait":
                traits[name] = str(value)
    if not identifiers:
        return {}
    return {"identifiers": sorted(set(identifiers)), **({"traits": traits} if traits else {})}


def masked(value: Any) -> Any:
    """A value whose texts and codes are replaced, letter by letter and digit by digit; zeros stay."""
    if isinstance(value, str):
        return "".join(_masks(value))
    if isinstance(value, Mapping):
        return {key: masked(item) for key, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


def _masks(text: str) -> Iterator[str]:
    digits = cycle(DIGITS)
    for char in text:
        if char.isalpha():
            yield "X" if char.isupper() else "x"
        elif char.isdigit():
            yield "0" if char == "0" else next(digits)
        else:
            yield char if char.isprintable() else " "


def _replaced(value: Any, guess: Guess) -> Any:
    if value is None or guess.leaf is None:
        return value
    for mark in guess.means:
        if mark in PEOPLE:
            return PEOPLE[mark]
    if any(mark.startswith("id:") for mark in guess.means):
        return masked(value) if guess.leaf.shape.is_text else int(CODE)
    if "occurred_at" in guess.means or is_harmless(guess.leaf) or is_currency(guess.leaf):
        return printable(value) if isinstance(value, str) else value
    if guess.leaf.shape.is_text or isinstance(value, list | dict):
        return masked(value)
    return value if guess.entry.get("pii", "none") == "none" else _zero(guess)


def _zero(guess: Guess) -> Any:
    avro = without_null(guess.entry["type"])
    return {"long": 0, "double": 0.0, "boolean": False}.get(avro if isinstance(avro, str) else "", 0)


def _at(event: Any, path: Way) -> Any:
    for step in path:
        event = event.get(step) if isinstance(event, Mapping) else None
    return event


def _with(event: Mapping[str, Any], path: Way, value: Any) -> dict[str, Any]:
    """The event with one value replaced, if what is around it is there."""
    head, rest = path[0], path[1:]
    if head not in event or event[head] is None:
        return dict(event)
    return {**event, head: _with(event[head], rest, value) if rest else value}
