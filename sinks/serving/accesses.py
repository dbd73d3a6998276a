"""The access log: a JSON line for every answer about people, and for every refusal of one.

Decides what a line says, and that nothing is answered that cannot be logged. Must never write an identifier
or a token: an identifier is a keyed hash, the same for the same value.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sinks.serving.problems import Problem

PREFIX, OPEN = "/v1/", "/v1/health"
HASH_BYTES = 8
Write = Callable[[bytes], None]


def to_stdout(line: bytes) -> None:
    """A line to standard output. Raises OSError."""
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def to_file(file: Path) -> Write:
    """The way to append to a file, opened for each line: it may be moved away at any time."""

    def write(line: bytes) -> None:
        handle = os.open(file, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)

    return write


def hidden(key: bytes, kind: str, value: str) -> str:
    """An identifier that cannot be guessed back without the key."""
    return hashlib.blake2b(f"{kind}\0{value}".encode(), key=key, digest_size=HASH_BYTES).hexdigest()


def note(scope: Scope, **told: Any) -> None:
    """Adds to the line of a request what a route knows of it."""
    scope["state"]["access"].update(told)


class Logged:
    """The app, with a line written before each answer begins."""

    def __init__(self, app: ASGIApp, write: Write) -> None:
        """`write` raises OSError if a line cannot be kept."""
        self._app, self._write = app, write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX) or scope["path"] == OPEN:
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["access"] = {"token": None}
        is_kept, has_begun = True, False

        async def send_logged(message: Message) -> None:
            nonlocal is_kept, has_begun
            if message["type"] == "http.response.start":
                has_begun, is_kept = True, self._log(scope, message["status"])
                if not is_kept:
                    await _unlogged().answer()(scope, receive, send)
            if is_kept:
                await send(message)

        try:
            await self._app(scope, receive, send_logged)
        except Exception:
            if not has_begun:
                self._log(scope, HTTPStatus.INTERNAL_SERVER_ERROR)
            raise

    def _log(self, scope: Scope, status: int) -> bool:
        route = getattr(scope.get("route"), "path_format", None)
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "route": route, **scope["state"]["access"], "status": int(status)}
        try:
            self._write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        except (OSError, ValueError):
            return False
        return True


def _unlogged() -> Problem:
    detail = "the access log cannot be written, so nothing is answered; give it room, then try again"
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no_access_log", detail, headers={"Retry-After": "5"})
