"""What the name of a column says: the field's name, and what it may mean.

Decides how names in German and English are read. Must never look at a value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from streams.sources.guess.words import CARDS, CODES, KINDS, OTHERS, OWNERS, TRAITS

Way = tuple[str, ...]

LONGEST = 60
GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "€": " eur "}
)


class Name(NamedTuple):
    """A column's name, read: `words` of the whole way, `last` the words of its last step without
    owners.
    """

    words: tuple[str, ...]
    whole: str
    last: str

    def starts(self, heads: tuple[str, ...]) -> bool:
        """Whether one of the words begins so."""
        return any(word.startswith(heads) for word in self.words)

    def is_one_of(self, names: frozenset[str]) -> bool:
        """Whether the name, or its end without whose it is, is one of these."""
        return self.whole in names or self.last in names

    def has(self, words: Iterable[str]) -> bool:
        """Whether one of the words is one of these, or the name ends so (Kundennummer)."""
        words = tuple(words)
        return any(word in words for word in self.words) or self.whole.endswith(
            tuple(word for word in words if len(word) > 3)
        )

    @property
    def is_code(self) -> bool:
        """Whether it names something known by a code rather than counted."""
        return self.words[-1:] != () and (
            self.words[-1] in CODES or self.whole.endswith(("nr", "nummer", "code"))
        )


def read_name(way: Way) -> Name:
    """A column's way through nested records, outermost first, as words."""
    steps = [snake(step).split("_") for step in way]
    words = tuple(word for step in steps for word in step if word)
    last = [word for word in steps[-1] if word]
    bare = [word for word in last if word not in OWNERS] or last
    return Name(words, "".join(words), "".join(bare))


def kind_of(name: Name, declared: Iterable[str]) -> str:
    """The kind of identifier that a column of this name holds; empty if none that is declared."""
    if name.starts(OTHERS):
        return ""
    for kind in declared:
        plain = kind.replace("_", "")
        if name.is_one_of(KINDS.get(kind, frozenset()) | {plain, f"{plain}no", f"{plain}nr", f"{plain}id"}):
            return kind
    return "loyalty_card" if "loyalty_card" in declared and name.is_one_of(CARDS) else ""


def trait_of(name: Name) -> str:
    """The trait that a column of this name holds; empty if none."""
    if name.starts(OTHERS):
        return ""
    return next((trait for trait, names in TRAITS.items() if name.is_one_of(names)), "")


def snake(text: str) -> str:
    """A name of small ASCII letters, digits and _; empty if there are none in the text."""
    plain = unicodedata.normalize("NFKD", text.translate(GERMAN)).encode("ascii", "ignore").decode()
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
    name = "_".join(re.findall(r"[a-z0-9]+", parted.lower()))[:LONGEST].strip("_")
    return f"column_{name}" if name[:1].isdigit() else name


def pascal(*parts: str) -> str:
    """Names in snake_case as one of an Avro type: `PointsEarnedAddress`."""
    return "".join(word.capitalize() for part in parts for word in part.split("_"))


def free(name: str, taken: set[str]) -> str:
    """The name, or the first of name_2, name_3 ... that is not taken; it is then."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found)
    return found
