"""From JSON or Python values to a datum of a schema, and back: every fault named by its field.

Decides whether a value fits a schema and fills defaults. Must never repair: what does not fit is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from schemas.scalars import READERS, Refused, read_scalar, scalar_of, write_scalar

DEPTH = 64
SHOWN = 40


@dataclass(frozen=True)
class Problem:
    """One fault. `field` is its path (`lines[2].sku`, empty for the whole value)."""

    field: str
    expected: str
    got: str

    def __str__(self) -> str:
        """The fault in a line."""
        return f"{self.field or 'the event'}: expected {self.expected}; got {self.got}"


class ConformError(ValueError):
    """A value that does not fit its schema; `problems` holds every fault, in the schema's order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """The text is every fault, one a line."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


@dataclass(frozen=True)
class _At:
    """A place while walking: the way to it, and whether the value is one of the schema's own defaults."""

    path: str = ""
    depth: int = 0
    default: bool = False

    def down(self, step: str) -> _At:
        shown = step if step.isprintable() else ascii(step)[1:-1]
        return _At(f"{self.path}{shown[:SHOWN]}".lstrip("."), self.depth + 1, self.default)


@dataclass(frozen=True)
class _Walk:
    """One walk through a value: its schema, whose named types may be referred to, and the faults found."""

    root: Any
    problems: list[Problem] = field(default_factory=list)

    @cached_property
    def named(self) -> dict[str, Any]:
        return named_types(self.root)

    def fault(self, at: _At, expected: str, got: str) -> None:
        self.problems.append(Problem(at.path, expected, got))

    def value(self, avro: Any, value: Any, at: _At) -> Any:
        """The datum of any type; None where a fault was noted."""
        if at.depth > DEPTH:
            return self.fault(at, f"at most {DEPTH} levels", "more")
        if isinstance(avro, list):
            return self.union(avro, value, at)
        key, shape = scalar_of(avro)
        if key in READERS:
            return self.scalar(shape or key, value, at)
        if key in ("record", "error"):
            return self.record(shape, value, at)
        if key == "array":
            return self.array(shape, value, at)
        if key == "map":
            return self.map(shape, value, at)
        return self.value(self.named[key], value, _At(at.path, at.depth + 1, at.default))

    def scalar(self, avro: Any, value: Any, at: _At) -> Any:
        if at.default and isinstance(value, str) and scalar_of(avro)[0].startswith(("bytes", "fixed")):
            value = value.encode("latin-1", "replace")
        try:
            return read_scalar(avro, value)
        except Refused as refused:
            return self.fault(at, str(refused), describe(value))

    def record(self, avro: Mapping[str, Any], value: Any, at: _At) -> Any:
        if not isinstance(value, Mapping):
            return self.fault(at, "an object", describe(value))
        names = [str(entry["name"]) for entry in avro["fields"]]
        for key in value:
            if key not in names:
                self.fault(
                    at.down(f".{key}"), f"a field of the contract; {near(key, names)}", "an unknown one"
                )
        return {name: self.field(entry, value, at.down(f".{name}"))
                for name, entry in zip(names, avro["fields"], strict=True)}  # fmt: skip

    def field(self, entry: Mapping[str, Any], value: Mapping[str, Any], at: _At) -> Any:
        if entry["name"] in value:
            return self.value(entry["type"], value[entry["name"]], at)
        if "default" in entry:
            return self.value(entry["type"], entry["default"], _At(at.path, at.depth, default=True))
        return self.fault(at, "a value, for it is required", "nothing")

    def array(self, avro: Mapping[str, Any], value: Any, at: _At) -> Any:
        if not isinstance(value, list | tuple):
            return self.fault(at, "an array", describe(value))
        return [self.value(avro["items"], item, at.down(f"[{index}]")) for index, item in enumerate(value)]

    def map(self, avro: Mapping[str, Any], value: Any, at: _At) -> Any:
        if not isinstance(value, Mapping):
            return self.fault(at, "an object", describe(value))
        for key in value:
            self.scalar("string", key, at.down(".key"))
        return {key: self.value(avro["values"], item, at.down(f".{key}")) for key, item in value.items()}

    def union(self, branches: Sequence[Any], value: Any, at: _At) -> Any:
        if at.default:
            branches = branches[:1]
        elif value is None and "null" in branches:
            return None
        rest = [branch for branch in branches if branch != "null" or at.default]
        if len(rest) == 1:
            return self.value(rest[0], value, at)
        fitting = []
        for branch in rest:
            trial = _Walk(self.root)
            datum = trial.value(branch, value, at)
            if not trial.problems:
                fitting.append(datum)
        for datum in fitting:
            if type(datum) is type(value) and datum == value:
                return datum
        if fitting:
            return fitting[0]
        return self.fault(at, f"a value of {' or '.join(scalar_of(b)[0] for b in rest)}", describe(value))


