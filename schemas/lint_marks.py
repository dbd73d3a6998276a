"""The rules for marks: which field may carry which, and with which options.

Decides whether the marks of one contract can be turned into facts. Must never look at other contracts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from schemas.catalogue import EventType
from schemas.identifiers import Kind
from schemas.meanings import (
    ANY,
    IDENTIFYING,
    ITEMS,
    OPTIONS,
    PII,
    STATUSES,
    Mark,
    Path,
    dotted,
    type_text,
    walk,
    without_null,
)

SNAKE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
WHOLE = {"int", "long"}
INSTANTS = {"timestamp-micros", "timestamp-millis"}
SCALAR = {"string", "boolean", "date", "uuid", *WHOLE, *INSTANTS}
IN_RECORD = {"event_id": "the event's id", "occurred_at": "the event's time"}


class Fault(NamedTuple):
    """What is wrong at a place of one contract and how to mend it."""

    place: str
    problem: str
    mend: str
    level: str = "error"


class Marked(NamedTuple):
    """A contract with the type of each of its fields, without null; items of arrays have a path too."""

    event: EventType
    types: Mapping[Path, Any]
    kinds: Mapping[str, Kind]


def mark_faults(event: EventType, kinds: Mapping[str, Kind]) -> Iterator[Fault]:
    """Everything wrong with the marks of a contract."""
    contract = Marked(event, _types(event.schema), kinds)
    yield from _one_each(event)
    yield from _names_somebody(event)
    for mark in event.marks:
        yield from RULES[mark.meaning](contract, mark)
        yield from _needs_pii(mark)
    for path, entry, _ in walk(event.schema):
        yield from _options(path, entry)


def _types(schema: Mapping[str, Any]) -> dict[Path, Any]:
    types: dict[Path, Any] = {}
    for path, _, bare in walk(schema):
        types[path] = bare
        while isinstance(bare, dict) and bare["type"] == "array":
            path, bare = (*path, ITEMS), without_null(bare["items"])
            types[path] = bare
    return types


def _one_each(event: EventType) -> Iterator[Fault]:
    for meaning, what in IN_RECORD.items():
        marks = event.marked(meaning)
        if not marks:
            yield Fault("", f"no field is {what}", f'mark one with "means": "{meaning}"')
        for mark in marks[1:]:
            yield Fault(mark.field_name, f"a second {meaning}", "keep one")
        for entry in event.schema["fields"]:
            if entry["name"].lower() == meaning and (entry["name"],) not in {mark.path for mark in marks}:
                yield Fault(
                    entry["name"], f"is not marked as {what}", f'add "means": "{meaning}" or rename it'
                )
    for mark in event.marked("sequence")[1:]:
        yield Fault(mark.field_name, "a second sequence", "keep one")


def _names_somebody(event: EventType) -> Iterator[Fault]:
    named = any(mark.meaning in IDENTIFYING for mark in event.marks)
    reason = event.schema.get("nobody")
    if not named and not (isinstance(reason, str) and reason.strip()):
        yield Fault(
            "", "names nobody", 'mark an identifier, or say why not: "nobody": "<reason>" on the record'
        )
    if named and reason is not None:
        yield Fault("nobody", "the contract does name somebody", "take the key out")


def _of_type(contract: Marked, mark: Mark, allowed: set[str]) -> Iterator[Fault]:
    kind = _kind(contract.types[mark.path])
    if kind not in allowed:
        wanted = " or ".join(sorted(allowed))
        yield Fault(mark.field_name, f"{_text(mark)} on a field of type {kind}", f"make it {wanted}")


def _kind(bare: Any) -> str:
    return "enum" if isinstance(bare, dict) and bare["type"] == "enum" else type_text(bare)


def _text(mark: Mark) -> str:
    return f"{mark.meaning}:{mark.name}" if mark.name else mark.meaning


def _outside_lists(mark: Mark, why: str) -> Iterator[Fault]:
    if ITEMS in mark.path:
        yield Fault(mark.field_name, f"{_text(mark)} inside a list", f"move it out: {why}")


def _named_well(mark: Mark) -> Iterator[Fault]:
    if not SNAKE.fullmatch(mark.name):
        yield Fault(mark.field_name, f"{mark.name!r} is not a name", "write it as snake_case")


def _key_field(contract: Marked, mark: Mark) -> Iterator[Fault]:
    allowed = {"string"} if mark.meaning == "event_id" else INSTANTS
    yield from _of_type(contract, mark, allowed)
    if len(mark.path) > 1:
        yield Fault(mark.field_name, f"{mark.meaning} inside another field", "move it to the top level")
    elif any(field.path == mark.path and field.nullable for field in contract.event.fields):
        yield Fault(mark.field_name, f"{mark.meaning} may be null", "make it required")


def _sequence(contract: Marked, mark: Mark) -> Iterator[Fault]:
    yield from _of_type(contract, mark, WHOLE)
    yield from _outside_lists(mark, "an event has one")


def _text_field(contract: Marked, mark: Mark) -> Iterator[Fault]:
    yield from _of_type(contract, mark, {"string"})


def _identifier(contract: Marked, mark: Mark) -> Iterator[Fault]:
    yield from _of_type(contract, mark, {"string", *WHOLE})
    if mark.name != ANY:
        if mark.name not in contract.kinds:
            known = ", ".join(sorted(contract.kinds))
            yield Fault(mark.field_name, f"the kind {mark.name!r} is not declared",
                        f"declare it in identifiers.toml, or use one of {known}")  # fmt: skip
    elif mark.meaning != "about":
        yield Fault(mark.field_name, f"{_text(mark)} is not a mark", "name the kind")
    elif "kind" not in mark.options:
        yield Fault(mark.field_name, "about:* without its kind", 'add "kind": "<field that holds the kind>"')
    else:
        yield from _beside(contract, mark, "kind")


def _beside(contract: Marked, mark: Mark, option: str) -> Iterator[Fault]:
    """An option that names a field: a text field of the record or of the same item of a list."""
    path = mark.options[option]
    kind = _kind(contract.types.get(path, "no field"))
    if kind not in {"string", "enum"}:
        yield Fault(mark.field_name, f'"{option}" names {dotted(path)!r}, which is {kind}',
                    "name an existing field of type string")  # fmt: skip


def _trait(contract: Marked, mark: Mark) -> Iterator[Fault]:
    yield from _named_well(mark)
    yield from _of_type(contract, mark, {*SCALAR, "enum"})
    yield from _outside_lists(mark, "a trait has one value an event")


def _measure(contract: Marked, mark: Mark) -> Iterator[Fault]:
    yield from _named_well(mark)
    yield from _of_type(contract, mark, WHOLE)
    if ("currency" in mark.options) == ("unit" in mark.options):
        yield Fault(mark.field_name, "a measure has either a currency or a unit",
                    'add "currency": "<field>" for money, "unit": "<text>" for anything else')  # fmt: skip
    elif "currency" in mark.options:
        yield from _beside(contract, mark, "currency")
        if not _bare_path(mark)[-1].endswith("_minor"):
            yield Fault(
                mark.field_name, "money whose name does not say its unit", "call it *_minor", "advice"
            )
    elif not isinstance(mark.options["unit"], str) or not mark.options["unit"].strip():
        yield Fault(mark.field_name, '"unit" is empty', 'write what is counted: "unit": "points"')


def _bare_path(mark: Mark) -> Path:
    return tuple(step for step in mark.path if step != ITEMS)


def _consent(contract: Marked, mark: Mark) -> Iterator[Fault]:
    yield from _outside_lists(mark, "a consent is one word about one contact point")
    if mark.name == ANY:
        yield from _of_type(contract, mark, {"string", "enum"})
    else:
        yield from _named_well(mark)
        yield from _of_type(contract, mark, {"boolean", "string", "enum"})
    yield from _contact(contract, mark)
    if "status" not in mark.options and not _states(contract.types[mark.path], mark):
        yield Fault(mark.field_name, "a consent without a status",
                    f'add "status": one of {", ".join(sorted(STATUSES))}')  # fmt: skip


def _states(bare: Any, mark: Mark) -> bool:
    """Whether the field's own value is the status."""
    if mark.name == ANY:
        return False
    symbols = bare["symbols"] if _kind(bare) == "enum" else []
    return bool(bare == "string" or (symbols and {symbol.lower() for symbol in symbols} <= STATUSES))


