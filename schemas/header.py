"""The head of an SQL file that a company writes: lines `-- key: value` before the statement.

Decides which keys a file may and must have. Must never read the statement.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from schemas.catalogue import ContractError
from schemas.conform import near

LINE = re.compile(r"--\s?(?P<key>[a-z_]+):\s*(?P<value>.*)")
MORE = re.compile(r"--\s{3,}(?P<value>\S.*)")  # the value goes on, indented


class Headed(NamedTuple):
    """A file taken apart: its keys, and the text after them, without a closing semicolon."""

    file: Path
    keys: dict[str, str]
    text: str


def read_headed(file: Path, *, must: Collection[str], may: Collection[str] = ()) -> Headed:
    """A file whose head has all keys of `must` and no others but those of `may`. Raises ContractError."""
    try:
        whole = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(file, "", f"cannot be read ({error}); save it as UTF-8 text") from None
    return take_apart(file, whole, must=must, may=may)


def take_apart(file: Path, whole: str, *, must: Collection[str], may: Collection[str] = ()) -> Headed:
    """The same of a text; `file` is its name in errors. Raises ContractError."""
    keys = dict[str, str]()
    last = ""
    lines = whole.strip().splitlines()
    for at, line in enumerate(lines):
        if found := LINE.fullmatch(line.rstrip()):
            last = found["key"]
            if last in keys:
                raise ContractError(file, last, "stands twice in the head; keep one of them")
            if last not in (*must, *may):
                raise ContractError(file, last, f"unknown key of the head; {near(last, [*must, *may])}")
            keys[last] = found["value"].strip()
        elif last and (more := MORE.fullmatch(line.rstrip())):
            keys[last] = f"{keys[last]} {more['value']}".strip()
        else:
            lines = lines[at:]
            break
    else:
        lines = []
    for key in must:
        if not keys.get(key):
            raise ContractError(file, key, f"is missing in the head; write a line `-- {key}: ...` at the top")
    text = "\n".join(lines).strip().removesuffix(";").rstrip()
    if not text:
        raise ContractError(file, "", "holds no statement; write a SELECT after the head")
    return Headed(file, keys, text)
