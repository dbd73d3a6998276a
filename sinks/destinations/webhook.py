"""Webhooks as Standard Webhooks has them (standardwebhooks.com): signed JSON that any receiver can verify.

Decides body and headers, and reads which rows the receiver refused. Must never send unsigned. The receiver's
answer may be empty, or JSON that names rows of this request which it will never take, all others being taken:
`{"refused": [{"index": 0, "error": "not an address"}]}`.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook as Signer

from sinks.destinations.connection import Connection, Reply, Request
from sinks.destinations.kinds import Webhook
from sinks.destinations.protocol import Answer, Refusal, Sending, Unavailable, told, write_json
from sinks.destinations.reading import SECRET
from sinks.destinations.rounds import Group, Rounds, Unfit

TYPE = "segment.changed"
REFUSED = "refused"
SHORTEST, LONGEST = 24, 64  # bytes of a secret, as the standard has it


class WebhookSender:
    """Sends webhooks to one receiver."""

    def __init__(self, how: Webhook, environ: Mapping[str, str]) -> None:
        """The secret is looked up when something is sent."""
        self._how, self._environ = how, environ
        self._connection, self._rounds = Connection(how.timeout), Rounds()

    def send(self, sending: Sending) -> Answer:
        """Raises Unavailable."""
        signer = self._signer()

        def tell(name: str, rows: Sequence[int]) -> Sequence[Refusal]:
            body = write_body(sending, rows)
            reply = self._connection.ask(Request("POST", self._how.url, _headers(signer, name, body), body))
            return _refused(reply, rows)

        rows = range(len(sending.rows))
        return self._rounds.settle(sending, [Group(rows, self._how.batch, tell)])

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _signer(self) -> Signer:
        name = self._how.secret
        secret = self._environ.get(name, "").strip()
        if not secret:
            raise Unavailable(f"the environment lacks {name}; set it to the secret that the receiver knows")
        try:
            key = b64decode(secret.removeprefix(SECRET), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not secret.startswith(SECRET) or not SHORTEST <= len(key) <= LONGEST:
            mend = f"must be {SECRET} and {SHORTEST} to {LONGEST} bytes in base64"
            raise Unavailable(f"the secret in {name} is none of Standard Webhooks: it {mend}")
        return Signer(key)


def write_body(sending: Sending, rows: Sequence[int]) -> bytes:
    """The same bytes for the same rows, whenever they are sent."""
    data = {
        "destination": sending.destination, "segment": sending.segment, "purpose": sending.purpose,
        "rows": [
            {"contact": row.contact, "kind": sending.contact_kind, "action": row.action, "fields": row.fields}
            for row in (sending.rows[index] for index in rows)
        ],
    }  # fmt: skip
    told = {"type": TYPE, "timestamp": f"{sending.at.isoformat()}Z", "data": data}
    return write_json(told, is_sorted=True)


def _headers(signer: Signer, name: str, body: bytes) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(name, now, body.decode()),
    }


def _refused(reply: Reply, rows: Sequence[int]) -> list[Refusal]:
    """The rows that the answer names. Raises Unfit where all are refused, or too many to read."""
    if not reply.is_taken or (not reply.is_whole and f'"{REFUSED}"' in reply.text):
        raise Unfit(reply.status, told(reply.text))
    try:
        said: Any = json.loads(reply.text)
    except (ValueError, RecursionError):
        return []
    named = said.get(REFUSED) if isinstance(said, dict) else None
    errors = dict[int, str]()
    for one in named if isinstance(named, list) else []:
        index = one.get("index") if isinstance(one, dict) else None
        if type(index) is int and 0 <= index < len(rows):
            errors.setdefault(rows[index], told(str(one.get("error", ""))))
    return [Refusal(row, reply.status, error) for row, error in errors.items()]
