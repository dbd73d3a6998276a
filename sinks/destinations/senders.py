"""The sender of a destination.

Decides which class sends to which kind. Must never open a connection: senders do when something is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sinks.destinations.calls import Http
from sinks.destinations.file import FileSender
from sinks.destinations.http import HttpSender
from sinks.destinations.kinds import Folder, Webhook
from sinks.destinations.protocol import Sender
from sinks.destinations.settings import Destination
from sinks.destinations.webhook import WebhookSender


def sender_of(destination: Destination, environ: Mapping[str, str], root: Path) -> Sender:
    """Who sends to it; `root` is the project's folder. Raises ValueError for Kafka, which is the log's."""
    how = destination.how
    if isinstance(how, Webhook):
        return WebhookSender(how, environ)
    if isinstance(how, Http):
        return HttpSender(how, environ)
    if isinstance(how, Folder):
        return FileSender(how, tuple(destination.fields), root)
    raise ValueError(
        f"{destination.name} is a topic of Kafka: its rows are appended by the log's own producer"
    )