def conform(schema: Any, value: Any) -> Any:
    """The datum that fastavro writes, and reads back the same. Raises ConformError with every fault.

    Times are ISO 8601 text with a zone or Avro's raw number, decimals text, bytes base64; the Python values
    that fastavro uses are taken too. A field left out takes its default; one that the schema does not know is
    a fault. In a union of several types the first that fits wins, one that changes nothing before others.
    """
    walk = _Walk(schema)
    datum = walk.value(schema, value, _At())
    if walk.problems:
        raise ConformError(walk.problems)
    return datum


def conform_default(avro: Any, default: Any) -> Any:
    """The datum of a field's default, which unions write in their first type. Raises ConformError."""
    walk = _Walk(avro)
    datum = walk.value(avro, default, _At(default=True))
    if walk.problems:
        raise ConformError(walk.problems)
    return datum


def jsonable(schema: Any, datum: Any) -> Any:
    """A datum as JSON, so that `conform` gives the datum again. The datum must be one of the schema."""
    return _jsonable(_Walk(schema), schema, datum)


def _jsonable(walk: _Walk, avro: Any, datum: Any) -> Any:
    if isinstance(avro, list):
        if datum is None:
            return None
        rest = [branch for branch in avro if branch != "null"]
        return _jsonable(walk, rest[0] if len(rest) == 1 else _branch(walk, rest, datum), datum)
    key, shape = scalar_of(avro)
    if key in READERS:
        return write_scalar(datum)
    if key in ("record", "error"):
        return {entry["name"]: _jsonable(walk, entry["type"], datum[entry["name"]])
                for entry in shape["fields"]}  # fmt: skip
    if key == "array":
        return [_jsonable(walk, shape["items"], item) for item in datum]
    if key == "map":
        return {name: _jsonable(walk, shape["values"], item) for name, item in datum.items()}
    return _jsonable(walk, walk.named[key], datum)


def _branch(walk: _Walk, branches: Iterable[Any], datum: Any) -> Any:
    """The type of a union that a datum has. Raises ConformError."""
    for branch in branches:
        trial = _Walk(walk.root)
        same = trial.value(branch, datum, _At())
        if not trial.problems and type(same) is type(datum) and same == datum:
            return branch
    raise ConformError([Problem("", "a value of one type of its union", describe(datum))])


def named_types(avro: Any) -> dict[str, Any]:
    """Every record, enum and fixed in a type, by its name and its full name."""
    found: dict[str, Any] = {}
    todo: list[tuple[Any, str]] = [(avro, "")]
    while todo:
        one, space = todo.pop()
        if isinstance(one, list):
            todo += [(branch, space) for branch in one]
        elif isinstance(one, Mapping):
            if "name" in one:
                space = one.get("namespace", one["name"].rpartition(".")[0] or space)
                found |= {one["name"]: one, f"{space}.{one['name'].rpartition('.')[2]}": one}
            todo += [(one[key], space) for key in ("items", "values") if key in one]
            todo += [(entry["type"], space) for entry in one.get("fields", ())]
    return found


def describe(value: Any) -> str:
    """A value in few words, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of more than 128 bits"
    text = repr(value[: SHOWN + 1] if isinstance(value, str | bytes) else value)
    return text if len(text) <= SHOWN + 2 else text[:SHOWN] + "…"


def near(key: Any, names: Sequence[str]) -> str:
    """A word of help for a name that is not among `names`."""
    close = difflib.get_close_matches(str(key), names, 1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(names)}"
