"""One table of a destination's file, read key by key.

Decides what texts, numbers and choices may look like and how a wrong one is refused. Must never read a file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.conform import near

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)  # the name of an environment variable
SECRET = "whsec_"


class DestinationError(Exception):
    """A file of a destination that cannot be used; the text names file, key and mend."""

    def __init__(self, file: Path, key: str, mend: str) -> None:
        """`key` is dotted, empty for the whole file; `mend` says what is wrong and what to do."""
        super().__init__(f"{file}: {key}: {mend}" if key else f"{file}: {mend}")
        self.file, self.key, self.mend = file, key, mend


class Table:
    """A table of a file. Every reader raises DestinationError for what does not fit."""

    def __init__(self, file: Path, path: str, values: Any, keys: Sequence[str]) -> None:
        """`path` is how the table is called in the file, empty for the top; `keys` are all it may have."""
        self.file, self.path = file, path
        if not isinstance(values, Mapping):
            raise DestinationError(file, path, f"must be a table: [{path}]")
        self.values: Mapping[str, Any] = values
        for key in values:
            if key not in keys:
                raise self.fault(key, f"unknown key; {near(key, keys)}")

    def fault(self, key: str, mend: str) -> DestinationError:
        """What is wrong with a key, to be raised."""
        return DestinationError(self.file, f"{self.path}.{key}".strip("."), mend)

    def text(self, key: str, default: str | None = None, *, why: str = "must be given") -> str:
        """A text that is not empty, unless the default is; without a default it must be there."""
        if key not in self.values:
            if default is None:
                raise self.fault(key, f"is missing; {why}")
            return default
        value = self.values[key]
        if not isinstance(value, str) or not (value.strip() or default == ""):
            raise self.fault(key, "must be a text that is not empty")
        return value.strip()

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        """One of a few words."""
        value = self.text(key, default, why=f"must be one of {', '.join(choices)}")
        if value not in choices:
            raise self.fault(key, f"must be one of {', '.join(choices)}; {near(value, choices)}")
        return value

    def whole(self, key: str, default: int, most: int) -> int:
        """A whole number from 1."""
        value = self.values.get(key, default)
        if type(value) is not int or not 1 <= value <= most:
            raise self.fault(key, f"must be a whole number from 1 to {most:_}, such as {default}")
        return value

    def seconds(self, key: str, default: float, most: float) -> float:
        """A length of time above 0."""
        value = self.values.get(key, default)
        if type(value) not in (int, float) or not 0 < value <= most:
            raise self.fault(key, f"must be seconds above 0 and at most {most:g}, such as {default:g}")
        return float(value)

    def share(self, key: str, default: float) -> float:
        """A share from 0 to 1, written as such or as a percentage."""
        value = self.values.get(key, default)
        if isinstance(value, str) and re.fullmatch(r"\d{1,3}(\.\d+)?\s*%", value.strip(), re.ASCII):
            value = float(value.strip().removesuffix("%")) / 100
        if type(value) not in (int, float) or math.isnan(value) or not 0 <= value <= 1:
            raise self.fault(key, f'must be a percentage such as "{default:.0%}" or a number from 0 to 1')
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.fault(key, "must be true or false")
        return value

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """Texts, none of them empty or twice."""
        value = self.values.get(key, list(default))
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            raise self.fault(key, f"must be a list of texts, such as {json.dumps(list(default) or ['name'])}")
        return tuple(dict.fromkeys(one.strip() for one in value))

    def pairs(self, key: str) -> dict[str, str]:
        """A table of texts."""
        value = self.values.get(key, {})
        if not isinstance(value, Mapping):
            raise self.fault(key, f"must be a table: [{key}]")
        for name, text in value.items():
            if not isinstance(text, str) or not text.strip():
                raise self.fault(f"{key}.{name}", "must be a text that is not empty")
        return dict(value)

    def variable(self, key: str) -> str:
        """The name of an environment variable that holds a secret, which itself never stands in a file."""
        value = self.text(key, why="name the environment variable that holds the secret")
        if value.startswith(SECRET):
            mend = (
                "holds the secret itself, and whoever reads this file or its history could sign in your name;"
                " put it into the environment, name the variable here, and have the tool give you a new one"
            )
            raise self.fault(key, mend)
        if not VARIABLE.fullmatch(value):
            raise self.fault(key, 'must be the name of an environment variable, such as "NEWSLETTER_SECRET"')
        return value
