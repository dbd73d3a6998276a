"""Kinds of identifier and rules of traits: the shapes of `identifiers.toml` and `traits.toml`.

Decides which keys these files may hold. Must never see a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from schemas.meanings import PII

NORMALISERS = ("email", "phone", "code", "text")
SURVIVORSHIP = ("most_recent", "most_trusted", "earliest")
COUNTS = {"rank", "limit", "window_limit", "window_days", "hub"}


@dataclass(frozen=True)
class Kind:
    """A kind of identifier.

    `rank` orders kinds, 1 being the strongest; unique among kinds. `person` kinds name a person rather than
    a device or a deal. `limit` is how many of the kind one customer may hold (None: any number);
    `window_limit` how many may first appear within `window_days`. A node of this kind with more than `hub`
    neighbours of one stronger person kind joins nobody. `blocked` are patterns that the whole normalised
    value must match.
    """

    name: str
    rank: int
    doc: str
    normaliser: str = "code"
    person: bool = False
    limit: int | None = None
    window_limit: int | None = None
    window_days: int | None = None
    hub: int | None = None
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True)
class TraitRule:
    """Which of several values of a trait survives, and how the trait is described."""

    name: str
    rule: str = "most_trusted"
    doc: str = ""
    pii: str = "indirect"


def read_kinds(data: Mapping[str, Any]) -> dict[str, Kind]:
    """The tables of `identifiers.toml`. Raises ValueError that names table, key and mend."""
    kinds: dict[str, Kind] = {}
    for name, table in data.items():
        _check_keys(name, table, Kind)
        kind = Kind(name=name, **{**table, "blocked": tuple(table.get("blocked", ()))})
        if kind.normaliser not in NORMALISERS:
            raise ValueError(f"[{name}] normaliser: one of {', '.join(NORMALISERS)}, not {kind.normaliser!r}")
        if (kind.window_limit is None) != (kind.window_days is None):
            raise ValueError(f"[{name}] window_limit and window_days go together")
        for pattern in kind.blocked:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"[{name}] blocked: {pattern!r} is not a pattern: {error}") from None
        kinds[name] = kind
    return kinds


def read_traits(data: Mapping[str, Any]) -> dict[str, TraitRule]:
    """The tables of `traits.toml`. Raises ValueError that names table, key and mend."""
    traits: dict[str, TraitRule] = {}
    for name, table in data.items():
        _check_keys(name, table, TraitRule)
        traits[name] = TraitRule(name=name, **table)
        if traits[name].rule not in SURVIVORSHIP:
            raise ValueError(f"[{name}] rule: one of {', '.join(SURVIVORSHIP)}, not {traits[name].rule!r}")
        if traits[name].pii not in PII:
            raise ValueError(f"[{name}] pii: one of {', '.join(sorted(PII))}, not {traits[name].pii!r}")
    return traits


def _check_keys(name: str, table: Any, shape: type[Any]) -> None:
    if not isinstance(table, dict):
        raise ValueError(f"{name}: must be a table, written [{name}]")
    known = {entry.name for entry in fields(shape)} - {"name"}
    for key in sorted(table.keys() - known):
        raise ValueError(f"[{name}] {key}: unknown key; known are {', '.join(sorted(known))}")
    for key in sorted({"rank", "doc"} & known - table.keys()):
        if shape is Kind:
            raise ValueError(f"[{name}] {key}: missing")
    for key, value in table.items():
        if wanted := _misfit(key, value):
            raise ValueError(f"[{name}] {key}: must be {wanted}, not {value!r}")


def _misfit(key: str, value: Any) -> str:
    """What a key's value should be, if it is not."""
    if key in COUNTS:
        return "" if type(value) is int and value > 0 else "a whole number above 0"
    if key == "person":
        return "" if isinstance(value, bool) else "true or false"
    if key == "blocked":
        texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return "" if texts else "a list of patterns"
    return "" if isinstance(value, str) else "a text"
