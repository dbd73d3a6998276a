"""The rules that a catalogue must keep, each with a place and a mend.

Decides whether loaded contracts may be used. Must never change a contract, nor judge an event.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.catalogue import Catalogue, ContractError, EventType
from schemas.conform import ConformError, conform_default
from schemas.examples import ENOUGH, example_faults, read_examples
from schemas.harm import PRIMITIVES, lint_writer, types_of
from schemas.lint_foreign import foreign_faults
from schemas.lint_marks import SNAKE, Fault, mark_faults
from schemas.meanings import OPTIONS, is_nullable
from schemas.scalars import READERS

__all__ = ["RESERVED", "Finding", "lint", "lint_writer"]

RESERVED = {"node", "landed_seq", "landed_at", "received_at", "extra", "writer", "record", "customer_id"}
FIELD_KEYS = {"name", "type", "doc", "default", "aliases", "order", "means", *OPTIONS}
SLOW = {"bytes", "fixed"}


@dataclass(frozen=True)
class Finding:
    """One broken rule. `level` is error, or advice where the contract works all the same."""

    file: Path
    place: str
    problem: str
    mend: str
    level: str = "error"

    def __str__(self) -> str:
        """The finding in a line: file, place, problem; mend."""
        where = f"{self.file}: {self.place}" if self.place else str(self.file)
        return f"{where}: {self.problem}; {self.mend}"


def lint(catalogue: Catalogue, models: Path | None = None) -> list[Finding]:
    """Every broken rule, errors and advice, in the order of the files.

    `models` is the folder of canonical models, whose names the sources' SQL files must bear.
    """
    findings: list[Finding] = []
    for event in catalogue.events.values():
        faults = [*_record_faults(event), *_type_faults(event), *mark_faults(event, catalogue.kinds)]
        for declared in catalogue.foreign.values():
            faults += foreign_faults(event, declared) if declared.event == event.name else ()
        findings += [Finding(event.file, *fault) for fault in faults]
        findings += _examples(event)
    findings += _sources(catalogue)
    findings += _kinds(catalogue)
    findings += _shared(catalogue)
    findings += _models(catalogue, models)
    return findings


def _record_faults(event: EventType) -> Iterator[Fault]:
    for problem in lint_writer(dict(event.schema)):
        yield Fault("", problem, "simplify the record")
    if not SNAKE.fullmatch(event.event):
        yield Fault("", f"{event.event!r} is not an event's name", "name the file in snake_case")
    space = event.source.name.replace("/", ".")
    if event.schema["namespace"] != space:
        yield Fault(
            "namespace", f"is {event.schema['namespace']}", f"call it {space}, after the folder", "advice"
        )
    if not str(event.schema.get("doc", "")).strip():
        yield Fault("doc", "the record is not explained", "say in a sentence what happened")
    for entry in event.schema["fields"]:
        if entry["name"].lower() in RESERVED:
            yield Fault(entry["name"], "is the name of a column that the store adds", "choose another name")
    for field in event.fields:
        if not field.doc.strip():
            yield Fault(field.name, "is not explained", 'add "doc": a sentence')


def _type_faults(event: EventType) -> Iterator[Fault]:
    for place, avro in types_of(dict(event.schema)):
        if isinstance(avro, list):
            yield from _union_faults(place, avro)
        elif isinstance(avro, str):
            yield from _name_faults(place, avro)
        else:
            yield from _shape_faults(place, avro)
            for entry in _entries(avro):
                yield from _field_faults(f"{place}.{entry['name']}".lstrip("."), entry)


def _union_faults(place: str, avro: list[Any]) -> Iterator[Fault]:
    if len(avro) != 2 or avro[0] != "null" or avro[1] == "null":
        yield Fault(
            place, "a union other than null and one type", 'write ["null", <type>] with "default": null'
        )


def _name_faults(place: str, avro: str) -> Iterator[Fault]:
    if avro not in PRIMITIVES:
        mend = "write the type out again under a name of its own"
        yield Fault(place, f"refers to the type {avro}", mend)
    elif avro in SLOW:
        yield Fault(place, f"{avro} cannot take the fast way", "prefer a string", "advice")


def _shape_faults(place: str, avro: Mapping[str, Any]) -> Iterator[Fault]:
    base, logical = avro["type"], avro.get("logicalType")
    if logical is not None and f"{base}-{logical}" not in READERS:
        yield Fault(place, f"{logical!r} does not go with {base}", "correct or drop the logicalType")
    if base in SLOW or logical == "uuid":
        yield Fault(
            place, f"{logical or base} cannot take the fast way", "prefer a string or a long", "advice"
        )
    if base == "map" and any(
        "means" in entry for _, inner in types_of(avro["values"]) for entry in _entries(inner)
    ):
        yield Fault(place, "a mark inside a map", "use an array of records")
    if base != "record":
        return
    if not avro["fields"]:
        yield Fault(place, "a record without fields", "give it one, or leave it out")
    names = [entry["name"].lower() for entry in avro["fields"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Fault(
            place, f"two fields are called {name}", "rename one: upper and lower case are the same in SQL"
        )


def _entries(avro: Any) -> Iterable[Mapping[str, Any]]:
    return avro.get("fields", ()) if isinstance(avro, Mapping) else ()


def _field_faults(place: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    avro = entry["type"]
    if avro == "null":
        yield Fault(place, "is always null", "leave it out")
    elif is_nullable(avro) and ("default" not in entry or entry["default"] is not None):
        yield Fault(place, "optional without the default null", 'add "default": null')
    elif "default" in entry and not isinstance(avro, list):
        try:
            conform_default(avro, entry["default"])
        except (ConformError, KeyError) as error:
            yield Fault(place, f"the default does not fit: {error}", "correct it")
    if str(entry["name"]).endswith("_minor") and avro not in ("long", ["null", "long"]):
        yield Fault(place, "an amount in minor units that is not a long", 'make it "long"')
    for key in sorted(entry.keys() - FIELD_KEYS):
        if close := difflib.get_close_matches(key, FIELD_KEYS, 1, 0.75):
            yield Fault(place, f"{key!r} is not a known key", f"did you mean {close[0]}?")


def _examples(event: EventType) -> Iterator[Finding]:
    try:
        count = len(read_examples(event))
        for line, fault in example_faults(event):
            yield Finding(event.examples, line, fault, "correct the example or the contract")
    except ContractError as error:
        yield Finding(error.file, error.place, "cannot be read", error.mend)
        return
    if count < ENOUGH:
        yield Finding(event.examples, "", f"{count} of at least {ENOUGH} examples", "add some", "advice")


def _sources(catalogue: Catalogue) -> Iterator[Finding]:
    tables: dict[str, str] = {}
    for source in catalogue.sources.values():
        file = source.file
        if not all(SNAKE.fullmatch(part) for part in source.name.split("/")):
            yield Finding(
                file, "", f"{source.name!r} is not a source's name", "name both folders in snake_case"
            )
        other = tables.setdefault(source.table_schema, source.name)
        if other != source.name:
            yield Finding(
                file, "", f"has the tables of {other} too: {source.table_schema}", "rename the folder"
            )


def _kinds(catalogue: Catalogue) -> Iterator[Finding]:
    ranks: dict[int, str] = {}
    for kind in catalogue.kinds.values():
        if not SNAKE.fullmatch(kind.name):
            yield Finding(
                Path("identifiers.toml"), f"[{kind.name}]", "is not a name", "write it as snake_case"
            )
        other = ranks.setdefault(kind.rank, kind.name)
        if other != kind.name:
            problem = f"has the rank of {other}, {kind.rank}"
            yield Finding(Path("identifiers.toml"), f"[{kind.name}]", problem, "give it a rank of its own")


def _shared(catalogue: Catalogue) -> Iterator[Finding]:
    """Measures mean the same everywhere, and no trait has a measure's name: both are columns of customers."""
    units: dict[str, tuple[str, str]] = {}
    traits = {mark.name for event in catalogue.events.values() for mark in event.marked("trait")}
    for event in catalogue.events.values():
        for mark in event.marked("measure"):
            unit = "money" if "currency" in mark.options else str(mark.options.get("unit"))
            first, where = units.setdefault(mark.name, (unit, event.name))
            if first != unit:
                problem = f"measure:{mark.name} is in {unit} here and in {first} in {where}"
                yield Finding(event.file, mark.field_name, problem, "use one unit, or another name")
            if mark.name in traits:
                problem = f"measure:{mark.name} has the name of a trait"
                yield Finding(event.file, mark.field_name, problem, "rename one")


def _models(catalogue: Catalogue, folder: Path | None) -> Iterator[Finding]:
    if folder is None:
        return
    known = sorted(file.stem for file in folder.glob("*.sql"))
    for model, files in catalogue.models.items():
        if model not in known:
            for file in files:
                yield Finding(file, "", f"no model is called {model}", f"known are {', '.join(known)}")