def _contact(contract: Marked, mark: Mark) -> Iterator[Fault]:
    identifiers = {one.path for one in contract.event.marks if one.meaning in IDENTIFYING}
    path = mark.options.get("contact")
    if path is None:
        yield Fault(
            mark.field_name, "a consent without its contact point", 'add "contact": "<identifier field>"'
        )
    elif path not in identifiers or ITEMS in path:
        yield Fault(mark.field_name, f'"contact" names {dotted(path)!r}, which is no identifier',
                    "name a field marked id:, other: or about:, outside lists")  # fmt: skip


def _needs_pii(mark: Mark) -> Iterator[Fault]:
    if mark.meaning in {"id", "other", "trait"} and mark.options.get("pii", "none") == "none":
        yield Fault(mark.field_name, f"{_text(mark)} without pii", 'add "pii": "direct" or "indirect"')


def _options(path: Path, entry: Mapping[str, Any]) -> Iterator[Fault]:
    if entry.get("pii", "none") not in PII:
        yield Fault(dotted(path), f'"pii" is {entry["pii"]!r}', f"use one of {', '.join(sorted(PII))}")
    stray = (OPTIONS - {"pii"}) & entry.keys()
    if stray and not entry.get("means"):
        yield Fault(dotted(path), f'"{min(stray)}" without a mark', 'add "means", or take it out')


RULES: dict[str, Callable[[Marked, Mark], Iterator[Fault]]] = {
    "event_id": _key_field,
    "occurred_at": _key_field,
    "sequence": _sequence,
    "text": _text_field,
    "id": _identifier,
    "other": _identifier,
    "about": _identifier,
    "trait": _trait,
    "measure": _measure,
    "consent": _consent,
}
