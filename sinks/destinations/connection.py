"""One request and its answer, with a bound on everything: time, size, and what an answer can mean.

Decides which answers are the tool's word about rows and which say that it cannot be asked now. Must never
follow a redirect (rows would go to whom nobody named), nor tell a log of addresses, headers or people.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from sinks.destinations.protocol import Unavailable, told

ANSWER_BYTES = 64 * 1024
LONGEST_WAIT = 86_400.0  # of what a tool may ask for, so that a wrong answer does not stop a destination
SHOWN = 200
LATER = {408, 425, 429}
CLOSED = {401, 403, 407}
# Compressed, an answer of a few bytes could become gigabytes.
HEADERS = {"User-Agent": "Rundum", "Accept-Encoding": "identity"}
CHATTY = ("httpx", "httpcore")  # write URLs and headers to the log, and with them addresses and secrets


class Request(NamedTuple):
    """What is asked. Values of headers hold no line breaks."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Reply(NamedTuple):
    """What a tool says of rows: they are taken (2xx), or not. `is_whole` says whether `text` is all of it."""

    status: int
    text: str
    is_whole: bool = True

    @property
    def is_taken(self) -> bool:
        """Whether the status says so."""
        return 200 <= self.status < 300


class Connection:
    """To one tool. The timeout is that of the whole: looking up the name, asking, and reading the answer."""

    def __init__(self, timeout: float) -> None:
        """Connects when something is asked."""
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._timeout = timeout
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        # Only asyncio can bound the whole: a sync client starts its clock anew with every byte that drips in.
        self._client = httpx.AsyncClient(headers=HEADERS, timeout=None, follow_redirects=False)

    def ask(self, request: Request) -> Reply:
        """Raises Unavailable where the answer says nothing of the rows."""
        return self._runner.run(self._ask(request))

    def close(self) -> None:
        """Closes what is open."""
        self._runner.run(self._client.aclose())
        self._runner.close()

    async def _ask(self, request: Request) -> Reply:
        who = urlsplit(request.url).hostname or "the tool"
        headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(
                    request.method, request.url, headers=headers, content=request.body
                ) as response,
            ):
                body, is_whole = await _read(response)
        except TimeoutError:
            raise Unavailable(f"{who} did not answer within {self._timeout:g} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unavailable(f"{who} cannot be asked: {told(str(error)) or type(error).__name__}") from None
        text = body.decode("utf-8", "replace")
        _check(who, response, text)
        return Reply(response.status_code, text, is_whole)


async def _read(response: httpx.Response) -> tuple[bytes, bool]:
    body = b""
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > ANSWER_BYTES:
            return body[:ANSWER_BYTES], False
    return body, True


def _check(who: str, response: httpx.Response, text: str) -> None:
    """Raises Unavailable for every status that says nothing of the rows."""
    status = response.status_code
    said = f"{who} answered {status}" + (f": {told(text[:SHOWN])}" if text.strip() else "")
    if status in CLOSED:
        raise Unavailable(f"{said}; it does not know us: check the secret in the environment")
    if 300 <= status < 400:
        where = told(response.headers.get("location", "")[:SHOWN])
        raise Unavailable(f"{said}; it is elsewhere ({where}) and redirects are not followed: mend the url")
    if status in LATER or not 200 <= status < 500:
        raise Unavailable(said, _retry_after(response.headers.get("retry-after", "")))


def _retry_after(value: str) -> float | None:
    """Seconds from now, which a tool gives as such or as a date; None for what is neither."""
    if value.strip().isdecimal() and value.isascii():
        return min(float(value), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)
