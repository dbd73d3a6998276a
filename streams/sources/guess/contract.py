"""Guessed fields -> the text of a contract, with the fields that every event has.

Decides what stands where no column tells the time or the currency. Must never look at a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.scaffold import contract_text, record_of
from streams.sources.guess.fields import Guess
from streams.sources.guess.roles import Roles, is_currency
from streams.sources.guess.shapes import INSTANT

NEVER = "2000-01-01T00:00:00Z"
USUAL_CURRENCY = "EUR"
NOBODY = "TODO: which field names the customer? Mark it and take this key out, or say why there is none."


def constants_of(guesses: Sequence[Guess], roles: Roles) -> dict[str, str]:
    """The fields that the contract needs and no column fills, with what was assumed."""
    leaves = [leaf for guess in guesses for leaf in guess.leaves()]
    constants = {} if roles.time else {"occurred_at": NEVER}
    amounts = [leaf for leaf in leaves if leaf.path[-1].endswith("_minor")]
    if amounts and not any(guess.leaf and is_currency(guess.leaf) for guess in leaves):
        words = {word.upper() for guess in amounts if guess.leaf for word in guess.leaf.name.words}
        named = words & {"EUR", "USD", "CHF", "GBP"}
        constants["currency"] = named.pop() if len(named) == 1 else USUAL_CURRENCY
    return constants


def contract_of(
    parts: tuple[str, str, str], guesses: Sequence[Guess], roles: Roles, constants: Mapping[str, str]
) -> str:
    """The contract `channel/source/event`: id and time first, then the file's columns in their order."""
    doc = f"A row of {parts[2].replace('_', ' ')}. TODO: say in one sentence what happened."
    record = record_of(*parts, doc)
    if not any(mark.startswith("id:") for guess in guesses for leaf in guess.leaves() for mark in leaf.means):
        record["nobody"] = NOBODY
    times = [guess.entry for guess in guesses if "occurred_at" in guess.means]
    others = [guess.entry for guess in guesses if "occurred_at" not in guess.means]
    fields = [_event_id(roles), *(times or [_no_time()]), *others]
    if "currency" in constants:
        doc = "Currency of every amount, ISO 4217; the same for every row, from the map."
        fields.append({"name": "currency", "type": "string", "doc": doc})
    return contract_text(record, fields)


def _event_id(roles: Roles) -> dict[str, Any]:
    doc = "Made from the whole row: equal rows are one event."
    if roles.event_id:
        doc = f"The row's own number; column {roles.event_id.column.title}."
    return {"name": "event_id", "type": "string", "means": "event_id", "doc": doc}


def _no_time() -> dict[str, Any]:
    doc = "When it happened. TODO: no column tells it; the map holds a constant."
    return {"name": "occurred_at", "type": INSTANT, "means": "occurred_at", "doc": doc}
