"""The first files of a new contract, complete enough to pass the linter.

Decides what a fresh contract looks like. Must never overwrite a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.catalogue import SHIPPED

PART = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)

SOURCE = """\
# What is known about the source {name}. Every key is read; say what is true.
title = "{title}"
owner = "TODO: who answers for this source"
contact = "TODO: where to reach them"
purpose = "TODO: why these events are collected"
legal_basis = "TODO: contract, consent or legitimate interest"
retention = "TODO: how long they are kept, such as 10 years"
trust = 2                     # 3 entered by hand, 2 server, 1 confirmed form, 0 a browser's claim
unknown_events = "reject"     # or "land"
"""

MAP = """\
# How the columns of a file fill {event}. Take the sign # away where your file differs.
# format = "csv"              # csv, tsv, fixed, jsonl, parquet or avro; by default from the file's suffix
# encoding = "cp1252"         # UTF-8 by default
# delimiter = ";"
# decimal = ","
# thousands = "."
# date_format = "%d.%m.%Y %H:%M:%S"
# time_zone = "Europe/Berlin" # of times that name no zone
# null_words = ["-", "n/a"]   # cells that say nothing

[event_id]
from = "row"                  # or "position", or "columns" with columns = ["order", "line"]

[fields]
occurred_at = "occurred_at"   # field of the contract = "column of the file"
customer_no = "customer_no"   # or {{column = "customer", null_words = ["0"]}}

# [constants]
# currency = "EUR"            # field of the contract = a value for every row
"""

USUAL_FIELDS: tuple[dict[str, Any], ...] = (
    {
        "name": "event_id",
        "type": "string",
        "means": "event_id",
        "doc": "The source's own id of the event, the same when it is sent again.",
    },
    {
        "name": "occurred_at",
        "type": {"type": "long", "logicalType": "timestamp-micros"},
        "means": "occurred_at",
        "doc": "When it happened, in UTC; not when it was sent.",
    },
    {
        "name": "customer_no",
        "type": "string",
        "means": "id:customer_no",
        "pii": "indirect",
        "doc": "The customer's number; other kinds of identifier are in identifiers.toml.",
    },
)


class ScaffoldError(ValueError):
    """A contract that cannot be started; the text says why and what to do."""


@dataclass(frozen=True)
class Draft:
    """The texts of a new contract's files; `examples` may be empty."""

    contract: str
    examples: str
    map: str


def write_scaffold(root: Path, name: str, draft: Draft | None = None) -> list[Path]:
    """Write the first files of the contract `channel/source/event` under `root` and return them.

    Without a draft they are one to edit by hand. `source.toml` is written only where it is missing. Raises
    ScaffoldError and writes nothing if the name is bad or a file of the contract is there already.
    """
    channel, source, event = split_name(name)
    draft = draft or _usual(channel, source, event)
    folder = root / channel / source
    if root.resolve() != SHIPPED.resolve() and (SHIPPED / channel / source).exists():
        raise ScaffoldError(f"the source {channel}/{source} ships with Rundum; choose another source's name")
    files = {
        folder / f"{event}.avsc": draft.contract,
        folder / f"{event}.examples.jsonl": draft.examples,
        folder / f"{event}.map.toml": draft.map,
    }
    for file in files:
        if file.exists():
            raise ScaffoldError(f"{file} exists already; edit it, or choose another name")
    if not (folder / "source.toml").exists():
        title = f"{source} ({channel})".replace("_", " ")
        files = {folder / "source.toml": SOURCE.format(name=f"{channel}/{source}", title=title), **files}
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        with file.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    return list(files)


def split_name(name: str) -> tuple[str, str, str]:
    """Channel, source and event of a contract's name. Raises ScaffoldError."""
    parts = name.split("/")
    if len(parts) != 3 or not all(PART.fullmatch(part) for part in parts):
        raise ScaffoldError(
            f"{name!r} is not a contract's name; write channel/source/event in small letters, digits and _,"
            " such as shop/webshop/order_placed"
        )
    if parts[0] == "own":
        raise ScaffoldError(f"{name!r}: the channel own is Rundum's; choose another channel")
    return parts[0], parts[1], parts[2]


def contract_text(record: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> str:
    """A contract as JSON, a field a line; `record` holds the other keys."""
    head = json.dumps(record, indent=2, ensure_ascii=False)[:-2]
    lines = ",\n".join(f"    {json.dumps(field, ensure_ascii=False)}" for field in fields)
    return f'{head},\n  "fields": [\n{lines}\n  ]\n}}\n'


def record_of(channel: str, source: str, event: str, doc: str) -> dict[str, Any]:
    """The keys of a contract's record, its fields aside."""
    name = "".join(part.capitalize() for part in event.split("_"))
    return {"type": "record", "name": name, "namespace": f"{channel}.{source}", "doc": doc}


def _usual(channel: str, source: str, event: str) -> Draft:
    doc = f"What {event.replace('_', ' ')} says. TODO: one sentence about what happened."
    contract = contract_text(record_of(channel, source, event, doc), USUAL_FIELDS)
    return Draft(contract, _examples(), MAP.format(event=f"{channel}/{source}/{event}"))


def _examples() -> str:
    lines = []
    for number, customer in (("1", "1001"), ("2", "1002")):
        event = {"event_id": number, "occurred_at": f"2026-05-0{number}T12:00:00Z", "customer_no": customer}
        lines.append({"event": event, "facts": {"identifiers": [f"customer_no:{customer}"]}})
    return "".join(json.dumps(line) + "\n" for line in lines)
