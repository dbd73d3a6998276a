"""Whom destinations should hold, against what they hold: differences, deliveries, and what became of them.

Decides what is sent, and what waits for a person. Must never send anything, nor let a withdrawal wait.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from schemas.columns import quote
from sinks.duckdb.database import Statements
from sinks.duckdb.reader import Rows
from sinks.duckdb.slim import slim
from sinks.duckdb.sql import Script, literal, script

REASON = "reason."
KEPT = timedelta(days=30)  # for what was sent
SLACK = 1.2  # by which a change may have grown since it was approved


class Audience(NamedTuple):
    """Whom a destination should hold, and how much may change at once: `max_change` is a share.

    `portion` is how many rows a delivery has at most: consent is checked again, and what is new is compared,
    between two deliveries.
    """

    name: str
    segment: str
    purpose: str
    contact: str
    fields: Mapping[str, str]
    exclude: tuple[str, ...]
    max_change: float
    portion: int = 1_000


class Item(NamedTuple):
    """One row of a delivery."""

    place: int
    contact: str
    action: str
    fields: Mapping[str, Any]


class Delivery(NamedTuple):
    """What goes next; `attempts` came before this one."""

    delivery_id: str
    decided_at: datetime
    attempts: int
    items: tuple[Item, ...]


class Refused(NamedTuple):
    """An item that a destination will not take, and what it said."""

    place: int
    status: int | None
    answer: str


def parameters_of(audience: Audience) -> dict[str, Any]:
    """What queries about an audience are asked with."""
    return {
        "segment": audience.segment, "exclude": list(audience.exclude), "kind": audience.contact,
        "purpose": audience.purpose,
    }  # fmt: skip


def desired_sql(audience: Audience, customers: Script) -> str:
    """The SELECT of the contact points that a destination should hold, with their fields as JSON."""
    columns = {source for source in audience.fields.values() if not source.startswith(REASON)}
    pairs = ", ".join(
        f"{literal(target)}: {_value(source)}" for target, source in sorted(audience.fields.items())
    )
    fields = f"{{{pairs}}}" if pairs else "MAP {}"
    return script("queries", "desired").text.format(customers=slim(customers, columns, ()), fields=fields)


def _value(source: str) -> str:
    if source.startswith(REASON):
        return f"json_extract(member.reason, {literal('$.' + json.dumps(source.removeprefix(REASON)))})"
    return f"customer.{quote(source)}"


def why_not(store: Rows, audience: Audience) -> str:
    """Why a destination cannot be planned: a segment of its that does not hold yet; empty if it can."""
    held = dict(store.rows("SELECT name, version FROM segment.refresh WHERE kind = 'segment'"))
    for segment in (audience.segment, *audience.exclude):
        if held.get(segment) is None:
            return f"no segment {segment} holds; apply it: rundum segments apply {segment}"
    return ""


def plan(
    at: Statements, audience: Audience, customers: Script, now: datetime, delivery_id: str
) -> tuple[int, int]:
    """Compares, and decides deliveries of the differences; how many rows go, and how many wait.

    Where the segment does not hold only withdrawals go. What a resync changes waits for an approval as any
    change does, and the resync with it. `delivery_id`, with which the deliveries' ids begin,
    must be new in the world.
    """
    trouble, word = why_not(at, audience), _heard(at, audience.name)
    asked = parameters_of(audience)
    at.run("CREATE OR REPLACE TEMP TABLE desired AS " + desired_sql(audience, customers), asked)
    _compare(at, audience, again=word.again)
    wanted, size = at.rows(
        "SELECT (SELECT count(*) FROM difference WHERE is_change AND NOT withdrawn),"
        " (SELECT count(*) FROM expected)"
    )[0]
    is_small = wanted <= audience.max_change * size
    is_approved = not is_small and word.covers(wanted)
    if trouble or not (is_small or is_approved):
        at.run("DELETE FROM difference WHERE NOT withdrawn")
    elif is_small:  # what is approved goes whole: its approval counts once
        at.run("DELETE FROM difference WHERE NOT is_settled")
    going = _decide(at, audience, now, delivery_id)
    held = 0 if trouble or is_small or is_approved else wanted
    at.run("DELETE FROM activation.standing WHERE destination = ?", [audience.name])
    row = [
        audience.name, now, held, (word.held_since or now) if held else None, trouble or None,
        word.approval if is_approved and not trouble else word.approved,
        word.resync if word.again and not trouble and not held else word.resynced,
    ]  # fmt: skip
    at.run("INSERT INTO activation.standing VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    return going, held


class Word(NamedTuple):
    """What people have decided about a destination, and what of it was heard before."""

    approval: str | None = None  # the latest event of each kind
    approved_at: datetime | None = None
    approved_rows: int | None = None
    resync: str | None = None
    approved: str | None = None  # those used before
    resynced: str | None = None
    held_since: datetime | None = None

    @property
    def again(self) -> bool:
        """Whether everything is to be sent again."""
        return self.resync is not None and self.resync != self.resynced

    def covers(self, rows: int) -> bool:
        """Whether a person has let a change of this size go since it waits."""
        if self.approval in (None, self.approved) or self.held_since is None or self.approved_at is None:
            return False
        is_seen = self.approved_rows is None or rows <= self.approved_rows * SLACK
        return self.approved_at >= self.held_since and is_seen


def _heard(at: Statements, destination: str) -> Word:
    return Word(*at.rows(script("queries", "destination_word").text, {"destination": destination})[0])


def _compare(at: Statements, audience: Audience, *, again: bool) -> None:
    """Fills `difference` and `expected` from `desired`."""
    at.step("activation_compare", destination=audience.name, again=again, **parameters_of(audience))


def _decide(at: Statements, audience: Audience, now: datetime, delivery_id: str) -> int:
    """Writes the differences at hand as deliveries; how many rows they have. Withdrawals go first, alone."""
    count: int = at.value("SELECT count(*) FROM difference")
    if count:
        told = {"destination": audience.name, "now": now, "delivery": delivery_id}
        at.step("activation_decide", portion=max(audience.portion, 1), **told)
    return count


def stick(at: Statements, audience: Audience, now: datetime, trouble: str, delivery_id: str) -> int:
    """Notes why a destination cannot be compared; only withdrawals go, and how many."""
    asked = {"kind": audience.contact, "purpose": audience.purpose}
    at.run(f"CREATE OR REPLACE TEMP TABLE desired AS {script('queries', 'consented').text}", asked)
    _compare(at, audience, again=False)
    at.run("DELETE FROM difference WHERE NOT withdrawn")
    going = _decide(at, audience, now, delivery_id)
    word = _heard(at, audience.name)
    at.run("DELETE FROM activation.standing WHERE destination = ?", [audience.name])
    row = [audience.name, now, 0, word.held_since, trouble, word.approved, word.resynced]
    at.run("INSERT INTO activation.standing VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    return going


def is_paused(store: Rows, destination: str) -> bool:
    """Whether people have stopped it for now."""
    rows = store.rows(
        "SELECT 1 FROM activation.decision WHERE destination = ? AND decision = 'pause'", [destination]
    )
    return bool(rows)


def begin_delivery(at: Statements, audience: Audience, now: datetime, new_id: str) -> Delivery | None:
    """The delivery that goes next, if its time has come; it counts as tried from now on.

    That is the oldest, after those that hold nothing but withdrawals. These may overtake: what they overtake
    does not go to their contacts any more, unless these have consented again.

    What is no longer consented does not go: before the first attempt it is dropped, after that it becomes a
    removal, for the tool may have taken it. The delivery then goes on under `new_id`: under one id the rows
    are always the same.
    """
    rows = at.rows(script("queries", "delivery_next").text, {"destination": audience.name})
    if not rows or rows[0][3] > now:
        return None
    delivery, decided_at, attempts, _ = rows[0]
    lapsed = script("queries", "lapsed").text
    asked = {"delivery": delivery, "kind": audience.contact, "purpose": audience.purpose}
    at.run(f"CREATE OR REPLACE TEMP TABLE lapsed AS {lapsed}", asked)
    if at.value("SELECT count(*) FROM lapsed"):
        at.step("activation_lapse" if attempts else "activation_drop", delivery=delivery, new=new_id)
        delivery = new_id if attempts else delivery
    at.run("UPDATE activation.delivery SET attempts = attempts + 1 WHERE delivery_id = ?", [delivery])
    items = at.rows(
        "SELECT place, contact, action, fields FROM activation.item"
        " WHERE delivery_id = ? AND outcome IS NULL ORDER BY place",
        [delivery],
    )
    told = tuple(Item(place, contact, action, json.loads(fields)) for place, contact, action, fields in items)
    return Delivery(delivery, decided_at, attempts, told)


def postpone(at: Statements, delivery_id: str, trouble: str, next_at: datetime) -> None:
    """Notes why a delivery could not be sent, and when it is tried again."""
    row = [trouble, next_at, delivery_id]
    at.run("UPDATE activation.delivery SET trouble = ?, next_at = ? WHERE delivery_id = ?", row)


def settle(
    at: Statements, destination: str, delivery_id: str, refused: Sequence[Refused], now: datetime
) -> None:
    """Notes what became of every item of a delivery: its tool now holds what it has not refused."""
    for one in refused:
        row = [one.status, one.answer, delivery_id, one.place]
        at.run(
            "UPDATE activation.item SET outcome = 'refused', status = ?, answer = ?"
            " WHERE delivery_id = ? AND place = ?",
            row,
        )
    at.step("activation_settle", delivery=delivery_id, destination=destination, now=now, kept=now - KEPT)
