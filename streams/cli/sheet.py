"""The 360° view of a customer on paper: what stands where, and how much of it.

Decides the layout for 100 columns. Must never read the store; sinks.duckdb.customer does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sinks.duckdb.customer import Customer
from sinks.duckdb.reader import Row
from streams.cli.timeline import timeline
from streams.cli.words import (
    blocked_note,
    counted,
    day,
    heading,
    latest_of,
    moment,
    money,
    name_of,
    safe,
    table,
)

RECENT = 10  # orders, conversations, messages shown without --all
INDENT = 14
LONGEST = 130  # characters of a message shown without --all
LIFE = (
    ("paid", "paid_at"), ("shipped", "shipped_at"), ("delivered", "delivered_at"),
    ("return asked for", "return_requested_at"), ("returned", "returned_at"), ("refunded", "refunded_at"),
    ("cancelled", "cancelled_at"),
)  # fmt: skip
COLOURS = {
    "granted": "green", "withdrawn": "red", "requested": "yellow", "unproven": "yellow", "delivered": "green",
    "cancelled": "red", "returned": "yellow", "refunded": "yellow", "return_requested": "yellow",
    "open": "yellow", "pending": "yellow", "complaint": "red", "praise": "green",
}  # fmt: skip
PROOF = ("method", "text_version", "confirmed_at", "ip", "proof_url")


def sheet(
    customer: Customer, fields: set[tuple[str, str]], *, everything: bool = False
) -> Iterator[RenderableType]:
    """The parts of the view, from top to bottom.

    `fields` are the (event type, field) that name identifiers, which the timeline need not repeat.
    """
    recent = None if everything else RECENT
    yield head(customer.head)
    yield from _identifiers(customer)
    yield from _traits(customer.traits)
    yield from _orders(customer.orders, recent)
    yield from _conversations(customer.conversations, recent)
    yield from _messages(customer.messages, recent)
    yield from _consents(customer.consents)
    yield from _measures(customer.measures)
    yield from timeline(customer.timeline, fields, everything=everything)
    yield Text("\nAll times are UTC.", style="dim")


def head(row: Row) -> Panel:
    """Who it is, in a frame."""
    reached = " · ".join(safe(row[part]) for part in ("email", "phone", "city", "country") if row[part])
    revenue = [money(amount, currency) for currency, amount in (row["revenue_by_currency"] or {}).items()]
    counts = [counted(row["orders"], "order"), *(f"{amount} net" for amount in revenue)]
    counts += [counted(row["returns"], "return")] if row["returns"] else []
    top = Table.grid(expand=True)
    top.add_column()
    top.add_column(justify="right")
    top.add_row(Text(name_of(row), style="bold"), Text(row["kind"], style="bold magenta"))
    complaints = row["open_complaints"]
    first, last = (f"{row[column]:%Y-%m-%d}" for column in ("first_seen_at", "last_seen_at"))
    about = f"{row['customer_id']} · seen {first} to {last} · {counted(row['events'], 'event')}"
    lines = Group(
        top,
        *([Text(reached)] if reached else []),
        Text.assemble(
            " · ".join(counts),
            (f" · {counted(complaints, 'open complaint')}" if complaints else "", "bold red"),
        ),
        Text(about, style="dim"),
    )
    return Panel(lines, border_style="cyan", padding=(0, 1))


def _identifiers(customer: Customer) -> Iterator[RenderableType]:
    yield heading("Identifiers", "rundum explain tells how they came together")
    made = table("kind", "value", "first seen", "last seen", ">events", "")
    for row in customer.identifiers:
        note = (
            Text(f"shared: more than {row['most']} people, joins nobody", style="yellow")
            if row["shared"]
            else ""
        )
        made.add_row(*_identifier(row), note)
    for row in customer.blocked:
        made.add_row(*_identifier(row), Text(blocked_note(row), style="red"))
    yield made


def _identifier(row: Row) -> tuple[RenderableType, ...]:
    first, last = (f"{row[column]:%Y-%m-%d}" for column in ("first_seen_at", "last_seen_at"))
    return Text(row["kind"], style="dim"), Text(safe(row["value"])), first, last, str(row["events"])


def _traits(traits: list[Row]) -> Iterator[RenderableType]:
    if not traits:
        return
    yield heading("Traits")
    made = table("trait", "value", "said by", "at", "chosen as the")
    for row in traits:
        rule = Text(row["rule"].replace("_", " "), style="dim")
        made.add_row(Text(row["trait"], style="dim"), Text(safe(row["value"])), row["source"],
                     moment(row["occurred_at"]), rule)  # fmt: skip
    yield made


def _orders(orders: list[Row], most: int | None) -> Iterator[RenderableType]:
    if not orders:
        return
    yield heading("Orders", latest_of(orders, most))
    for order in orders[:most]:
        total = money(order["total"], order["currency"])
        if order["revenue_net"] != order["total"]:
            total += f", net {money(order['revenue_net'], order['currency'])}"
        line = Table.grid(padding=(0, 2), expand=True)
        line.add_column(width=INDENT - 2, overflow="fold")
        line.add_column(ratio=1)
        line.add_column(justify="right", no_wrap=True)
        line.add_row(Text(safe(order["order_id"]), style="bold"), _status(order), Text(total))
        yield line
        yield Padding(Text(_life(order)), (0, 0, 0, INDENT), expand=False)
        if order["lines"]:
            yield Padding(Text(_articles(order), style="dim"), (0, 0, 0, INDENT), expand=False)


def _status(order: Row) -> Text:
    status = Text(order["status"].replace("_", " "), style=COLOURS.get(order["status"], "default"))
    if late := lateness(order):
        status.append(f", {late}", style="red" if late.endswith("late") else "green")
    for told in ("gift", "guest"):
        if order[told]:
            status.append(f" · {told}", style="dim")
    for told in ("channel", "payment_method", "coupon"):
        if order[told]:
            status.append(f" · {safe(order[told])}", style="dim")
    return status


def lateness(order: Mapping[str, Any]) -> str:
    """How a delivery stands against what was promised; empty where either is unknown."""
    promised, delivered = order["promised_by"], order["delivered_at"]
    if not promised or not delivered:
        return ""
    over: timedelta = delivered - promised
    if over <= timedelta(0):
        return "in time"
    hours = -(-over // timedelta(hours=1))
    return f"{counted(hours, 'hour')} late" if hours < 48 else f"{counted(hours // 24, 'day')} late"


def _life(order: Row) -> str:
    placed = order["placed_at"]
    steps = sorted((order[column], step) for step, column in LIFE if order[column])
    told = [f"placed {moment(placed)}", *(f"{step} {day(time, placed)}" for time, step in steps)]
    if order["promised_by"]:
        told[-1] += f" (promised by {day(order['promised_by'], placed)})"
    return " → ".join(told)


def _articles(order: Row) -> str:
    return ", ".join(
        (f"{line['quantity']} × " if line["quantity"] != 1 else "")
        + safe(line["name"])
        + (f" ({line['returned']} came back)" if line["returned"] else "")
        for line in order["lines"]
    )


def _conversations(conversations: list[Row], most: int | None) -> Iterator[RenderableType]:
    if not conversations:
        return
    yield heading("Tickets and conversations", latest_of(conversations, most))
    made = table("opened", "id", "by", "kind", "status", "first answer", ">messages", "subject")
    for row in conversations[:most]:
        answered = row["first_response_at"]
        made.add_row(
            moment(row["opened_at"]), Text(safe(row["conversation_id"])), row["medium"] or "",
            _coloured(row["kind"]), _coloured(row["status"]),
            f"after {span(answered - row['opened_at'])}" if answered else Text("none", style="yellow"),
            str(row["messages"]), Text(_subject(row)),
        )  # fmt: skip
    yield made


def _subject(row: Row) -> str:
    about = f"order {safe(row['order_id'])}" if row["order_id"] else ""
    return ", ".join(part for part in (safe(row["subject"] or ""), about) if part)


def span(time: timedelta) -> str:
    """A duration in its largest fitting unit: `40 min`, `5 h`, `3 d`."""
    minutes = max(time, timedelta(0)) // timedelta(minutes=1)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def _messages(messages: list[Row], most: int | None) -> Iterator[RenderableType]:
    if not messages:
        return
    yield heading("Messages", latest_of(messages, most))
    made = table("at", "what", "")
    for row in messages[:most]:
        what = " ".join(part for part in (row["what"], row["direction"]) if part)
        subject = Text(safe(row["subject"] or ""), style="bold")
        body = Text(safe(row["text"] or ""))
        if most is not None:
            body.truncate(LONGEST, overflow="ellipsis")
        made.add_row(
            moment(row["occurred_at"]), what, subject + Text("  " if subject and body else "") + body
        )
    yield made


def _consents(consents: list[Row]) -> Iterator[RenderableType]:
    if not consents:
        return
    yield heading("Consents", "each binds to one contact point")
    made = table("contact point", "purpose", "status", "since", "proof")
    for row in consents:
        since = row[{"granted": "granted_at", "withdrawn": "withdrawn_at"}.get(row["status"], "requested_at")]
        made.add_row(
            Text(safe(row["contact"])), row["purpose"], _coloured(row["status"]), moment(since), _proof(row)
        )
    yield made


def _proof(row: Row) -> Text:
    said = row["proof"] or {}
    told = [safe(said[name]).replace("_", " ") for name in PROOF if said.get(name)]
    text = Text(", ".join(told))
    if row["proof_id"]:
        text.append(f"{' · ' if told else ''}{row['proof_type']} {safe(row['proof_id'])}", style="dim")
    return text


def _measures(measures: list[Row]) -> Iterator[RenderableType]:
    if not measures:
        return
    yield heading("Measures")
    made = table("measure", ">sum", ">events")
    for row in measures:
        total = money(row["amount"], row["unit"]) if row["money"] else f"{row['count']:,} {row['unit']}"
        made.add_row(Text(row["measure"].replace("_", " "), style="dim"), total, str(row["events"]))
    yield made


def _coloured(word: str | None) -> Text:
    return Text((word or "").replace("_", " "), style=COLOURS.get(word or "", "default"))
