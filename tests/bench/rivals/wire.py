"""Page views off the wire, as any framework's user would decode them: fastavro, its schema from the registry.

Decides nothing. Must never need the product: one rival lives in an environment of its own.
"""

from __future__ import annotations

import io
import json
import urllib.request
from functools import cache
from typing import Any

import fastavro

HEADER = 5


class Decoder:
    """Decodes framed values with the schemas of a registry, logical types left out: times are numbers."""

    def __init__(self, registry: str) -> None:
        """Asks for a schema when a value names it."""
        self._registry = registry
        self._schema = cache(self._fetch)

    def decode(self, value: bytes) -> Any:
        """The datum of a value."""
        schema = self._schema(int.from_bytes(value[1:HEADER], "big"))
        return fastavro.schemaless_reader(io.BytesIO(value[HEADER:]), schema, None)

    def _fetch(self, schema_id: int) -> Any:
        with urllib.request.urlopen(f"{self._registry}/schemas/ids/{schema_id}") as answer:
            schema = json.loads(json.load(answer)["schema"])
        for field in schema["fields"]:
            if isinstance(field["type"], dict) and "logicalType" in field["type"]:
                field["type"] = field["type"]["type"]
        return fastavro.parse_schema(schema)
