"""What a running process knows about itself: written where it lands, read by those who tell others.

Decides when it counts as well. Must never ask the store or the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from time import monotonic

from streams.core.model import Place

STARTING, STANDBY, LANDING, STOPPING = "starting", "standby", "landing", "stopping"
BEHIND = 60.0  # seconds that what was appended may wait, or a batch may take


@dataclass
class State:
    """The role of the process and how far it is; times are of the monotonic clock, in seconds."""

    role: str = STARTING
    note: str = ""  # what it waits for
    trouble: str = ""  # what it needs and cannot reach now
    stop: Event = field(default_factory=Event)  # set from outside: end soon
    began: float = field(default_factory=monotonic)
    caught_up: float = field(default_factory=monotonic)  # all that was in the log then has landed
    beat: float = field(default_factory=monotonic)  # when it was last seen at work
    waiting: int = 0  # records that are in the logs and have not landed
    lag: dict[Place, int] = field(default_factory=dict)  # the same by place
    unbalanced: int = 0  # hours of topics whose records are not all accounted for
    landed: int = 0  # since it began
    rate: float = 0.0  # records a second, in the last batches
    seconds: list[float] = field(default_factory=list)  # of each batch since it was last asked for

    @property
    def freshness(self) -> float:
        """Seconds since when everything that was appended has landed."""
        return monotonic() - self.caught_up

    def verdict(self) -> tuple[str, str]:
        """`ready`, `standby`, `starting`, `stopping`, `waiting`, `behind` or `stuck`, and why."""
        if self.role == STARTING and self.trouble:
            return "waiting", self.trouble
        if self.role != LANDING:
            return self.role, self.note
        if monotonic() - self.beat > BEHIND:
            return "stuck", f"nothing has happened for {monotonic() - self.beat:.0f} seconds"
        if self.trouble:
            return "waiting", self.trouble
        if self.freshness > BEHIND:
            return "behind", f"{self.waiting:,} records wait, some for {self.freshness:.0f} seconds"
        return "ready", ""
