"""`rundum explain`: why a customer is who they are.

Decides how joins, refusals and their history are told. Must never judge them anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import groupby
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from schemas.identifiers import Kind
from sinks.duckdb.customer import Reasons, read_reasons
from sinks.duckdb.reader import Row
from streams.cli.session import Session
from streams.cli.sheet import head
from streams.cli.show import FORMATS, choose
from streams.cli.words import (
    STRENGTHS,
    as_json,
    counted,
    heading,
    moment,
    name_of,
    named,
    safe,
    screen,
    short,
    table,
    why_blocked,
    why_refused,
)

HELD = ("joined", "within")
VERDICTS = {
    "must": "are one customer",
    "cannot": "are not one customer",
    "none": "are judged by the events again",
}


@click.command()
@click.argument("who", metavar="CUSTOMER_OR_IDENTIFIER")
@click.option(
    "--format", "form", type=FORMATS, default="text", show_default=True, help="json gives one document."
)
@click.pass_obj
def explain(session: Session, who: str, form: str) -> None:
    """Explain why some identifiers are one customer, and others are not.

    Shows which events joined them, which joins were refused and why, what people decided, and whose each
    identifier was at any time. WHO is given as for `rundum show`.

    \b
    Example:
      rundum explain anna.mueller@example.de
    """
    with session.reading() as reader:
        found = read_reasons(reader, choose(reader, session.catalogue.kinds, who))
    if found is None:
        raise click.ClickException(f"nothing is known of {who} any more; try again")
    if form == "json":
        click.echo(as_json(_document(found)))
        return
    console = screen()
    for part in pages(found, session.catalogue.kinds):
        console.print(part)


def pages(found: Reasons, kinds: Mapping[str, Kind]) -> Iterator[RenderableType]:
    """The parts of the explanation, from top to bottom."""
    yield head(found.head)
    yield from _joins(found)
    yield from _refusals(found, kinds)
    yield from _decisions(found)
    yield from _apart(found, kinds)
    yield from _history(found)
    yield Text("\nAll times are UTC.", style="dim")


def refused(found: Reasons) -> list[Row]:
    """The edges that join nobody."""
    return [edge for edge in found.edges if edge["outcome"] not in HELD]


def _document(found: Reasons) -> dict[str, Any]:
    document = asdict(found)
    document["others"] = list(found.others.values())
    for edge in document["edges"]:
        edge["strength_in_words"] = STRENGTHS[edge["strength"]]
    return document


def _joins(found: Reasons) -> Iterator[RenderableType]:
    links = [edge for edge in found.edges if edge["outcome"] == "joined"]
    yield heading(counted(len(found.identifiers), "identifier"), "the links that join them")
    if len(found.identifiers) == 1:
        yield Text("No event names it together with another identifier that may join.", style="dim")
    links += [link for link in found.constraints if (link["verdict"], link["outcome"]) == ("must", "joined")]
    yield _tree(found, links)
    more = [edge for edge in found.edges if edge["outcome"] == "within"]
    if more:
        yield heading(f"{counted(len(more), 'link')} more", "stronger ones had joined these already")
    for edge in more:
        yield _pair(edge, "─", "green")
        yield Padding(_told(edge), (0, 0, 0, 4), expand=False)


def _tree(found: Reasons, links: list[Row]) -> Tree:
    """The links that joined the customer, which make a tree, from the identifier that names it."""
    texts = {row["node"]: named(row["kind"], row["value"]) for row in found.identifiers}
    near: dict[str, list[tuple[str, Row]]] = {node: [] for node in texts}
    for link in links:
        near[link["node_a"]].append((link["node_b"], link))
        near[link["node_b"]].append((link["node_a"], link))
    places = {node: place for place, node in enumerate(texts)}
    root = found.head["customer_id"]
    tree = Tree(Text(texts[root], style="bold"), guide_style="dim")
    open_branches, seen = [(root, tree)], {root}
    while open_branches:
        node, branch = open_branches.pop()
        for other, link in sorted(near[node], key=lambda pair: places[pair[0]]):
            if other not in seen:
                seen.add(other)
                label = Group(
                    Text(texts[other], style="bold"), _told(link) if "events" in link else _word(link)
                )
                open_branches.append((other, branch.add(label)))
    return tree


def _refusals(found: Reasons, kinds: Mapping[str, Kind]) -> Iterator[RenderableType]:
    edges = refused(found)
    if not edges:
        return
    yield heading(f"{counted(len(edges), 'link')} refused", "events name both, but they join nobody")
    for edge in edges:
        yield _pair(edge, "╳", "red")
        lines = [Text(f"{why_refused(edge['outcome'], kinds)} ({edge['outcome']})", style="red")]
        lines += [_word(link) for link in found.constraints if _between(link, edge)]
        lines += [Text(f"on the other side: {_other(found, edge)}")] if _sides(edge) > 1 else []
        yield Padding(Group(*lines), (0, 0, 0, 4), expand=False)
        yield Padding(_told(edge), (0, 0, 0, 4), expand=False)


def _decisions(found: Reasons) -> Iterator[RenderableType]:
    if not found.constraints:
        return
    yield heading("Decided by people")
    for link in found.constraints:
        left, right = named(link["kind_a"], link["value_a"]), named(link["kind_b"], link["value_b"])
        yield Text.assemble((left, "bold"), " and ", (right, "bold"), f" {VERDICTS[link['verdict']]}")
        lines = [_word(link)]
        if link["verdict"] == "must" and link["outcome"] == "cannot":
            lines.append(Text("it does not hold: other decisions keep the two sides apart", style="red"))
        elif link["outcome"] == "absent" and link["verdict"] != "none":
            lines.append(Text("no event has named both of them yet", style="yellow"))
        elif _sides(link) > 1:
            lines.append(Text(f"on the other side: {_other(found, link)}"))
        yield Padding(Group(*lines), (0, 0, 0, 4), expand=False)


def _apart(found: Reasons, kinds: Mapping[str, Kind]) -> Iterator[RenderableType]:
    """Identifiers that are there but join nobody."""
    hubs = [row for row in found.identifiers if row["shared"]]
    if not found.blocked and not hubs:
        return
    yield heading("Joining nobody")
    for row in found.blocked:
        yield Text.assemble(
            (named(row["kind"], row["value"]), "bold"), f" is blocked: {why_blocked(row['blocked'])}"
        )
        said = (
            f"“{safe(row['reason'])}”, {safe(row['actor'])}, {moment(row['decided_at'])}; "
            if row["reason"]
            else ""
        )
        yield Padding(
            Text(f"{said}it stands on {counted(row['events'], 'event')} of this customer", style="dim"),
            (0, 4),
        )
    for row in hubs:
        most = kinds[row["kind"]].hub if row["kind"] in kinds else row["most"]
        yield Text.assemble(
            (named(row["kind"], row["value"]), "bold"),
            f" is shared: more than {most} people of one kind were named together with it",
        )


def _history(found: Reasons) -> Iterator[RenderableType]:
    yield heading("As we knew it", "whose each identifier was, by when it landed here")
    made = table("known from", "to", "customer", "identifiers")
    made.columns[0].no_wrap = made.columns[1].no_wrap = True

    def span(row: Row) -> tuple[Any, Any, str]:
        return row["known_from"], row["known_to"], str(row["customer_id"])

    ordered = sorted(
        found.history, key=lambda row: (row["known_from"], str(row["known_to"]), str(row["customer_id"]))
    )
    for (start, end, customer), group in groupby(ordered, key=span):
        mine = customer == str(found.head["customer_id"])
        identifiers = ", ".join(named(row["kind"], row["value"]) for row in group)
        made.add_row(
            f"{start:%Y-%m-%d %H:%M:%S}", f"{end:%Y-%m-%d %H:%M:%S}" if end else "now",
            Text(short(customer), style="bold" if mine else ""), Text(identifiers),
        )  # fmt: skip
    yield made


def _pair(edge: Row, link: str, style: str) -> Text:
    left, right = named(edge["kind_a"], edge["value_a"]), named(edge["kind_b"], edge["value_b"])
    return Text.assemble((left, "bold"), (f" {link} ", style or "green"), (right, "bold"))


def _told(edge: Row) -> Text:
    """Who says that the two are one: the greatest strength, the first event, how many."""
    text = Text(f"{STRENGTHS[edge['strength']]}", style="yellow" if edge["strength"] == 0 else "green")
    if edge["event_id"]:
        first = f" · {moment(edge['occurred_at'])} {edge['event_type']} {safe(edge['event_id'])}"
        more = f" and {edge['events'] - 1:,} more" if edge["events"] > 1 else ""
        text.append(first + more, style="dim")
    return text


def _word(link: Row) -> Text:
    said = f"“{safe(link['reason'])}”, {safe(link['actor'])}, {moment(link['occurred_at'])}"
    return Text.assemble(said, (f" · own/rundum/identity_constrained {link['event_id']}", "dim"))


def _between(link: Row, edge: Row) -> bool:
    """Whether a decision is one that keeps the two sides of a refused edge apart."""
    sides = {edge["customer_a"], edge["customer_b"]}
    apart = link["verdict"] == "cannot" and edge["outcome"] == "cannot"
    return apart and {link["customer_a"], link["customer_b"]} == sides


def _sides(row: Row) -> int:
    return len({row["customer_a"], row["customer_b"]})


def _other(found: Reasons, row: Row) -> str:
    """The customer at the other end."""
    mine = found.head["customer_id"]
    other = row["customer_b"] if row["customer_a"] == mine else row["customer_a"]
    return f"{name_of(found.others[other])}, {other}" if other in found.others else short(other)
