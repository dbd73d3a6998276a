"""Who really owns which identifier: what an identity rule may be measured against.

Decides ownership as the generated shop lives it. Must never look at the rules that will be judged.

An identifier belongs to one person, or to nobody (None) when two people or a kiosk share it, or when it is
junk that names nobody. A mistyped e-mail address belongs to the stranger whose address it is; an order to the
person who placed it, a ticket to the person who opened it.
"""

from __future__ import annotations

Identifier = tuple[str, str]


class Truth:
    """The owners of all identifiers (kind, value as it appears in events), and which were seen."""

    def __init__(self) -> None:
        """Nothing is owned, nothing was seen."""
        self._owners: dict[Identifier, int | None] = {}
        self._seen: dict[Identifier, None] = {}

    def claim(self, kind: str, value: str, person: int | None) -> None:
        """`value` belongs to `person`; a second claimant makes it nobody's."""
        identifier = (kind, value)
        if self._owners.setdefault(identifier, person) != person:
            self._owners[identifier] = None

    def see(self, kind: str, value: str) -> None:
        """`value` appears in an event. Raises KeyError when nobody claimed it: a fault of the generator."""
        identifier = (kind, value)
        if identifier not in self._seen:
            self._owners[identifier]
            self._seen[identifier] = None

    @property
    def owners(self) -> dict[Identifier, int | None]:
        """The identifiers seen, each with its person's number (1..n) or None."""
        return {identifier: self._owners[identifier] for identifier in self._seen}
