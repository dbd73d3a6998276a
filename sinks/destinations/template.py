"""Texts with placeholders, as a destination's file writes requests: `{contact}`, `{field.city}`, `{env:KEY}`.

Decides what a placeholder may be and what stands for it. Must never read a value as a template: what a row
says is put in once, as a value, and never looked at again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from schemas.conform import near
from sinks.destinations.reading import VARIABLE

ENV, FIELD = "env:", "field."
OF_ROW = ("contact", "action")
PLAIN = (*OF_ROW, "id", "rows")
PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")  # {{ and }} are braces themselves
Values = Mapping[str, Any]


class Hole(NamedTuple):
    """Where a value goes: `contact`, `field.city`, `env:TOKEN` ..."""

    name: str

    @property
    def is_of_row(self) -> bool:
        """Whether its value is one of a row, and not of the whole request."""
        return self.name in OF_ROW or self.name.startswith(FIELD)

    @property
    def variable(self) -> str:
        """The environment variable that it stands for; empty if it stands for none."""
        return self.name.removeprefix(ENV) if self.name.startswith(ENV) else ""


class Text(NamedTuple):
    """A text taken apart: literal pieces and holes."""

    pieces: tuple[str | Hole, ...]


class TemplateError(ValueError):
    """A template that cannot be used; the text says what is wrong and what to do."""


def read_text(text: str, fields: Sequence[str]) -> Text:
    """A text with placeholders; `fields` are the targets that `{field.<target>}` may name."""
    pieces = list[str | Hole]()
    end = 0
    for found in PIECE.finditer(text):
        pieces.append(text[end : found.start()])
        end = found.end()
        pieces.append(found[0][0] if found[1] is None else _hole(found[1], fields))
    pieces.append(text[end:])
    return Text(tuple(piece for piece in pieces if piece))


def read_template(template: Any, fields: Sequence[str]) -> Any:
    """The same for every text in a JSON value; keys stay as they are."""
    if isinstance(template, str):
        return read_text(template, fields)
    if isinstance(template, Mapping):
        for key in template:
            if PIECE.search(key):
                raise TemplateError(f"{key!r} is a key, and keys hold no placeholders; write it out")
        return {key: read_template(value, fields) for key, value in template.items()}
    if isinstance(template, list):
        return [read_template(value, fields) for value in template]
    if template is None or isinstance(template, bool | int | float):
        return template
    raise TemplateError(f"{template} is not JSON; write it as a text")


def holes(template: Any) -> Iterator[Hole]:
    """Every placeholder of a text or template."""
    if isinstance(template, Text):
        yield from (piece for piece in template.pieces if isinstance(piece, Hole))
    elif isinstance(template, Mapping):
        yield from _holes_of(template.values())
    elif isinstance(template, list):
        yield from _holes_of(template)


def fill(template: Any, values: Values) -> Any:
    """The JSON value of a template. A text that is nothing but one placeholder takes the value's own type."""
    if isinstance(template, Text):
        if len(template.pieces) == 1 and isinstance(hole := template.pieces[0], Hole):
            return values.get(hole.name)
        return fill_text(template, values)
    if isinstance(template, Mapping):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    return template


def fill_text(text: Text, values: Values, put: Callable[[Hole, str], str] = lambda _, value: value) -> str:
    """The text with its values, each as `put` makes it; literal pieces stay as they are."""
    return "".join(
        put(piece, written(values.get(piece.name))) if isinstance(piece, Hole) else piece
        for piece in text.pieces
    )


def written(value: Any) -> str:
    """A value amid other text: nothing for null, JSON for what is more than a text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _holes_of(templates: Iterable[Any]) -> Iterator[Hole]:
    for template in templates:
        yield from holes(template)


def _hole(name: str, fields: Sequence[str]) -> Hole:
    if name.startswith(ENV):
        if not VARIABLE.fullmatch(name.removeprefix(ENV)):
            raise TemplateError(f"{{{name}}} names no environment variable; write {{env:NAME}}")
    elif name.startswith(FIELD):
        if name.removeprefix(FIELD) not in fields:
            known = [f"{FIELD}{one}" for one in fields]
            raise TemplateError(
                f"{{{name}}} is no target of [fields]; {near(name, known) if known else 'add it there'}"
            )
    elif name not in PLAIN:
        known = [*PLAIN, *(f"{FIELD}{one}" for one in fields), "env:NAME"]
        raise TemplateError(
            f"{{{name}}} is no placeholder; {near(name, known)}; braces are written {{{{ }}}}"
        )
    return Hole(name)
