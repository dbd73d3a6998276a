"""Files -> log -> store: rows of a file are appended as framed events, then the pipeline lands them.

Decides what is written to the log for a row, good or bad. Must never lose a row: a bad one is an event too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from schemas.catalogue import Catalogue, ContractError, EventType
from schemas.conform import near
from schemas.scalars import write_scalar
from streams.inlet import Inlet
from streams.log.protocol import Outgoing
from streams.pipeline import REFUSED
from streams.sources.files import Row, rows
from streams.sources.maps import FileMap, id_field, read_map

APPENDED_AT_ONCE = 10_000
LONGEST_RAW = 200_000  # characters of ASCII: a value in the log has at most 256 KiB
LONGEST_ROW = 20_000  # kept of a row that is longer than that; escaped it has up to twelve times as many


class Appended(NamedTuple):
    """Rows of a file that are in the log; of these `known` are refused ones that were refused before.

    `progress` is the share of the file, 0 to 1.
    """

    rows: int
    known: int
    progress: float


@dataclass(frozen=True)
class Target:
    """What the rows of files become: events of a contract, by a map."""

    event: EventType
    map: FileMap


def find_target(catalogue: Catalogue, name: str, map_file: Path | None) -> Target:
    """The contract called `name` and its map: the given one, or `<event>.map.toml` beside the contract.

    Without any, columns are named like fields, that of the event id too. Raises ContractError, MapError.
    """
    if name not in catalogue.events:
        raise ContractError(
            Path(name), "", f"no contract is called so; {near(name, sorted(catalogue.events))}"
        )
    event = catalogue.events[name]
    beside = event.file.with_name(f"{event.event}.map.toml")
    if map_file or beside.exists():
        return Target(event, read_map(map_file or beside, event))
    return Target(event, FileMap(beside, id_from="columns", id_columns=(id_field(event),)))


def append_file(
    inlet: Inlet, file: Path, target: Target, now: datetime, known: frozenset[str] = frozenset()
) -> Iterator[Appended]:
    """Appends a file's rows to the log, 10,000 at a time; yields after each time, when they are durable.

    Rows that do not fit go to the source's topic as own/rundum/input_refused events, said at `now` (with its
    zone), unless their ids are `known`. Raises FileError, MapError, LogError; what was appended before stays.
    """
    records: list[Outgoing] = []
    done, again, progress = 0, 0, 0.0
    for row in rows(file, target.map, target.event):
        done, progress = done + 1, row.progress
        if row.datum is not None:
            records.append(inlet.outgoing(target.event, row.datum))
        else:
            datum = refusal(target.event, file, row, now)
            if datum["event_id"] in known:
                again += 1
            else:
                event = inlet.catalogue.events[REFUSED]
                records.append(inlet.outgoing(event, datum, topic=target.event.source.topic))
        if len(records) >= APPENDED_AT_ONCE:
            inlet.log.append(records)
            records.clear()
            yield Appended(done, again, progress)
    inlet.log.append(records)
    yield Appended(done, again, progress)


def refusal(event: EventType, file: Path, row: Row, now: datetime) -> dict[str, Any]:
    """An own/rundum/input_refused event about a row; the same row at the same place gives the same id."""
    first, more = row.problems[0], len(row.problems) - 1
    reason = "; ".join(map(str, row.problems[:3])) + (f"; and {more - 2} more" if more > 2 else "")
    digest = hashlib.sha256("\0".join([event.name, str(row.number), row.raw]).encode("utf-8", "replace"))
    return {
        "event_id": digest.hexdigest()[:32],
        "occurred_at": now,
        "event_type": event.name,
        "reason": reason,
        "field": first.field,
        "expected": first.expected,
        "got": first.got,
        "raw": _raw(row),
        "file": file.name,
        "row": row.number,
    }


def _raw(row: Row) -> str:
    """A bad row as JSON: `row` as it came, and `event`, what of it could be read; see rejects.py."""
    text = json.dumps({"row": row.raw, "event": row.partial or {}}, default=_plain)
    return text if len(text) <= LONGEST_RAW else json.dumps({"row": row.raw[:LONGEST_ROW], "event": {}})


def _plain(value: Any) -> Any:
    plain = write_scalar(value)
    return plain if plain is not value else str(value)


def expand(patterns: Iterable[str]) -> list[Path]:
    """The files that paths and globs name, in their order, each once. A glob that finds none stays itself."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern)
        has_glob = any(sign in pattern for sign in "*?[") and not path.exists()
        matches = sorted(path.parent.glob(path.name)) if has_glob else []
        found |= dict.fromkeys(matches or [path])
    return list(found)
