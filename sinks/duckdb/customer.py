"""One customer, whole: found by whatever people know of them, and read from the views.

Decides which rows make the 360° view and the reasons behind it. Must never print, or write to the store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from schemas.identifiers import Kind
from sinks.duckdb.reader import Reader, Row
from streams.core.normalise import normalise

NODE_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
UNREADABLE = {"empty", "not_an_address", "not_a_number"}  # the text is no value of the kind at all


@dataclass(frozen=True)
class Candidate:
    """What a text could stand for: a kind, the normalised value, and why its rules block it, or None."""

    kind: str
    value: str
    blocked: str | None = None


@dataclass(frozen=True)
class Match:
    """An identifier that events have named. `customer` is None where it is `blocked`."""

    kind: str
    value: str
    node: str
    customer: str | None
    blocked: str | None


@dataclass(frozen=True)
class Found:
    """What a text was taken for, and what is known of it, the strongest kind first."""

    text: str
    candidates: tuple[Candidate, ...]
    matches: tuple[Match, ...]

    @property
    def customers(self) -> tuple[str, ...]:
        """Every customer that the text can mean, each once."""
        return tuple(dict.fromkeys(match.customer for match in self.matches if match.customer))


@dataclass(frozen=True)
class Customer:
    """The 360° view. Rows have the columns of the query of their name (queries/customer_*.sql)."""

    head: Row
    identifiers: list[Row] = field(default_factory=list)
    blocked: list[Row] = field(default_factory=list)
    traits: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    conversations: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    consents: list[Row] = field(default_factory=list)
    measures: list[Row] = field(default_factory=list)
    timeline: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Reasons:
    """Why a customer is who they are. Rows have the columns of queries/explain_*.sql.

    `edges` are all pairs of identifiers that events name together; those of two customers were refused.
    `others` is a line about every other customer that appears.
    """

    head: Row
    identifiers: list[Row]
    blocked: list[Row]
    edges: list[Row]
    constraints: list[Row]
    history: list[Row]
    others: dict[str, Row]


def find(reader: Reader, kinds: Mapping[str, Kind], text: str) -> Found:
    """Who a text can mean: an id that a customer ever had, `kind:value`, or a plain value of any kind."""
    text = text.strip()
    if NODE_ID.fullmatch(text) and (known := reader.query("find_node", node=str(UUID(text)))):
        return Found(text, (), _matches(known))
    candidates = candidates_of(kinds, text)
    wanted = {"kinds": [one.kind for one in candidates], "values": [one.value for one in candidates]}
    return Found(text, candidates, _matches(reader.query("find_identifiers", **wanted)))


def candidates_of(kinds: Mapping[str, Kind], text: str) -> tuple[Candidate, ...]:
    """Every identifier that a text can be: one for `kind:value`, else one for each kind that can read it."""
    prefix, colon, rest = text.partition(":")
    if colon and prefix in kinds:
        return (Candidate(prefix, *normalise(kinds[prefix], rest)),)
    every = (Candidate(kind.name, *normalise(kind, text)) for kind in kinds.values())
    return tuple(one for one in every if one.blocked not in UNREADABLE)


def alike(reader: Reader, text: str) -> list[str]:
    """Known identifiers that a mistyped text may have meant, as kind:value; five at most."""
    bare = text.rpartition(":")[2].strip()
    return [f"{row['kind']}:{row['value']}" for row in reader.query("find_alike", text=bare)]


def briefs(reader: Reader, customers: Iterable[str]) -> list[Row]:
    """A line about each of some customers, those seen last first."""
    return reader.query("briefs", customers=list(customers))


def read_customer(reader: Reader, customer: str) -> Customer | None:
    """The 360° view of a customer by the id of now; None if there is none."""
    head = reader.query("customer", customer=customer)
    if not head:
        return None
    parts = {
        name: reader.query(f"customer_{name}", customer=customer)
        for name in ("identifiers", "blocked", "traits", "conversations", "messages", "consents", "measures")
    }
    timeline = reader.query("customer_timeline", customer=customer)
    for row in timeline:
        row["details"] = json.loads(row["details"])
    _add_proofs(parts["consents"], timeline)
    return Customer(head[0], orders=_orders(reader, customer), timeline=timeline, **parts)


def read_reasons(reader: Reader, customer: str) -> Reasons | None:
    """Why a customer is who they are; None if there is no such customer."""
    head = reader.query("customer", customer=customer)
    if not head:
        return None
    edges = reader.query("explain_edges", customer=customer)
    constraints = reader.query("explain_constraints", customer=customer)
    sides = {row[side] for row in [*edges, *constraints] for side in ("customer_a", "customer_b")}
    return Reasons(
        head[0],
        reader.query("customer_identifiers", customer=customer),
        reader.query("customer_blocked", customer=customer),
        edges,
        constraints,
        reader.query("explain_history", customer=customer),
        {row["customer_id"]: row for row in briefs(reader, sides - {None, customer})},
    )


def _matches(found: Iterable[Row]) -> tuple[Match, ...]:
    return tuple(
        Match(row["kind"], row["value"], row["node"], row["customer_id"], row["blocked"]) for row in found
    )


def _orders(reader: Reader, customer: str) -> list[Row]:
    """The customer's orders, each with its `lines`."""
    lines: dict[str, list[Row]] = {}
    for line in reader.query("customer_order_lines", customer=customer):
        lines.setdefault(line.pop("order_id"), []).append(line)
    return [
        {**order, "lines": lines.get(order["order_id"], [])}
        for order in reader.query("customer_orders", customer=customer)
    ]


def _add_proofs(consents: list[Row], timeline: list[Row]) -> None:
    """Puts what the granting event says beside each consent, as `proof`; None where nothing was granted."""
    said = {(row["event_type"], row["event_id"]): row["details"] for row in timeline}
    for row in consents:
        row["proof"] = said.get((row["proof_type"], row["proof_id"]))
