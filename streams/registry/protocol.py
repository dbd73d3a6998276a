"""Writer schemas by number: what the id in a value's first bytes stands for.

Decides what every registry promises. Must never judge a schema: that is the catalogue's part.
"""

from __future__ import annotations

from typing import Protocol


class RegistryError(Exception):
    """A registry that cannot be read or written, or a schema it refuses; one sentence with the mend."""


class RegistryUnreachable(RegistryError):
    """A registry that cannot be reached now, and can be again without anybody's doing."""


class Schemas(Protocol):
    """Gives the schema of an id."""

    def fetch(self, schema_id: int) -> str | None:
        """The schema in JSON, None if nobody knows the id. Raises RegistryError if that cannot be told."""


class Registry(Schemas, Protocol):
    """Gives a writer's schema its id and the other way round. An id is never given twice."""

    def register(self, subject: str, schema: str) -> int:
        """The id of a schema in JSON; a known one keeps its id. Raises RegistryError."""

    def close(self) -> None:
        """Lets go of the registry; a second time does nothing."""
