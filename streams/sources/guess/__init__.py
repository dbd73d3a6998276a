"""A sample file -> the first files of a contract: `guess(file, name, catalogue)` is all that a caller needs.

Decides how what was found in the file is put together. Must never write into a project.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from schemas.catalogue import Catalogue, Source, read_event
from schemas.conform import ConformError, conform, jsonable
from schemas.scaffold import Draft, split_name
from streams.sources.files import rows
from streams.sources.files.table import FileError
from streams.sources.guess.columns import Column, columns_of
from streams.sources.guess.contract import constants_of, contract_of
from streams.sources.guess.example import harmless_event, outcome_of
from streams.sources.guess.fields import Fields, Guess
from streams.sources.guess.mapping import MapDraft, map_text
from streams.sources.guess.names import Way, pascal, read_name
from streams.sources.guess.roles import Leaf, Roles, roles_of
from streams.sources.guess.sample import MOST_ROWS, Sample, take_sample
from streams.sources.guess.shapes import TEXT, decimal_sign, shape_of
from streams.sources.maps import read_map


@dataclass(frozen=True)
class Guessed:
    """The files of a contract, and `notes`: what was assumed or left out, a sentence each."""

    draft: Draft
    notes: tuple[str, ...]


def guess(file: Path, name: str, catalogue: Catalogue) -> Guessed:
    """What the contract `channel/source/event` of the rows of a file may be, from its first 1,000 rows.

    Raises ScaffoldError for a bad name, FileError for a file in which nothing can be read.
    """
    parts = split_name(name)
    sample = take_sample(file)
    columns, left_out = _usable(sample)
    leaves = _leaves(sample, columns)
    roles = roles_of(list(leaves.values()))
    fields = Fields(parts[2], roles, leaves, list(catalogue.kinds), types={pascal(parts[2])})
    guesses = fields.of(columns)
    if not guesses and not roles.event_id:
        raise FileError(file, "has no column that can be used: their names are empty or repeated")
    constants = constants_of(guesses, roles)
    contract = contract_of(parts, guesses, roles, constants)
    filled = sorted(
        (leaf for guess in guesses for leaf in guess.leaves()), key=lambda leaf: leaf.leaf is not roles.time
    )
    text = map_text(MapDraft(name, sample, roles, tuple(filled), constants))
    example = _example(file, Draft(contract, "", text), filled, catalogue)
    notes = _notes(sample, roles, [*left_out, *fields.left_out], bool(example))
    return Guessed(Draft(contract, example, text), tuple(notes))


def _usable(sample: Sample) -> tuple[list[Column], list[str]]:
    """The columns that a map can name, and the titles of the others that hold something."""
    usable, left_out = [], []
    columns = columns_of(sample.rows, sample.is_text)
    records = tuple(f"{column.name}." for column in columns if column.parts)
    for column in columns:
        named = not sample.names or sample.names.count(column.name) == 1
        if named and column.is_usable and not column.name.startswith(records):
            usable.append(column)
        elif column.values:
            left_out.append(column.title or "a column without a name")
    return usable, left_out


def _leaves(sample: Sample, columns: Sequence[Column]) -> dict[Way, Leaf]:
    """The columns that hold single values, by their ways; those of no type that fits are not among them."""
    found = [leaf for column in columns for leaf in _inner(column)]
    texts = [[value for value in column.values if isinstance(value, str)] for column in found]
    sign = decimal_sign(texts, "," if sample.keys.get("delimiter") == ";" else ".")
    leaves = {}
    for column in found:
        name = read_name(column.way)
        shape = shape_of(column.values, name, sign) if column.values else TEXT
        if shape:
            leaves[column.way] = Leaf(column, name, shape)
    return leaves


def _inner(column: Column) -> Iterator[Column]:
    if not column.parts:
        yield column
    for part in column.parts:
        yield from _inner(part)


def _example(file: Path, draft: Draft, guesses: Sequence[Guess], catalogue: Catalogue) -> str:
    """The line of an example made from the fullest of the first rows; empty if no row fits."""
    with tempfile.TemporaryDirectory(prefix="rundum") as folder:
        contract, map_file = Path(folder) / "guessed.avsc", Path(folder) / "guessed.map.toml"
        contract.write_text(draft.contract, "utf-8")
        map_file.write_text(draft.map, "utf-8")
        source = Source("guess/guess", Path(folder), "", "", "", "", "", "", 2, "")
        event = read_event(source, contract)
        file_map = read_map(map_file, event)
        first = (row.datum for row in islice(rows(file, file_map, event), MOST_ROWS))
        data = list(islice((datum for datum in first if datum is not None), 20))
    if not data:
        return ""
    best = max(
        data, key=lambda datum: sum(datum[guess.path[0]] is not None for guess in guesses if guess.means)
    )
    shown = harmless_event(jsonable(event.schema, best), guesses, file_map.id_from == "row")
    try:
        conform(event.schema, shown)
    except ConformError:
        return ""
    example = {"event": shown, **outcome_of(shown, guesses, catalogue.kinds)}
    return json.dumps(example, ensure_ascii=False) + "\n"


def _notes(sample: Sample, roles: Roles, left_out: Sequence[str], has_example: bool) -> Iterator[str]:
    if roles.time is None:
        yield "No column tells the time: the map holds a constant, which cannot stay."
    elif not roles.time.column.is_full:
        yield f"Rows without {roles.time.column.title} will be refused, for it is taken for the event's time."
    if roles.versions and roles.time:
        yield (
            f"Rows seem to come again when they change ({roles.time.column.title}): each version is an event."
        )
    if left_out:
        more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
        yield f"Left out, for no field can hold them: {', '.join(left_out[:5])}{more}."
    if sample.bad:
        yield f"{len(sample.bad)} of the first rows cannot be read: {sample.bad[0]}."
    if not has_example:
        yield "No row of the sample could be made an example; `rundum ingest --dry-run` shows why."
