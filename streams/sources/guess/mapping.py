"""A guessed contract's map, as the text of its file.

Decides which keys stand above, for all columns, and which beside one. Must never guess.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streams.sources.guess.columns import null_words_of
from streams.sources.guess.fields import Guess
from streams.sources.guess.roles import Roles
from streams.sources.guess.sample import Sample

DEFAULTS: Mapping[str, Any] = {"decimal": ".", "thousands": "", "date_format": []}
ASKS = {
    "encoding": "do umlauts look right in `rundum ingest --dry-run`?",
    "time_zone": "the file names none; is it this one?",
    "currency": "no column names it; is it this one?",
    "occurred_at": "no column tells the time; which constant is right?",
    "row": "equal rows are one event; if they are separate ones, say position",
    "versions": "is each version of a row to be an event of its own?",
    "columns": "does a row never come again with other content? If it does, say row",
}


@dataclass(frozen=True)
class MapDraft:
    """What a map is made of. `constants` are values of fields that no column fills."""

    name: str
    sample: Sample
    roles: Roles
    leaves: tuple[Guess, ...]
    constants: Mapping[str, str]


def map_text(draft: MapDraft) -> str:
    """The map as TOML; what a person must confirm has a comment with TODO."""
    shared = _shared(draft.leaves)
    head = [f"# How the columns of a file fill {draft.name}: guessed from a sample."]
    head += [_line(key, value) for key, value in {**draft.sample.keys, **shared}.items()]
    if any(guess.leaf and guess.leaf.shape.zoneless for guess in draft.leaves):
        head.append(_line("time_zone", "Europe/Berlin" if draft.sample.is_text else "UTC"))
    if draft.sample.is_text and (words := null_words_of(draft.sample.rows)):
        head.append(_line("null_words", words))
    parts = ["\n".join(head), _event_id(draft.roles), "\n".join(["[fields]", *_fields(draft.leaves, shared)])]
    if draft.constants:
        parts.append(
            "\n".join(["[constants]", *(_line(key, value) for key, value in draft.constants.items())])
        )
    return "\n\n".join(parts) + "\n"


def _shared(leaves: Sequence[Guess]) -> dict[str, Any]:
    """The way of writing that most columns have, which so need not say it."""
    shared: dict[str, Any] = {}
    signs = [
        (guess.style["decimal"], guess.style["thousands"]) for guess in leaves if "decimal" in guess.style
    ]
    if signs:
        decimal = Counter(sign for sign, _ in signs).most_common(1)[0][0]
        thousands = Counter(mark for sign, mark in signs if sign == decimal and mark).most_common(1)
        shared = {"decimal": decimal, "thousands": thousands[0][0] if thousands else ""}
    ways = [guess.style["date_format"] for guess in leaves if "date_format" in guess.style]
    if ways and all(way == ways[0] for way in ways):
        shared["date_format"] = ways[0]
    return {key: value for key, value in shared.items() if value != DEFAULTS[key]}


def _event_id(roles: Roles) -> str:
    if roles.event_id is None:
        way = "versions" if roles.versions else "row"
        return f'[event_id]\nfrom = "row"  # TODO: {ASKS[way]}'
    columns = _toml([roles.event_id.column.name])
    return f'[event_id]\nfrom = "columns"  # TODO: {ASKS["columns"]}\ncolumns = {columns}'


def _fields(leaves: Sequence[Guess], shared: Mapping[str, Any]) -> Iterator[str]:
    for guess in leaves:
        if guess.leaf is None:
            continue
        key = ".".join(guess.path)
        own = {
            name: value for name, value in guess.style.items() if value != {**DEFAULTS, **shared}.get(name)
        }
        if own.get("thousands") == "" and "decimal" not in own:
            del own["thousands"]  # the column merely has no number of four digits
        column = _toml(guess.leaf.column.name)
        if own:
            column = _toml({"column": guess.leaf.column.name, **own})
        yield f"{_toml(key) if '.' in key else key} = {column}"


def _line(key: str, value: Any) -> str:
    return f"{key} = {_toml(value)}" + (f"  # TODO: {ASKS[key]}" if key in ASKS else "")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").isalnum() else _toml(key)
