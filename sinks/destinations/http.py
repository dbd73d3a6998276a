"""Any HTTP API, by the templates of the table [http].

Decides what stands for each placeholder in an address, a header and a body. Must never let a value be more
than a value: in an address it is percent-encoded, in a header it has no line break, in a body it is JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sinks.destinations.calls import Call, Http
from sinks.destinations.connection import Connection, Request
from sinks.destinations.protocol import REMOVE, Answer, Refusal, Row, Sending, Unavailable, told, write_json
from sinks.destinations.rounds import Group, Rounds, Unfit
from sinks.destinations.template import ENV, FIELD, Hole, Text, fill, fill_text

LONGEST_ADDRESS = 8_000
ONCE = "Idempotency-Key"


class HttpSender:
    """Sends requests to one API."""

    def __init__(self, how: Http, environ: Mapping[str, str]) -> None:
        """Secrets are looked up when something is sent."""
        self._how, self._environ = how, environ
        self._connection, self._rounds = Connection(how.timeout), Rounds()

    def send(self, sending: Sending) -> Answer:
        """Removals first: who withdrew a consent must not wait. Raises Unavailable."""
        secrets = self._secrets()
        indexes = range(len(sending.rows))
        if not self._how.remove:
            return self._rounds.settle(sending, [self._group(self._how.send, sending, indexes, secrets)])
        gone = [index for index in indexes if sending.rows[index].action == REMOVE]
        here = [index for index in indexes if sending.rows[index].action != REMOVE]
        groups = [
            self._group(self._how.remove, sending, gone, secrets),
            self._group(self._how.send, sending, here, secrets),
        ]
        return self._rounds.settle(sending, groups)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _group(
        self, call: Call, sending: Sending, indexes: Sequence[int], secrets: Mapping[str, Any]
    ) -> Group:
        def tell(name: str, rows: Sequence[int]) -> Sequence[Refusal]:
            values: dict[str, Any] = {**secrets, "id": name}
            of_rows = [_values(sending.rows[index]) for index in rows]
            if call.takes_rows:
                values["rows"] = [fill(call.row, values | one) for one in of_rows]
            else:
                values |= of_rows[0]
            reply = self._connection.ask(write_request(call, self._how.headers, values))
            if not reply.is_taken and reply.status not in call.accept:
                raise Unfit(reply.status, told(reply.text))
            return ()

        return Group(indexes, self._how.batch if call.takes_rows else 1, tell)

    def _secrets(self) -> dict[str, Any]:
        found = {}
        for name in sorted({hole.variable for hole in self._how.holes if hole.variable}):
            value = self._environ.get(name, "").strip()
            if not value:
                raise Unavailable(f"the environment lacks {name}; set it to what the tool gave you")
            if not value.isprintable():
                raise Unavailable(f"{name} in the environment holds a line break or the like; set it anew")
            found[f"{ENV}{name}"] = value
        return found


def write_request(call: Call, headers: Mapping[str, Text], values: Mapping[str, Any]) -> Request:
    """The request of a template. Raises Unfit where a value cannot stand where it should."""
    url = fill_text(call.url, values, _in_address)
    if len(url) > LONGEST_ADDRESS:
        raise Unfit(None, f"its address would have more than {LONGEST_ADDRESS} characters")
    body = None if call.body is None else write_json(fill(call.body, values))
    written = {ONCE: values["id"]} if ONCE.lower() not in map(str.lower, headers) else {}
    if body is not None:
        written["Content-Type"] = "application/json"
    for name, text in headers.items():
        written[name] = fill_text(text, values, _in_header).strip()
    return Request(call.method, url, written, body)


def _values(row: Row) -> dict[str, Any]:
    return {"contact": row.contact, "action": row.action} | {
        f"{FIELD}{target}": value for target, value in row.fields.items()
    }


def _in_address(hole: Hole, text: str) -> str:
    """Percent-encoded. Nothing, `.` and `..` would make it another address: all people instead of one."""
    if hole.variable:
        return quote(text, safe="/")  # the owner's own
    if text in ("", ".", ".."):
        raise Unfit(None, f"{{{hole.name}}} is {text!r}, which cannot stand in an address")
    return quote(text, safe="", errors="replace")


def _in_header(hole: Hole, text: str) -> str:
    if not text.isprintable():
        raise Unfit(None, f"{{{hole.name}}} holds a line break or another sign that no header can carry")
    return text
