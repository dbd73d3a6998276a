"""The headers of a Kafka record as bytes, the way the store keeps them, and back.

Decides the form: `name=value` joined by `&`, both percent-encoded, no `=` where the value is null. Must never
lose a byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote_from_bytes, unquote_to_bytes

Header = tuple[str, str | bytes | None]
SAFE = " ,;:/@!*'()[]{}?$"


def join_headers(headers: Sequence[Header]) -> bytes | None:
    """Headers as bytes; None without any."""
    if not headers:
        return None
    parts = []
    for name, value in headers:
        written = quote_from_bytes(name.encode(), SAFE)
        told = value.encode() if isinstance(value, str) else value
        parts.append(written if told is None else f"{written}={quote_from_bytes(told, SAFE)}")
    return "&".join(parts).encode()


def split_headers(joined: bytes | None) -> list[Header]:
    """What `join_headers` joined."""
    if not joined:
        return []
    found: list[Header] = []
    for part in joined.split(b"&"):
        name, equals, value = part.partition(b"=")
        found.append((unquote_to_bytes(name).decode(), unquote_to_bytes(value) if equals else None))
    return found
