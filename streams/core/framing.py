"""How an Avro body travels: 0x00, the writer schema's id in four bytes, big-endian, then the body.

Decides the first five bytes of a value (Confluent's wire format). Must never look into the body.
"""

from __future__ import annotations

import struct

MAGIC = 0
LARGEST_ID = 2**31 - 1

_HEADER = struct.Struct(">bi")


class NotFramed(ValueError):
    """A value that does not begin with 0x00 and a schema id; the text says what it begins with."""


def frame(schema_id: int, body: bytes) -> bytes:
    """A value for the log. `schema_id` is 1 to 2^31-1, else ValueError."""
    if not 1 <= schema_id <= LARGEST_ID:
        raise ValueError(f"a schema id is 1 to {LARGEST_ID}, not {schema_id}")
    return _HEADER.pack(MAGIC, schema_id) + body


def unframe(value: bytes) -> tuple[int, bytes]:
    """The writer schema's id and the Avro body of a value. Raises NotFramed.

    The id is signed as in Confluent's clients, so whatever was written fits 32 bits; below 1 none is known.
    """
    if len(value) < _HEADER.size or value[0] != MAGIC:
        start = value[: _HEADER.size].hex(" ") or "nothing"
        raise NotFramed(f"the value starts with {start}, not with 00 and a schema id of four bytes")
    return _HEADER.unpack_from(value)[1], value[_HEADER.size :]
