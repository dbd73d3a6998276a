"""Updates by a seed, and what a copy must say after them; as a program it applies them until it is killed.

Decides what the last state of each customer is. Must never ask the copy for it.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sinks.serving.copy import ServingCopy
from sinks.serving.reader import CopyReader
from sinks.serving.update import Change, Member, Name, Profile, Update

STORE = "5f0e6b3a"
CUSTOMERS = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(8)]
VALUES = [("email", f"a{number}@example.de") for number in range(8)] + [("phone", "+4930123")]
SEGMENTS = ["buyers", "newsletter_readers", "vip"]
SINCE = "2026-01-01T00:00:00+00:00"


@dataclass
class Model:
    """What a copy says after the updates told to it."""

    upto: int = 0
    profiles: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    members: dict[tuple[str, str], Member] = field(default_factory=dict)
    changes: dict[int, Change] = field(default_factory=dict)

    def apply(self, update: Update) -> None:
        """The same by plain words."""
        told = {profile.customer_id for profile in update.profiles}
        for customer in update.gone:
            self.profiles.pop(customer, None)
        self.profiles |= dict(update.profiles)
        lost = told | set(update.gone)
        self.names = {name: customer for name, customer in self.names.items() if customer not in lost}
        self.names |= {(kind, value): customer for kind, value, customer in update.names}
        lost |= set(update.regrouped)
        self.members = {key: one for key, one in self.members.items() if key[1] not in lost}
        self.members |= {one[:2]: one for one in update.members}
        self.changes |= {one.change_id: one for one in update.changes}
        self.upto = max(self.upto, update.upto)

    def whole(self, segments: Sequence[str] = SEGMENTS) -> Update:
        """All of it as one update, for a copy that is made anew."""
        return Update(
            self.upto,
            profiles=[Profile(*one) for one in self.profiles.items()],
            names=[Name(*name, customer) for name, customer in self.names.items()],
            members=[*self.members.values()], changes=[*self.changes.values()], segments=segments,
        )  # fmt: skip

    def seen(self) -> dict[str, Any]:
        """What a reader must be told."""
        return {
            "customers": {name: self._customer(customer) for name, customer in self.names.items()}
            | {("customer_id", customer): self._customer(customer) for customer in self.profiles},
            "members": {
                segment: sorted(customer for name, customer in self.members if name == segment)
                for segment in SEGMENTS
            },
            "counts": {
                segment: sum(name == segment for name, _ in self.members) for segment in SEGMENTS
            },
            "changes": {
                segment: [number for number, one in sorted(self.changes.items()) if one.segment == segment]
                for segment in SEGMENTS
            },
        }  # fmt: skip

    def _customer(self, customer: str) -> dict[str, Any] | None:
        if customer not in self.profiles:
            return None
        mine = sorted(one for one in self.members.values() if one.customer_id == customer)
        return {
            "customer_id": customer,
            "profile": json.loads(self.profiles[customer]),
            "segments": [
                {"name": one.segment, "since": one.since, "reason": json.loads(one.reason)} for one in mine
            ],
        }


def seen(reader: CopyReader) -> dict[str, Any]:
    """What a copy says, asked by every name there can be and page by page."""
    counts = {one["name"]: one["members"] for one in reader.segments()}
    names = [*VALUES, *(("customer_id", customer) for customer in CUSTOMERS)]
    asked = {name: reader.customer(*name) for name in names}
    return {
        "customers": {name: customer for name, customer in asked.items() if customer},
        "members": {segment: _pages(reader, segment) for segment in SEGMENTS},
        "counts": {segment: counts.get(segment, 0) for segment in SEGMENTS},
        "changes": {segment: _changes(reader, segment) for segment in SEGMENTS},
    }


def _pages(reader: CopyReader, segment: str) -> list[str]:
    found: list[str] = []
    while page := reader.members(segment, found[-1] if found else None, 2):
        found += [row["customer_id"] for row in page.rows]
        if page.is_last:
            break
    return found


def _changes(reader: CopyReader, segment: str) -> list[int]:
    found: list[int] = []
    while page := reader.changes(segment, found[-1] if found else None, 2):
        found += [row["change_id"] for row in page.rows]
        if page.is_last:
            break
    return found


def updates(seed: int, count: int) -> list[Update]:
    """Updates by chance: customers come, change, merge and go; names move between them."""
    chance = random.Random(seed)
    made, change_id = [], 0
    for upto in range(1, count + 1):
        told = chance.sample(CUSTOMERS, chance.randint(0, 4))
        others = [customer for customer in CUSTOMERS if customer not in told]
        gone, rest = others[: chance.randint(0, 2)], others[2:]
        regrouped = rest[: chance.randint(0, 1)]
        names = [Name(*name, chance.choice(told)) for name in chance.sample(VALUES, 3)] if told else []
        members = [
            Member(segment, customer, SINCE, json.dumps({"upto": upto}))
            for customer in told + regrouped for segment in SEGMENTS if chance.random() < 0.4
        ]  # fmt: skip
        changes = []
        for one in members:
            change_id += 1
            at = datetime.now(UTC).isoformat()
            changes.append(Change(change_id, one.segment, one.customer_id, True, at, one.reason))
        profiles = [Profile(one, json.dumps({"upto": upto, "city": "Köln"})) for one in told]
        made.append(Update(upto, gone, profiles, names, members, changes, regrouped))
    return made


def model_of(told: Sequence[Update]) -> Model:
    """What a copy must say after these."""
    model = Model()
    for update in told:
        model.apply(update)
    return model


def main(path: Path, seed: int, count: int) -> None:
    """Applies what the copy does not know yet; every fifth time it is made anew beside."""
    told = updates(seed, count)
    copy = ServingCopy(path, STORE)
    print("open", flush=True)
    for update in told[copy.cursor()[0] :]:
        if update.upto % 5 == 0:
            with copy.rebuild() as fresh:
                fresh.apply(model_of(told[: update.upto]).whole())
        else:
            copy.apply(update)
        print(update.upto, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
