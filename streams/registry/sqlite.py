"""The registry of the embedded mode: writer schemas in the file of the log.

Decides that equal schemas have one id for ever. Must never judge a schema: that is the catalogue's part.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Self

from streams.embedded import SqliteFile
from streams.registry.protocol import RegistryError

KNOWN = "SELECT id FROM writer_schema WHERE fingerprint = ?"
REGISTER = "INSERT INTO writer_schema (subject, fingerprint, schema) VALUES (?, ?, ?)"


class SqliteRegistry:
    """A `Registry` in the file of the embedded log, made if it did not exist. For one thread at a time."""

    def __init__(self, path: str | Path) -> None:
        """Open or make the file at `path`. Raises RegistryError."""
        self._file = SqliteFile(path, RegistryError)

    def register(self, subject: str, schema: str) -> int:
        """The id of a schema, from 1. Schemas that differ only in blanks and order of keys are equal.

        `subject` is kept for people: the one under which the schema first came.
        """
        text = _canonical(subject, schema)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        with self._file.transaction() as connection:
            known = connection.execute(KNOWN, (fingerprint,)).fetchone()
            if known is None:
                known = [connection.execute(REGISTER, (subject, fingerprint, text)).lastrowid]
            return int(known[0])

    def fetch(self, schema_id: int) -> str | None:
        """The schema in JSON, its keys sorted; None if the id is unknown."""
        with self._file.snapshot() as connection:
            row = connection.execute("SELECT schema FROM writer_schema WHERE id = ?", (schema_id,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        """The registry itself; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the registry."""
        self.close()


def _canonical(subject: str, schema: str) -> str:
    try:
        parsed = json.loads(schema)
    except ValueError as error:
        raise RegistryError(
            f"{subject}: the schema is not JSON ({error}); mend it and register again"
        ) from None
    return json.dumps(parsed, sort_keys=True, separators=(",", ":"))
