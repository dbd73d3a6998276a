"""What a destination's file says of any HTTP API: the table [http], requests written as templates.

Decides which requests can be written down, and refuses those that would say the wrong thing: a removal that
looks like an addition, a secret in the file. Must never send anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sinks.destinations.kinds import LONGEST, MOST_ROWS, SECRET_NAME, TIMEOUT, read_address
from sinks.destinations.reading import DestinationError, Table
from sinks.destinations.template import FIELD, Hole, TemplateError, Text, holes, read_template, read_text

METHODS = ("POST", "PUT", "PATCH", "DELETE")
OF_CALL = ("method", "url", "body", "row", "accept")
KEYS = (*OF_CALL, "headers", "remove", "batch", "timeout")
HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
OURS = {"host", "content-length", "transfer-encoding", "connection", "content-type", "accept-encoding"}
SECRETIVE = re.compile(r"auth(?!or)|token|secret|password|cookie|api-?key|credential", re.IGNORECASE)
SETTLED = frozenset({401, 403, 407, 408, 425, 429})  # what these mean is not the file's to say


@dataclass(frozen=True)
class Call:
    """A request as a template. `body` is None for none; `row` is what `{rows}` holds of each row."""

    method: str
    url: Text
    body: Any = None
    row: Any = None
    accept: frozenset[int] = frozenset()

    @property
    def takes_rows(self) -> bool:
        """Whether one request tells of several rows."""
        return any(hole.name == "rows" for hole in holes(self.body))

    @property
    def holes(self) -> Iterator[Hole]:
        """Every placeholder in it."""
        yield from holes(self.url)
        yield from holes(self.body)
        yield from holes(self.row)


@dataclass(frozen=True)
class Http:
    """Requests to any API. `remove` is that of removals; None: they are told by `send`, as `{action}`."""

    send: Call
    remove: Call | None
    headers: Mapping[str, Text]
    batch: int = 1
    timeout: float = TIMEOUT

    @property
    def holes(self) -> Iterator[Hole]:
        """Every placeholder in any of it."""
        yield from self.send.holes
        if self.remove:
            yield from self.remove.holes
        for text in self.headers.values():
            yield from holes(text)


def read_http(table: Table, fields: Sequence[str]) -> Http:
    """The table [http]; `fields` are the targets of [fields]. Raises DestinationError."""
    batch = table.whole("batch", 1, MOST_ROWS)
    send = _read_call(table, fields, None)
    remove = None
    if "remove" in table.values:
        inner = Table(table.file, f"{table.path}.remove", table.values["remove"], OF_CALL)
        remove = _read_call(inner, (), send)
        _check_call(inner, remove, batch)
    elif not any(hole.name == "action" for hole in send.holes):
        mend = (
            "is missing, and without {action} in the request a removal would look like an addition; write one"
        )
        raise table.fault("remove", mend)
    elif any(hole.name.startswith(FIELD) for hole in holes(send.url)):
        raise table.fault("remove", "is missing; removals carry no fields, so they need a url of their own")
    _check_call(table, send, batch)
    headers = _read_headers(table, fields)
    if send.takes_rows or (remove and remove.takes_rows):
        for name, text in headers.items():
            if any(hole.is_of_row for hole in holes(text)):
                raise table.fault(
                    f"headers.{name}", "says something of one row, but a request tells of several"
                )
    return Http(send, remove, headers, batch, table.seconds("timeout", TIMEOUT, LONGEST))


def _read_call(table: Table, fields: Sequence[str], outer: Call | None) -> Call:
    """A request; `outer` is the one that a removal takes its method and url from where it has none."""
    method = table.choice("method", METHODS, outer.method if outer else METHODS[0])
    if outer and "url" not in table.values:
        url = outer.url
    else:
        address = read_address(table, table.text("url", why="say where the requests go"))
        url = _told(table, "url", lambda: read_text(address, fields))
    body = _told(table, "body", lambda: read_template(_body(table), fields))
    row = _told(table, "row", lambda: read_template(table.values.get("row"), fields))
    if row is None and outer:
        row = _told(table, "row", lambda: _without_fields(outer.row))
    own = table.values.get("accept", [])
    if not isinstance(own, list) or not all(type(one) is int and 400 <= one < 500 for one in own):
        raise table.fault("accept", "must be a list of statuses from 400 to 499, such as [404]")
    if settled := SETTLED & set(own):
        raise table.fault("accept", f"{min(settled)} never means that a row was taken; leave it out")
    return Call(method, url, body, row, frozenset(own) | (outer.accept if outer else frozenset()))


def _check_call(table: Table, call: Call, batch: int) -> None:
    if any(hole.name == "rows" for hole in (*holes(call.url), *holes(call.row))):
        raise table.fault("body", "is the only place for {rows}")
    for name in _literal_secrets(call.body):
        raise table.fault(
            "body", f'{name} looks like a secret, which never stands in a file; write "{{env:NAME}}"'
        )
    if call.takes_rows and call.row is None:
        raise table.fault(
            "row", 'is missing; say what {rows} holds of each row, such as { email = "{contact}" }'
        )
    if not call.takes_rows and ("row" in table.values or batch > 1):
        key = "row" if "row" in table.values else "body"
        raise table.fault(
            key, "with several rows a request, body must hold {rows}, which stands for all of them"
        )
    if call.takes_rows and any(hole.is_of_row for hole in (*holes(call.url), *holes(call.body))):
        raise table.fault("body", "says something of one row outside of row, but {rows} tells of several")
    if not any(hole.name == "contact" for hole in call.holes):
        raise table.fault("body", "nothing in the request says {contact}, whom it is about")
    if any(hole.name.startswith(FIELD) for hole in call.holes) and table.path.endswith(".remove"):
        raise table.fault("url", "is that of additions and holds a field, which removals lack; write another")


def _read_headers(table: Table, fields: Sequence[str]) -> dict[str, Text]:
    headers = {}
    for name, value in table.pairs("headers").items():
        key = f"headers.{name}"
        if not HEADER.fullmatch(name) or name.lower() in OURS:
            raise table.fault(key, "is no name of a header, or one that is set for you; leave it out")
        headers[name] = text = _told(table, key, partial(read_text, value, fields))
        if not all(one.isprintable() for one in text.pieces if isinstance(one, str)):
            raise table.fault(key, "holds a line break or another sign that no header can carry")
        if SECRETIVE.search(name) and not any(hole.variable for hole in holes(text)):
            mend = 'looks like a secret, which never stands in a file; write it as "{env:NAME}"'
            raise table.fault(key, mend)
    return headers


def _body(table: Table) -> Any:
    """A JSON value, written as a table, an array, or a text that holds JSON."""
    body = table.values.get("body")
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        if re.fullmatch(r"\{[^{}]+\}", body.strip()):
            return body.strip()
        mend = f"is not JSON ({error}); placeholders stand in its texts, in quotes, or write it as a table"
        raise table.fault("body", mend) from None


def _literal_secrets(template: Any) -> Iterator[str]:
    """The keys that are called like a secret and hold a text that is written out."""
    pairs = template.items() if isinstance(template, Mapping) else ()
    for key, value in pairs:
        if (
            isinstance(value, Text)
            and re.fullmatch(SECRET_NAME, key, re.IGNORECASE)
            and not any(holes(value))
        ):
            yield key
    inner = template.values() if isinstance(template, Mapping) else template
    for one in inner if isinstance(template, Mapping | list) else ():
        yield from _literal_secrets(one)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _without_fields(row: Any) -> Any:
    if any(hole.name.startswith(FIELD) for hole in holes(row)):
        raise TemplateError(
            "is missing; removals carry no fields, so what {rows} holds must be said for them"
        )
    return row


def _told(table: Table, key: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except TemplateError as error:
        raise DestinationError(table.file, f"{table.path}.{key}", str(error)) from None
