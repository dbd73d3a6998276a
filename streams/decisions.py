"""What people decide about identifiers: events of our own in the log, landed at once.

Decides when a decision is said and how it is written. Must never touch the store but through the pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from schemas.catalogue import EventType
from sinks.duckdb.changes import Changes, changes, remember
from sinks.duckdb.customer import Row, rows
from sinks.duckdb.fold import BLOCK, CONSTRAINT
from sinks.duckdb.store import Store
from streams.core.identify import name
from streams.ingest import Inlet
from streams.pipeline import Pipeline, drain, utc_now

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  UTC without a zone, as the store keeps it
MUST, CANNOT, NONE = "must", "cannot", "none"


@dataclass(frozen=True)
class Identifier:
    """One identifier as people wrote it, its normalised value and its node. `blocked`: why rules block it."""

    kind: str
    value: str
    node: UUID
    blocked: str | None


@dataclass(frozen=True)
class Words:
    """Who decides, why, and when at the earliest (UTC, no zone)."""

    reason: str
    actor: str
    now: datetime


def identifier(store: Store, kind: str, raw: str) -> Identifier:
    """An identifier with the node that events of it hang on. `kind` must be declared."""
    node, value, blocked = name(store.naming.secret, store.catalogue.kinds[kind], raw)
    return Identifier(kind, value, UUID(bytes=node), blocked)


def standing(store: Store, left: Identifier, right: Identifier) -> Row | None:
    """The latest decision on two identifiers, if any: verdict, outcome, reason, actor, occurred_at."""
    found = rows(store.database.connection, "pair_decision", a=left.node, b=right.node)
    return found[0] if found else None


def blocking(store: Store, one: Identifier) -> Row | None:
    """The latest decision to block or release an identifier: blocked, reason, actor, occurred_at."""
    found = rows(store.database.connection, "block_decision", node=one.node)
    return found[0] if found else None


def constrain(
    pipeline: Pipeline, inlet: Inlet, pair: tuple[Identifier, Identifier], verdict: str, words: Words
) -> Changes:
    """Writes and lands the verdict on two identifiers: must, cannot or none. What it changed."""
    left, right = pair
    datum = {
        "left_kind": left.kind,
        "left_value": left.value,
        "right_kind": right.kind,
        "right_value": right.value,
        "verdict": verdict,
    }
    last = standing(pipeline.store, left, right)
    return _decide(pipeline, inlet, CONSTRAINT, {**datum, **_said(words, last)})


def block(pipeline: Pipeline, inlet: Inlet, one: Identifier, blocked: bool, words: Words) -> Changes:
    """Writes and lands that an identifier joins nobody, or may join again. What it changed."""
    datum = {"kind": one.kind, "value": one.value, "blocked": blocked}
    last = blocking(pipeline.store, one)
    return _decide(pipeline, inlet, BLOCK, {**datum, **_said(words, last)})


def _said(words: Words, last: Mapping[str, Any] | None) -> dict[str, Any]:
    """Who, why and when: later than the last decision, even if its machine's clock was ahead."""
    at = max(words.now, last["occurred_at"] + timedelta(microseconds=1)) if last else words.now
    return {
        "event_id": str(uuid4()),
        "occurred_at": (at - EPOCH) // timedelta(microseconds=1),
        "reason": words.reason,
        "actor": words.actor,
    }


def _decide(pipeline: Pipeline, inlet: Inlet, event_type: str, datum: Mapping[str, Any]) -> Changes:
    event: EventType = inlet.catalogue.events[event_type]
    remember(pipeline.store.database)
    inlet.log.append([inlet.outgoing(event, dict(datum))])
    for _ in drain(pipeline, inlet.log, utc_now):
        pass
    return changes(pipeline.store.database)
