"""Columns -> fields of a contract, each with its type, marks and a sentence.

Decides what each column becomes, and what of it a person must confirm: that stands after the word TODO. Must
never show a value of the sample that could tell of a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.lint import RESERVED
from streams.sources.guess.columns import Column, printable
from streams.sources.guess.lists import list_type, record_type
from streams.sources.guess.names import Way, free, kind_of, read_name, snake, trait_of
from streams.sources.guess.roles import Leaf, Roles, is_currency
from streams.sources.guess.shapes import CENTS, DAY, INSTANT, Shape, is_money
from streams.sources.guess.words import CARDS, CATEGORIES, COUNTS, DIRECT, OTHERS, TEXTS

TAKEN = {*RESERVED, "event_id", "occurred_at"}
DIRECT_TRAITS = {"first_name", "last_name", "birth_date", "street"}
MOST_WORDS = LONGEST_WORD = 20  # of a column that holds the words of a list
CONTACTS = ("email", "phone")
KIND_ASKS = {
    "customer_no": "is it the same person's for good, and no number made anew for every guest?",
    "email": "is it the customer's own? If they typed it themselves, add strength 1.",
    "phone": "is it the customer's own? If they typed it themselves, add strength 1.",
    "order": "is it unique in the whole company? If only in one shop, prefix it, or take the mark away.",
    "device_id": "is it one browser or app? Then add strength 0, so that it never joins two known people.",
}
KIND_ASK = "does it name one person, or one thing of one person, in the whole company?"


@dataclass(frozen=True)
class Guess:
    """One field: the `entry` of the contract, and where its value comes from. `style` are keys of the map.

    `parts` are the fields of a nested record, which has no column of its own.
    """

    path: Way
    entry: dict[str, Any]
    leaf: Leaf | None = None
    style: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Guess, ...] = ()

    @property
    def means(self) -> tuple[str, ...]:
        """The marks."""
        found = self.entry.get("means", [])
        return (found,) if isinstance(found, str) else tuple(found)

    def leaves(self) -> Iterator[Guess]:
        """The fields that a column fills: itself, or those inside."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


