"""How a contract may change: what was written with an old one must be read with the new one, and exactly.

Decides whether a new version may be released, and what counts as released. Must never look at data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from schemas.catalogue import ContractError, EventType
from schemas.lint import Finding
from schemas.meanings import ITEMS, dotted, type_text

RELEASED = "released.json"
WIDER = {
    ("int", "long"),
    ("int", "double"),
    ("float", "double"),
    ("string", "bytes"),
    ("bytes", "string"),
}
INEXACT = {("int", "float"), ("long", "float"), ("long", "double")}
LASTING = ("event_id", "occurred_at")

Way = tuple[str, ...]
Released = Mapping[str, tuple[Mapping[str, Any], ...]]


def compatible(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Why events written with `old` cannot be read with `new`, one sentence a reason; empty if they can.

    Stricter than Avro where a column would lose what it holds, or an event its key or time.
    """
    problems: list[str] = []
    if _full_name(old) != _full_name(new):
        problems.append(f"the record was called {_full_name(old)}; keep its name")
    problems += _lasting_marks(old, new)
    return problems + list(_fields((), old, new))


def _full_name(schema: Mapping[str, Any]) -> str:
    return f"{schema.get('namespace', '')}.{schema['name']}"


def _lasting_marks(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for meaning in LASTING:
        before = [entry["name"] for entry in old["fields"] if meaning in _means(entry)]
        after = [entry["name"] for entry in new["fields"] if meaning in _means(entry)]
        if before and before != after:
            yield f"{before[0]}: was the {meaning}; it must stay so, for events are known by it"


def _means(entry: Mapping[str, Any]) -> list[str]:
    means = entry.get("means", [])
    return [means] if isinstance(means, str) else list(means)


def _fields(path: Way, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    written = {entry["name"]: entry for entry in old["fields"]}
    for entry in new["fields"]:
        here = (*path, entry["name"])
        names = [entry["name"], *entry.get("aliases", ())]
        before = next((written[name] for name in names if name in written), None)
        if before is not None:
            yield from _changed(here, before["type"], entry["type"])
        elif "default" not in entry:
            yield f"{dotted(here)}: is new and has no default; add one, or an alias if it was renamed"


def _changed(path: Way, old: Any, new: Any) -> Iterator[str]:
    """Why values of a type cannot be read as another type."""
    if isinstance(old, list) or isinstance(new, list):
        yield from _union(path, old, new)
        return
    before, after = _base(old), _base(new)
    if _logical(old) != _logical(new):
        yield f"{dotted(path)}: was {type_text(old)} and cannot become {type_text(new)}"
    elif before == after:
        yield from _inside(path, old, new)
    elif (before, after) in INEXACT:
        yield f"{dotted(path)}: {before} to {after} would round what is stored; keep {before}"
    elif (before, after) not in WIDER:
        yield f"{dotted(path)}: was {before} and cannot become {after}; add a new field beside it"


def _inside(path: Way, old: Any, new: Any) -> Iterator[str]:
    """Why values of a type cannot be read as a type of the same sort."""
    match _base(old):
        case "record":
            yield from _same_name(path, old, new)
            yield from _fields(path, old, new)
        case "array":
            yield from _changed((*path, ITEMS), old["items"], new["items"])
        case "map":
            yield from _changed((*path, "{}"), old["values"], new["values"])
        case "enum":
            yield from _same_name(path, old, new)
            for symbol in old["symbols"]:
                if symbol not in new["symbols"]:
                    yield f"{dotted(path)}: the symbol {symbol} is gone; put it back, for it was written"
        case "fixed":
            yield from _same_name(path, old, new)
            if old["size"] != new["size"]:
                yield f"{dotted(path)}: was {old['size']} bytes long; keep the size"


def _union(path: Way, old: Any, new: Any) -> Iterator[str]:
    written = old if isinstance(old, list) else [old]
    read = new if isinstance(new, list) else [new]
    if "null" in written and "null" not in read:
        yield f"{dotted(path)}: was optional and null may have been written; keep it optional"
    others = [branch for branch in read if branch != "null"]
    for branch in written:
        if branch == "null":
            continue
        reasons = [list(_changed(path, branch, other)) for other in others]
        if not reasons:
            yield f"{dotted(path)}: was {type_text(branch)} and cannot become null"
        elif [] not in reasons:
            yield from min(reasons, key=len)


def _same_name(path: Way, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before = _short(old["name"])
    if before not in {_short(name) for name in (new["name"], *new.get("aliases", ()))}:
        yield f"{dotted(path)}: the type was called {before}; keep the name, or add it to its aliases"


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _base(avro: Any) -> str:
    return avro if isinstance(avro, str) else str(avro["type"])


def _logical(avro: Any) -> tuple[Any, ...]:
    if not isinstance(avro, Mapping) or "logicalType" not in avro:
        return ()
    return avro["logicalType"], avro.get("precision"), avro.get("scale", 0)


def canonical(avro: Any) -> Any:
    """A schema without its prose, keys sorted: what two versions are compared by."""
    if isinstance(avro, list):
        return [canonical(branch) for branch in avro]
    if not isinstance(avro, Mapping):
        return avro
    kept = {key: avro[key] for key in sorted(avro.keys() - {"doc"})}
    for key in ("type", "items", "values"):
        if key in kept:
            kept[key] = canonical(kept[key])
    if "fields" in kept:
        kept["fields"] = [canonical(entry) for entry in kept["fields"]]
    return kept


def read_released(root: Path) -> Released:
    """All released versions of a schemas folder, oldest first, by full name. Raises ContractError."""
    file = root / RELEASED
    if not file.exists():
        return {}
    mend = "must hold an array of records for each full name; take it from version control again"
    try:
        data = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise ContractError(file, "", f"is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise ContractError(file, "", mend)
    for name, versions in data.items():
        if not isinstance(versions, list) or not all(
            isinstance(version, dict) and "fields" in version for version in versions
        ):
            raise ContractError(file, name, mend)
    return {name: tuple(versions) for name, versions in data.items()}


def compare(root: Path, events: Iterable[EventType]) -> list[Finding]:
    """What the contracts of a schemas folder break that was released from it. Raises ContractError."""
    released = read_released(root)
    here = {event.full_name: event for event in events if event.file.is_relative_to(root)}
    findings: list[Finding] = []
    for name, versions in released.items():
        if name not in here:
            problem = f"{name} was released and is gone"
            findings.append(Finding(root / RELEASED, name, problem, "put the contract back"))
            continue
        problems = [problem for version in versions for problem in compatible(version, here[name].schema)]
        for problem in dict.fromkeys(problems):
            findings.append(Finding(here[name].file, *_split(problem)))
    return findings


def _split(problem: str) -> tuple[str, str, str]:
    """A sentence of `compatible` as place, problem and mend."""
    place, colon, rest = problem.partition(": ")
    what, _, mend = (rest if colon else problem).partition("; ")
    return (place if colon else "", what, mend or "keep what was released")


def next_released(root: Path, events: Iterable[EventType]) -> Released:
    """The released versions with the contracts of today as the newest. Raises ContractError."""
    released = dict(read_released(root))
    for event in events:
        if event.file.is_relative_to(root):
            versions = released.get(event.full_name, ())
            today = canonical(event.schema)
            released[event.full_name] = versions if today in versions[-1:] else (*versions, today)
    return released


def write_released(root: Path, released: Released) -> Path:
    """Write the released versions, a line each, so that a release is a readable change. Returns the file."""
    blocks = []
    for name in sorted(released):
        versions = ",\n".join("  " + json.dumps(version, ensure_ascii=False) for version in released[name])
        blocks.append(f" {json.dumps(name)}: [\n{versions}\n ]")
    file = root / RELEASED
    file.write_text("{\n" + ",\n".join(blocks) + "\n}\n", "utf-8")
    return file
