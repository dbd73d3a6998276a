"""What is still marked TODO in the files of a contract: guesses and gaps that a person must settle.

Decides where a TODO stands. Must never decide whether it is settled rightly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from schemas.catalogue import EventType
from schemas.lint import Finding

TODO = re.compile(r"\bTODO\b:?\s*(.*)", re.DOTALL)
KEY = re.compile(r"""["']?([\w.]+)["']?\s*=""")
MEND = "settle it and take the TODO out"


def find_todos(events: Iterable[EventType]) -> list[Finding]:
    """Every TODO in contracts, maps, examples and sources, as advice; a source's once."""
    findings: list[Finding] = []
    seen: set[Path] = set()
    for event in events:
        findings += [_finding(event.file, place, text) for place, text in _in_contract(event)]
        source = event.source.folder / "source.toml"
        for file in (source, event.file.with_name(f"{event.event}.map.toml"), event.examples):
            if file not in seen:
                findings += [_finding(file, place, text) for place, text in _in_lines(file)]
                seen.add(file)
    return findings


def _finding(file: Path, place: str, text: str) -> Finding:
    found = TODO.search(text)
    words = found[1].strip().rstrip(".?") if found else ""
    return Finding(file, place, f"TODO: {words}" if words else "TODO", MEND, "advice")


def _in_contract(event: EventType) -> Iterator[tuple[str, str]]:
    texts = [("doc", event.doc), ("nobody", str(event.schema.get("nobody", "")))]
    for place, text in [*texts, *((field.name, field.doc) for field in event.fields)]:
        if TODO.search(text):
            yield place, text


def _in_lines(file: Path) -> Iterator[tuple[str, str]]:
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    for number, line in enumerate(lines, 1):
        if TODO.search(line):
            key = KEY.match(line)
            yield key[1] if key and file.suffix == ".toml" else f"line {number}", line.rstrip('"')
