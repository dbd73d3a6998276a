"""Tokens: who may ask the API, and for what.

Decides which token a request carries. Must never keep a token: of each there is only the hash.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

CUSTOMERS, SEGMENTS = "customers", "segments"
SCOPES = (SEGMENTS, CUSTOMERS)
PREFIX = "rundum_"  # so that scanners for secrets know one when they see it
WRITTEN = re.compile(r"sha256:([0-9a-f]{64})")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Grant:
    """What one token may see. `segments` None: all of them."""

    name: str
    digest: bytes
    scope: frozenset[str] = frozenset(SCOPES)
    segments: frozenset[str] | None = None

    def may_see(self, segment: str) -> bool:
        """Whether a segment is among those that the token may see."""
        return self.segments is None or segment in self.segments


def new_token() -> str:
    """A token that nobody can guess: 256 random bits, which is why a plain hash of it is enough."""
    return PREFIX + secrets.token_urlsafe(32)


def written(token: str) -> str:
    """A token's hash, as settings hold it."""
    return f"sha256:{_digest(token).hex()}"


def digest_of(text: str) -> bytes | None:
    """The hash that settings hold; None if it is none."""
    found = WRITTEN.fullmatch(text)
    return bytes.fromhex(found[1]) if found else None


def grant_of(grants: Iterable[Grant], token: str) -> Grant | None:
    """What a token may see; None if nobody has it. Takes as long for every token."""
    digest, found = _digest(token), None
    for grant in grants:
        if hmac.compare_digest(digest, grant.digest):
            found = grant
    return found


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()
