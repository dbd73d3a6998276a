"""What a check can find, and what mends it.

Decides the words of the mends. Must never look at a store.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it is with one thing."""

    OK = "ok"
    ADVICE = "advice"  # works, and something should be done
    WRONG = "WRONG"


class Repair(StrEnum):
    """What can be done by `rundum check --repair`."""

    NONE = ""
    REBUILD = "rebuild"
    REMOVE = "remove"
    TIE = "tie"


BACKUP = "only a backup can mend this: stop what writes and `rundum restore` the latest that is well"
REBUILD = "it follows from the events, which are well: `rundum check --repair` derives it again"


@dataclass(frozen=True)
class Finding:
    """How it is with one thing: what must hold, what was seen (of `count` faults the first few), the mend."""

    check: str
    must: str
    state: State = State.OK
    seen: tuple[str, ...] = ()
    count: int = 0
    mend: str = ""
    repair: Repair = Repair.NONE
