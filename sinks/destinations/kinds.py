"""What a destination's file says of its kind: the table [webhook], [file] or [kafka].

Decides which keys each kind has. Must never open a connection or a folder. For [http] see calls.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import httpx

from sinks.destinations.columns import TOOLS
from sinks.destinations.reading import Table

FORMATS = ("csv", "parquet")
COLUMNS = ("plain", *TOOLS)
ROWS, MOST_ROWS = 100, 10_000
TIMEOUT, LONGEST = 15.0, 300.0
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
# A host, written out: what a row says must never choose whom it is sent to.
ADDRESS = re.compile(r"https?://[^/?#{}@\\\s]+(?=[/?]|\Z)", re.IGNORECASE)
SECRET_NAME = r"(?:[^=&?]*[_-])?(?:token|secret|password|(?:api|access)[_-]?key)"
SECRET_QUERY = re.compile(rf"[?&]{SECRET_NAME}=(?!\{{env:)", re.IGNORECASE)


@dataclass(frozen=True)
class Webhook:
    """Signed requests as Standard Webhooks has them. `secret` names an environment variable."""

    url: str
    secret: str
    batch: int = ROWS
    timeout: float = TIMEOUT


@dataclass(frozen=True)
class Folder:
    """Files in a folder of the project, in the columns of an ad tool or plain ones."""

    folder: str
    format: str
    columns: str = "plain"
    is_hashed: bool = False


@dataclass(frozen=True)
class Kafka:
    """Records on a topic."""

    topic: str


def read_webhook(table: Table) -> Webhook:
    """The table [webhook]. Raises DestinationError."""
    url = read_address(table, table.text("url", why="say where the requests go"))
    if set(url) & set("{}"):
        raise table.fault("url", 'holds placeholders, which webhooks do not have; use kind = "http" for that')
    return Webhook(
        url,
        table.variable("secret"),
        table.whole("batch", ROWS, MOST_ROWS),
        table.seconds("timeout", TIMEOUT, LONGEST),
    )


def read_folder(table: Table, contact: str, fields: dict[str, str]) -> Folder:
    """The table [file]. Raises DestinationError."""
    folder = table.text("folder", why="name a folder of the project")
    way = PurePosixPath(folder)
    if way.is_absolute() or ".." in way.parts or "\0" in folder or "\\" in folder:
        raise table.fault("folder", f"{folder} leads out of the project; name a folder inside it")
    columns = table.choice("columns", COLUMNS, "plain")
    is_hashed = table.flag("hash", columns != "plain")
    if columns == "plain":
        if is_hashed:
            raise table.fault("hash", f"goes with columns of an ad tool; write columns = {TOOLS.keys()!r}")
        if contact in fields:
            raise table.fault(
                "columns", f"[fields] names a column {contact}, which holds the contact; rename it"
            )
    else:
        _check_tool(table, columns, contact, fields)
    return Folder(folder, table.choice("format", FORMATS, "csv"), columns, is_hashed)


def read_kafka(table: Table) -> Kafka:
    """The table [kafka]. Raises DestinationError."""
    topic = table.text("topic", why="name the topic that the rows go to")
    if not TOPIC.fullmatch(topic) or topic in (".", ".."):
        raise table.fault("topic", "is not a topic's name; use letters, digits, dots, dashes, underscores")
    return Kafka(topic)


def read_address(table: Table, url: str, key: str = "url") -> str:
    """A URL whose host is written out and that holds no secret. Raises DestinationError."""
    if "@" in url.partition("//")[2].partition("/")[0]:
        raise table.fault(key, "holds a user or password, and secrets never stand in a file; send a header")
    if SECRET_QUERY.search(url):
        raise table.fault(
            key, 'holds a secret, which never stands in a file; use kind = "http" and {env:NAME}'
        )
    found = ADDRESS.match(url)
    if not found or not url.isprintable() or set(url) & set(" #") or not _is_host(found[0]):
        mend = "must be an address such as https://tool.example/hook; placeholders come after the host only"
        raise table.fault(key, mend)
    return url


def _is_host(address: str) -> bool:
    try:
        return bool(httpx.URL(address).host) and urlsplit(address).port != 0
    except (httpx.InvalidURL, ValueError):
        return False


def _check_tool(table: Table, columns: str, contact: str, fields: dict[str, Any]) -> None:
    tool = TOOLS[columns]
    known = [name for name in tool.columns if name != tool.contacts[contact]]
    for target in fields:
        if target not in known:
            mend = (
                f"{columns} has no column {target} beside that of the contact; known are {', '.join(known)}"
            )
            raise table.fault("columns", mend)
    missing = [name for name in tool.together if name not in fields]
    if missing and len(missing) < len(tool.together):
        mend = f"{columns} takes {', '.join(tool.together)} together or not at all; add {', '.join(missing)}"
        raise table.fault("columns", mend)
