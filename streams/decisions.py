"""What people decide about identifiers: events of our own in the log, landed at once.

Decides when a decision is said and how it is written. Must never touch the store but through the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from schemas.identifiers import Kind
from sinks.duckdb.changes import Changes, changes, edges_around
from sinks.duckdb.fold import BLOCK, CONSTRAINT
from sinks.duckdb.reader import Reader, Row
from streams.core.normalise import normalise
from streams.house import House
from streams.pipeline import micros

MUST, CANNOT, NONE = "must", "cannot", "none"


@dataclass(frozen=True)
class Identifier:
    """One identifier, normalised, and its node if it was ever named. `blocked`: why rules block it."""

    kind: str
    value: str
    node: str | None
    blocked: str | None


@dataclass(frozen=True)
class Words:
    """Who decides, why, and when at the earliest (UTC, no zone)."""

    reason: str
    actor: str
    now: datetime


def identifier(reader: Reader, kind: Kind, raw: str) -> Identifier:
    """An identifier as rules read it, with the node that events of it hang on."""
    value, blocked = normalise(kind, raw)
    found = reader.query("find_identifiers", kinds=[kind.name], values=[value])
    return Identifier(kind.name, value, found[0]["node"] if found else None, blocked)


def standing(reader: Reader, left: Identifier, right: Identifier) -> Row | None:
    """The latest decision on two identifiers, if any: verdict, outcome, reason, actor, occurred_at."""
    found = reader.query("pair_decision", a=left.node, b=right.node)
    return found[0] if found else None


def blocking(reader: Reader, one: Identifier) -> Row | None:
    """The latest decision to block or release an identifier: blocked, reason, actor, occurred_at."""
    found = reader.query("block_decision", node=one.node)
    return found[0] if found else None


def constrain(house: House, pair: tuple[Identifier, Identifier], verdict: str, words: Words) -> Changes:
    """Writes and lands the verdict on two identifiers: must, cannot or none. What it changed."""
    left, right = pair
    datum = {
        "left_kind": left.kind,
        "left_value": left.value,
        "right_kind": right.kind,
        "right_value": right.value,
        "verdict": verdict,
        **_said(words, standing(house.reader, left, right)),
    }
    return _decide(house, CONSTRAINT, datum, pair)


def block(house: House, one: Identifier, blocked: bool, words: Words) -> Changes:
    """Writes and lands that an identifier joins nobody, or may join again. What it changed."""
    datum = {"kind": one.kind, "value": one.value, "blocked": blocked}
    return _decide(house, BLOCK, {**datum, **_said(words, blocking(house.reader, one))}, (one,))


def _said(words: Words, last: Mapping[str, Any] | None) -> dict[str, Any]:
    """Who, why and when: later than the last decision, even if its machine's clock was ahead."""
    at = max(words.now, last["occurred_at"] + timedelta(microseconds=1)) if last else words.now
    return {
        "event_id": str(uuid4()),
        "occurred_at": micros(at),
        "reason": words.reason,
        "actor": words.actor,
    }


def _decide(house: House, event_type: str, datum: Mapping[str, Any], about: Iterable[Identifier]) -> Changes:
    event = house.catalogue.events[event_type]
    edges = edges_around(house.reader, [one.node for one in about])
    house.inlet.log.append([house.inlet.outgoing(event, dict(datum))])
    house.land()
    landed_at = house.reader.value(
        f"SELECT landed_at FROM {event.table} WHERE event_id = $event_id", {"event_id": datum["event_id"]}
    )
    return changes(house.reader, edges, landed_at)
