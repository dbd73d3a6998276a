"""The rules for contracts whose events come from a topic that others fill.

Decides whether a contract can hold what its format gives. Must never look at other contracts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.catalogue import EventType
from schemas.foreign import FORMATS, Filled, Foreign, filled_names
from schemas.lint_marks import Fault
from schemas.meanings import is_nullable, type_text, without_null


def foreign_faults(event: EventType, declared: Foreign) -> Iterator[Fault]:
    """Everything in a contract that does not go with the format of a topic."""
    entries = {entry["name"]: entry for entry in event.schema["fields"]}
    for filled in FORMATS[declared.format]:
        if filled.name in entries:
            yield from _filled_wrongly(filled, entries[filled.name], declared)
        elif filled.needed:
            kind = " or ".join(sorted(filled.types))
            yield Fault("", f"no field is {filled.name}, which {declared.format} fills", f"add it, as {kind}")
    for entry in event.schema["fields"]:
        if entry["name"] not in filled_names(declared):
            yield from _missing_sometimes(entry, declared)
    for mark in event.marks:
        if mark.meaning == "measure":
            yield Fault(
                mark.field_name,
                "a measure adds up every version of a row",
                "say its worth in a model",
                "advice",
            )
        if mark.path[0] == "record_ids" and mark.meaning == "id" and declared.format == "salesforce":
            yield Fault(
                mark.field_name, "would join all records of an event to one another",
                f"mark record_id so, and these other:{mark.name}",
            )  # fmt: skip


def _filled_wrongly(filled: Filled, entry: Mapping[str, Any], declared: Foreign) -> Iterator[Fault]:
    bare = without_null(entry["type"])
    kind = "enum" if isinstance(bare, Mapping) and bare["type"] == "enum" else type_text(bare)
    if kind not in filled.types:
        wanted = " or ".join(sorted(filled.types))
        yield Fault(entry["name"], f"is filled by {declared.format} and of type {kind}", f"make it {wanted}")
    if filled.nullable and not is_nullable(entry["type"]):
        yield Fault(entry["name"], "is not always told", 'make it optional: ["null", ...], "default": null')
    means = entry.get("means", [])
    if filled.means and filled.means not in ([means] if isinstance(means, str) else means):
        yield Fault(entry["name"], f"is what {declared.format} says of the change",
                    f'add "means": "{filled.means}"')  # fmt: skip


def _missing_sometimes(entry: Mapping[str, Any], declared: Foreign) -> Iterator[Fault]:
    """Columns of a row are not in every event: what is deleted may be told by its key alone."""
    means = entry.get("means", [])
    is_key = any(str(one).startswith("id:") for one in ([means] if isinstance(means, str) else means))
    if is_nullable(entry["type"]) or "default" in entry:
        return
    if declared.format == "salesforce":
        yield Fault(entry["name"], "is told only when it changes", 'make it optional, "default": null')
    elif not is_key:
        yield Fault(
            entry["name"], "may be missing from a row that is deleted", 'make it optional, "default": null'
        )