@dataclass
class Fields:
    """The fields of one contract in the making. `left_out` are columns that no field can hold."""

    event: str
    roles: Roles
    leaves: Mapping[Way, Leaf]
    kinds: Sequence[str]
    marks: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)

    def of(self, columns: Sequence[Column], prefix: Way = ()) -> list[Guess]:
        """The fields of these columns, in their order."""
        names = set() if prefix else set(TAKEN)
        found = []
        for column in columns:
            if not column.is_usable:
                self.left_out.append(column.title)
                continue
            guess = (self._record if column.parts else self._leaf)(column, prefix, names)
            found += [guess] if guess else []
        return found

    def _record(self, column: Column, prefix: Way, names: set[str]) -> Guess | None:
        name = free(_plain(column, prefix), names)
        parts = self.of(column.parts, (*prefix, name))
        if not parts:
            return None
        avro = record_type([part.entry for part in parts], (self.event, *prefix, name), self.types)
        entry = entry_of(name, avro, column, f"Object {column.title}.")
        if prefix and all(
            "default" in part.entry for part in parts
        ):  # it is gone where all its parts are null
            entry |= {"type": ["null", avro], "default": None}
        return Guess((*prefix, name), entry, parts=tuple(parts))

    def _leaf(self, column: Column, prefix: Way, names: set[str]) -> Guess | None:
        leaf = self.leaves.get(column.way)
        if leaf is None:
            return self._list(column, prefix, names)
        if leaf is self.roles.time:
            return Guess(("occurred_at",), _time(leaf, self.roles), leaf, dict(leaf.shape.style))
        if leaf is self.roles.event_id and leaf.name.whole in ("id", "eventid"):
            return None
        return self._marked(leaf, prefix, names)

    def _list(self, column: Column, prefix: Way, names: set[str]) -> Guess | None:
        name = _plain(column, prefix)
        avro = list_type(column.values, (self.event, *prefix, name), self.types)
        if avro is None:
            self.left_out.append(column.title)
            return None
        name = free(name, names)
        leaf = Leaf(column, read_name(column.way), Shape(avro))
        return Guess((*prefix, name), entry_of(name, avro, column, f"List {column.title}."), leaf)

    def _marked(self, leaf: Leaf, prefix: Way, names: set[str]) -> Guess:
        entry, style = self._meaning(leaf, prefix)
        entry["name"] = free(entry["name"], names)
        made = entry_of(entry.pop("name"), entry.pop("type"), leaf.column, entry.pop("doc"))
        doc = made.pop("doc")
        return Guess((*prefix, made["name"]), {**made, **entry, "doc": doc}, leaf, style)

    def _meaning(self, leaf: Leaf, prefix: Way) -> tuple[dict[str, Any], dict[str, Any]]:
        """The entry with its mark, and the keys of the map, by the first rule that fits."""
        name, shape = _plain(leaf.column, prefix), leaf.shape
        plain = {"name": name, "type": shape.avro, "doc": _doc(leaf)}
        if leaf is self.roles.sequence and "sequence" not in self.marks:
            self.marks.add("sequence")
            ask = " TODO: does it count the versions of a row, so that the greater one is the later?"
            return {**plain, "means": "sequence", "doc": plain["doc"] + ask}, dict(shape.style)
        if is_currency(leaf):
            return {
                **plain,
                "name": "currency",
                "doc": f"Currency, ISO 4217; column {leaf.column.title}.",
            }, {}
        if is_money(shape, leaf.name):
            return _money(plain, leaf, self.roles)
        if marks := self._person(leaf):
            return {**plain, **marks}, dict(shape.style)
        if not leaf.column.values:
            ask = " TODO: empty throughout the sample; say what it holds, or take it out here and in the map."
            return {**plain, "doc": plain["doc"] + ask}, {}
        return {**plain, **_plainly(leaf, plain["doc"], self.roles)}, dict(shape.style)

    def _person(self, leaf: Leaf) -> dict[str, Any]:
        """The keys of a field that names or describes the customer; empty if it does not."""
        name, shape = leaf.name, leaf.shape
        kind = kind_of(name, self.kinds) or (
            "email" if _holds_addresses(leaf) and not name.starts(OTHERS) else ""
        )
        trait = trait_of(name)
        if kind and shape.avro in ("string", "long") and (shape.is_text or kind not in CONTACTS):
            mark = f"id:{kind}"
            if mark in self.marks:
                ask = f" TODO: is it the customer's too? Then mark it {mark}, as the other one."
                return {"pii": "direct" if kind in CONTACTS else "indirect", "doc": _doc(leaf) + ask}
            self.marks.add(mark)
            means = [mark, f"trait:{kind}"] if kind in CONTACTS else mark
            pii = "direct" if kind in CONTACTS else "indirect"
            doc = f"{_doc(leaf)} TODO: {KIND_ASKS.get(kind, KIND_ASK)}"
            return {"name": self._own_name(leaf, kind), "means": means, "pii": pii, "doc": doc}
        if trait and (shape.is_text or (trait == "birth_date" and shape.avro == DAY)):
            mark = f"trait:{trait}"
            pii = "direct" if trait in DIRECT_TRAITS else "indirect"
            if mark in self.marks or not self._is_flat(leaf):
                return {
                    "pii": pii,
                    "doc": f"{_doc(leaf)} TODO: is it the customer's own? Then mark it {mark}.",
                }
            self.marks.add(mark)
            return {"name": self._own_name(leaf, trait), "means": mark, "pii": pii,
                    "doc": f"{_doc(leaf)} TODO: is it the customer's own?"}  # fmt: skip
        return {}

    def _is_flat(self, leaf: Leaf) -> bool:
        return len(leaf.column.way) <= 2

    def _own_name(self, leaf: Leaf, usual: str) -> str:
        usual = "order_id" if usual == "order" else usual
        return usual if len(leaf.column.way) == 1 else _plain(leaf.column, leaf.column.way[:-1])


def entry_of(name: str, avro: Any, column: Column, doc: str) -> dict[str, Any]:
    """The entry of a field, optional if a row of the sample says nothing."""
    optional = {"type": ["null", avro], "default": None} if not column.is_full else {"type": avro}
    return {"name": name, **optional, "doc": doc}


def _plain(column: Column, prefix: Way) -> str:
    name = snake(column.way[-1]) or "column"
    return f"source_{name}" if not prefix and name in TAKEN else name


