"""The destinations of a project: `destinations/<name>.toml`, one a file.

Decides what a destination must say and what of a customer may go at all. Must never send anything, nor look
at the environment before something is to be sent.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sinks.destinations.calls import KEYS as HTTP
from sinks.destinations.calls import Http, read_http
from sinks.destinations.kinds import Folder, Kafka, Webhook, read_folder, read_kafka, read_webhook
from sinks.destinations.reading import DestinationError, Table

__all__ = ["Destination", "DestinationError", "check_secrets", "load_destinations", "read_destination"]

How = Webhook | Http | Folder | Kafka
KINDS: Mapping[str, tuple[str, ...]] = {
    "webhook": ("url", "secret", "batch", "timeout"),
    "http": HTTP,
    "file": ("folder", "format", "columns", "hash"),
    "kafka": ("topic",),
}
CONTACTS = ("email", "phone")
EXCLUDED = ("open_complaint",)
MAX_CHANGE = 0.2
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
COLUMN = re.compile(r"(reason\.)?[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# Consent is given for a contact point: another one must not go along as a mere field.
NO_FIELDS = {"email", "phone", "identifiers", "traits", "consents"}
WHY_PURPOSE = (
    "only people whose consent covers what the tool does with their address may go there, so say"
    ' what that is, such as purpose = "newsletter"'
)
KEYS = (
    "kind", "segment", "purpose", "contact", "fields", "exclude", "max_change", "owner", "description", *KINDS
)  # fmt: skip


@dataclass(frozen=True)
class Destination:
    """Whom of a segment a tool is told of, what of them, and how.

    `contact` is the kind of contact point, `fields` are target columns and the columns of `customers` that
    fill them, or of the segment's reasons: `reason.<column>`. Members of segments in `exclude` stay out.
    `max_change` is the share of those sent before that may change without a person's word.
    """

    name: str
    file: Path
    kind: str
    segment: str
    purpose: str
    contact: str
    how: How
    fields: Mapping[str, str] = field(default_factory=dict)
    exclude: tuple[str, ...] = EXCLUDED
    max_change: float = MAX_CHANGE
    owner: str = ""
    description: str = ""


def load_destinations(folder: Path) -> tuple[dict[str, Destination], list[DestinationError]]:
    """All destinations of a folder that can be used, by name, and what is wrong with the others."""
    found = dict[str, Destination]()
    faults = list[DestinationError]()
    for file in sorted(folder.glob("[!.]*.toml")):  # editors' own files begin with a dot
        try:
            found[file.stem] = read_destination(file)
        except DestinationError as error:
            faults.append(error)
    return found, faults


def read_destination(file: Path) -> Destination:
    """One file. Raises DestinationError."""
    if not NAME.fullmatch(file.stem):
        raise DestinationError(
            file, "", "rename it: small letters, digits, - and _ make a destination's name"
        )
    table = Table(file, "", _read(file), KEYS)
    kind = table.choice("kind", tuple(KINDS))
    for other in KINDS:
        if other != kind and other in table.values:
            raise table.fault(
                other, f'goes with kind = "{other}", but this is a {kind}; take one of them out'
            )
    contact = table.choice("contact", CONTACTS)
    fields = _read_fields(table)
    segment = table.text("segment", why="name the segment whose members go")
    exclude = table.texts("exclude", EXCLUDED)
    if segment in exclude:
        raise table.fault("exclude", f"names {segment} itself, which would leave nobody; take it out")
    return Destination(
        file.stem, file, kind, segment, table.text("purpose", why=WHY_PURPOSE), contact,
        _read_how(table, kind, contact, fields), fields, exclude, table.share("max_change", MAX_CHANGE),
        table.text("owner", ""), table.text("description", ""),
    )  # fmt: skip


def variables(destination: Destination) -> dict[str, str]:
    """The environment variables that a destination needs, each with the key that names it."""
    how = destination.how
    if isinstance(how, Webhook):
        return {how.secret: "webhook.secret"}
    return {hole.variable: "http" for hole in how.holes if hole.variable} if isinstance(how, Http) else {}


def check_secrets(destination: Destination, environ: Mapping[str, str]) -> list[DestinationError]:
    """What is missing in the environment for a destination to be sent to; empty if nothing is."""
    return [
        DestinationError(destination.file, key, f"the environment lacks {name}; set it to the tool's secret")
        for name, key in variables(destination).items()
        if not environ.get(name, "").strip()
    ]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise DestinationError(file, "", f"cannot be read ({error.strerror}); mend its rights") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DestinationError(file, "", f"is not TOML: {error}") from None


def _read_fields(table: Table) -> dict[str, str]:
    fields = table.pairs("fields")
    for target, source in fields.items():
        if not target.strip() or not target.isprintable() or set(target) & set("{}"):
            raise table.fault(f"fields.{target!r}", "is no name of a column; use letters, digits and spaces")
        if not COLUMN.fullmatch(source):
            mend = f"{source!r} is no column; name one of `customers`, or reason.<column> of the segment"
            raise table.fault(f"fields.{target}", mend)
        if source in NO_FIELDS:
            mend = (
                f"{source} holds contact points, and consent is given for each; the one of `contact` always"
                " goes, others need a destination of their own"
            )
            raise table.fault(f"fields.{target}", mend)
    return fields


def _read_how(table: Table, kind: str, contact: str, fields: dict[str, str]) -> How:
    if kind not in table.values:
        raise table.fault(kind, f"is missing; write a table [{kind}] with {', '.join(KINDS[kind])}")
    inner = Table(table.file, kind, table.values[kind], KINDS[kind])
    if kind == "webhook":
        return read_webhook(inner)
    if kind == "http":
        return read_http(inner, tuple(fields))
    return read_folder(inner, contact, fields) if kind == "file" else read_kafka(inner)
