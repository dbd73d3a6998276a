"""What a project says of its API: the table [api] of rundum.toml.

Decides what may be set, and what a token may be given. Must never hold a token: only hashes of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.conform import near
from sinks.serving.tokens import NAME, SCOPES, Grant, digest_of

HOST, PORT, KEEP_DAYS = "127.0.0.1", 7310, 30
KEYS = ("host", "port", "access_log", "keep_days", "tokens")
TOKEN_KEYS = ("hash", "scope", "segments")
DEFAULTS = {"api_host": HOST, "api_port": PORT, "keep_days": KEEP_DAYS}  # as the template names them
Refuse = Callable[[str, str], Exception]  # key, mend


@dataclass(frozen=True)
class Api:
    """Where the API listens, and whom it answers. `access_log` is None for standard output."""

    host: str = HOST
    port: int = PORT
    access_log: Path | None = None
    keep_days: int = KEEP_DAYS
    grants: tuple[Grant, ...] = ()


DEFAULT_API = Api()


def read_api(table: Mapping[str, Any], root: Path, refuse: Refuse) -> Api:
    """The table [api]. What `refuse` makes of a wrong key is raised."""
    host, log = table.get("host", HOST), table.get("access_log", "")
    if not isinstance(host, str) or not host.strip():
        raise refuse("host", f'must be a text that is not empty, such as "{HOST}"')
    if not isinstance(log, str):
        raise refuse("access_log", 'must be the path of a file, or "" for standard output')
    numbers = {"port": PORT, "keep_days": KEEP_DAYS}
    for key, default in numbers.items():
        numbers[key] = value = table.get(key, default)
        if type(value) is not int or value < 1:
            raise refuse(key, f"must be a whole number above 0, such as {default}")
    tokens = table.get("tokens", {})
    if not isinstance(tokens, dict):
        raise refuse("tokens", "must be a table: [api.tokens]")
    grants = tuple(_grant(name, value, refuse) for name, value in tokens.items())
    return Api(host, numbers["port"], root / log if log else None, numbers["keep_days"], grants)


def token_line(name: str, written: str, scope: Iterable[str], segments: Iterable[str]) -> str:
    """The line of [api.tokens] that says all this."""
    told = [f'hash = "{written}"']
    told += [
        f"{key} = {json.dumps([*value])}"
        for key, value in (("scope", scope), ("segments", segments))
        if value
    ]
    return f"{name} = {{ {', '.join(told)} }}" if len(told) > 1 else f'{name} = "{written}"'


def _grant(name: str, value: Any, refuse: Refuse) -> Grant:
    """A token: its hash, or a table with the hash and what it may see."""
    key = f"tokens.{name}"
    if not NAME.fullmatch(name):
        raise refuse(key, "a name is letters, digits, - and _, such as shop_website")
    table = {"hash": value} if isinstance(value, str) else value
    if not isinstance(table, dict):
        raise refuse(key, 'must be "sha256:..." as `rundum api token` prints it, or a table with hash = it')
    for unknown in (one for one in table if one not in TOKEN_KEYS):
        raise refuse(f"{key}.{unknown}", f"unknown key; {near(unknown, TOKEN_KEYS)}")
    digest = digest_of(table["hash"]) if isinstance(table.get("hash"), str) else None
    if not digest:
        raise refuse(key, "must hold a hash, sha256: and 64 digits, as `rundum api token` prints it")
    scope = _texts(table.get("scope", [*SCOPES]))
    if not scope or not scope <= {*SCOPES}:
        raise refuse(f"{key}.scope", f"must be a list of some of {', '.join(SCOPES)}")
    segments = _texts(table["segments"]) if "segments" in table else None
    if "segments" in table and segments is None:
        raise refuse(f"{key}.segments", "must be a list of names of segments; leave it out for all")
    return Grant(name, digest, scope, segments)


def _texts(value: Any) -> frozenset[str] | None:
    is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return frozenset(value) if is_list else None