def _doc(leaf: Leaf) -> str:
    doubt = f" TODO: {leaf.shape.doubt}" if leaf.shape.doubt else ""
    return f"Column {leaf.column.title}{_such_as(leaf)}.{doubt}"


def _such_as(leaf: Leaf) -> str:
    """A value of the sample, if it is one that tells of nobody."""
    values = leaf.column.values
    if values and is_harmless(leaf):
        return f", such as {printable(str(values[0]))}"
    return ""


def is_harmless(leaf: Leaf) -> bool:
    """Whether single values can be shown: no number of anything, no name, no text of people."""
    if leaf.shape.avro in ("boolean", "double") or (leaf.shape.avro == "long" and not leaf.name.is_code):
        return not leaf.name.starts(OTHERS) or leaf.name.has(COUNTS)
    if not leaf.shape.is_text or not leaf.name.has(CATEGORIES):
        return False
    words = {str(value) for value in leaf.column.values}
    return len(words) <= MOST_WORDS and all(len(word) <= LONGEST_WORD and "@" not in word for word in words)


def _time(leaf: Leaf, roles: Roles) -> dict[str, Any]:
    told, ask = "When it happened", "is it that, and not when it was sent or is due?"
    if roles.versions:
        told, ask = (
            "When this version of the row was written",
            "is it that, so that a correction is a later event?",
        )
    doubt = f" {leaf.shape.doubt}" if leaf.shape.doubt else ""
    return {"name": "occurred_at", "type": INSTANT, "means": "occurred_at",
            "doc": f"{told}, in UTC; column {leaf.column.title}. TODO:{doubt} {ask}"}  # fmt: skip


def _money(plain: dict[str, Any], leaf: Leaf, roles: Roles) -> tuple[dict[str, Any], dict[str, Any]]:
    in_cents = leaf.name.has(("cents", "cent", "minor"))
    name = re.sub(r"_(minor|cents?)$", "", plain["name"]) + "_minor"
    sure = leaf.shape.decimals > 0 or in_cents
    ask = "is it money? To add it up by customer, mark it measure:<name> with its currency."
    if roles.versions:
        ask = "is it money? A measure would add up every version; let a model's part take the latest."
    ask = (
        ask
        if sure
        else f"are these whole units of money? If they are cents, take minor = 2 out of the map. {ask}"
    )
    style = dict(leaf.shape.style) | ({} if in_cents else {"minor": CENTS})
    doc = f"Column {leaf.column.title}, in minor units of the currency. TODO: {ask}"
    return {"name": name, "type": "long", "doc": doc}, style


def _plainly(leaf: Leaf, doc: str, roles: Roles) -> dict[str, Any]:
    """The keys of a field that is neither money nor the customer's."""
    name, shape = leaf.name, leaf.shape
    if shape.is_text and name.is_one_of(CARDS):
        ask = "does it name the customer? Then declare its kind in identifiers.toml and mark it id:<kind>."
        return {"pii": "indirect", "doc": f"{doc} TODO: {ask}"}
    if shape.is_text and (name.is_one_of(TEXTS) or _is_long(leaf)):
        return {
            "means": "text",
            "pii": "indirect",
            "doc": f"{doc} TODO: is it text that people wrote freely?",
        }
    if name.is_one_of(DIRECT) or trait_of(name) or _holds_addresses(leaf):
        return {
            "pii": "direct",
            "doc": f"{doc} TODO: whose is it? The customer's own can be marked as a trait.",
        }
    if shape.avro == "long" and name.has(COUNTS) and not roles.versions:
        return {"doc": f"{doc} TODO: to add it up by customer, mark it measure:<name> with a unit."}
    if name.starts(OTHERS) and shape.is_text and not is_harmless(leaf):
        return {"pii": "indirect", "doc": f"{doc} TODO: does it tell of a person?"}
    return {"doc": doc}


def _is_long(leaf: Leaf) -> bool:
    lengths = [len(value) for value in leaf.column.values if isinstance(value, str)]
    return bool(lengths) and sum(lengths) / len(lengths) > 60


def _holds_addresses(leaf: Leaf) -> bool:
    values = leaf.column.values
    addresses = sum(isinstance(value, str) and bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value.strip()))
                    for value in values)  # fmt: skip
    return addresses > len(values) * 0.8 if values else False
