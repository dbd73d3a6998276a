"""A source, as its `source.toml` describes it.

Decides which keys the file may have and what is wrong with it. Must never look at contracts or events.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.foreign import Foreign, ForeignError, read_foreign

TEXTS = {"title", "owner", "contact", "purpose", "legal_basis", "retention"}
OPTIONAL = {"topic", "unknown_events", "foreign"}
KNOWN = TEXTS | OPTIONAL | {"trust"}


class ContractError(ValueError):
    """A file of a contract that cannot be used; the text names file, place and mend."""

    def __init__(self, file: Path, place: str, mend: str) -> None:
        """`place` is a field, a key or a line; `mend` a sentence that says what to do."""
        super().__init__(f"{file}: {place}: {mend}" if place else f"{file}: {mend}")
        self.file, self.place, self.mend = file, place, mend


@dataclass(frozen=True)
class Source:
    """A source as its `source.toml` describes it: data, not code."""

    name: str
    folder: Path
    title: str
    owner: str
    contact: str
    purpose: str
    legal_basis: str
    retention: str
    trust: int
    topic: str
    unknown_events: str = "reject"
    foreign: tuple[Foreign, ...] = ()

    @property
    def table_schema(self) -> str:
        """The DuckDB schema of the source's typed tables."""
        return self.name.replace("/", "_")

    @property
    def file(self) -> Path:
        """The file that describes it."""
        return self.folder / "source.toml"

    @property
    def topics(self) -> tuple[str, ...]:
        """Its own topic, then those that others fill."""
        return (self.topic, *(one.topic for one in self.foreign))


def read_source(file: Path) -> Source:
    """A `source.toml`. Raises ContractError for a missing, unknown or wrong key."""
    data = read_toml(file, dict)
    name = f"{file.parent.parent.name}/{file.parent.name}"
    for key in sorted(data.keys() - KNOWN):
        raise ContractError(file, key, f"unknown key; known are {', '.join(sorted(KNOWN))}")
    for key in sorted(KNOWN - data.keys() - OPTIONAL):
        raise ContractError(file, key, "missing; `rundum schemas new` writes a complete file")
    for key in sorted(data.keys() - {"trust", "foreign"}):
        if not isinstance(data[key], str) or not data[key].strip():
            raise ContractError(file, key, "must be a text that is not empty")
    if type(data["trust"]) is not int or data["trust"] not in (0, 1, 2, 3):
        raise ContractError(file, "trust", "must be 0 (browser claim), 1 (form), 2 (server) or 3 (manual)")
    if data.get("unknown_events", "reject") not in ("land", "reject"):
        raise ContractError(file, "unknown_events", 'must be "land" or "reject"')
    data.setdefault("topic", name.replace("/", "."))
    try:
        foreign = read_foreign(data.pop("foreign", {}), name)
    except ForeignError as error:
        raise ContractError(file, *str(error).split(": ", 1)) from None
    return Source(name=name, folder=file.parent, foreign=foreign, **data)


def read_toml(file: Path, read: Any) -> Any:
    """What a TOML file says, as `read` makes it; nothing if there is none. Raises ContractError."""
    if not file.exists():
        return {}
    try:
        return read(tomllib.loads(file.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValueError, UnicodeDecodeError) as error:
        raise ContractError(file, "", str(error)) from None
