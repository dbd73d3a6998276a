"""`rundum run`: one process that lands whatever is appended, for as long as it lives.

Decides when it lands, ticks and trims, and what it does while another process has the store. Must never
acknowledge, and never wait for a reader.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from schemas.catalogue import Catalogue
from sinks.duckdb.database import StoreBusy
from sinks.gateway.access import Caller, DoorClosed
from streams.core.model import Place
from streams.ingest import Inlet
from streams.owner import Owner, micros
from streams.pipeline import utc_now
from streams.settings import Project, contracts_of
from streams.state import LANDING, STANDBY, STOPPING, State

TICKED = "own/clock/ticked"
IDLE = 0.15  # seconds between two looks at the log: what is appended in them lands together
STANDBY_PAUSE = 0.5
TRIM_SECONDS = 600.0
TRIM_AGAIN = 5.0  # while a reader is in the way
SMOOTH = 0.3  # weight of the last batch in the rate

Told = Callable[[str], None]


class Runner:
    """Owns one project's store, or stands by until it can."""

    def __init__(self, project: Project, catalogue: Catalogue, state: State, tell: Told) -> None:
        """`tell` hears of changes in words; `state` is kept up to date for others to read."""
        self.project, self.catalogue = project, catalogue
        self.state, self.tell = state, tell
        self._minute = ""
        self._trim_at = monotonic() + TRIM_SECONDS
        self._goal: tuple[float, dict[Place, int]] = (monotonic(), {})

    def run(self, ready: Callable[[Owner], None]) -> None:
        """Lands until it is told to stop. `ready` hears of the owner once this process is it."""
        with Inlet(self.project.log, self.catalogue) as inlet:
            owner = self._take(inlet)
            if owner is None:
                return
            try:
                self._announce(owner)
                ready(owner)
                while not self.state.stop.is_set():
                    self._land(owner)
                    self._tick(owner)
                    owner.serve(IDLE)
            finally:
                self.state.role = STOPPING
                owner.close()

    def _take(self, inlet: Inlet) -> Owner | None:
        """The store, as soon as nobody else has it; None if it is to stop before."""
        while not self.state.stop.is_set():
            try:
                return Owner(self.project, self.catalogue, inlet)
            except StoreBusy as busy:
                if self.state.role != STANDBY:
                    self.tell(f"standby: {busy}")
                self.state.role, self.state.note = STANDBY, str(busy)
                self._stand_by()
                self.catalogue = contracts_of(self.project)
        return None

    def _stand_by(self) -> None:
        """Waits for as long as somebody has the store; meanwhile they may take over other contracts."""
        with suppress(DoorClosed):
            while not self.state.stop.wait(STANDBY_PAUSE):
                Caller(self.project.store).close()

    def _announce(self, owner: Owner) -> None:
        self.state.role, self.state.note = LANDING, ""
        self.state.caught_up = self.state.beat = monotonic()
        self.tell(f"landing into {self.project.store}")
        if owner.rejected:
            self.tell(
                f"{owner.rejected:,} records ended the process again and again and were rejected; "
                "`rundum rejected list` shows them"
            )

    def _land(self, owner: Owner) -> None:
        """Lands what there is, and keeps the books on it."""
        began = monotonic()
        self._observe(owner)
        for landing in owner.land():
            now = monotonic()
            records = landing.landed + landing.duplicate + landing.conflicting + landing.rejected
            self.state.seconds.append(now - began)
            self.state.landed += records
            rate = records / max(now - began, 1e-6)
            self.state.rate += SMOOTH * (rate - self.state.rate)
            self._observe(owner)
            self._tick(owner)
            if self.state.stop.is_set():
                return
            began = monotonic()
        if self.state.landed and not self.state.waiting:
            self.state.rate *= 1 - SMOOTH / 10

    def _observe(self, owner: Owner) -> None:
        """How much waits, and since when everything appended has landed."""
        now, log = monotonic(), owner.inlet.log
        heads = {place: ends.head for place, ends in log.ends().items()}
        positions = owner.store.positions(log.id)
        left = {place: head - positions.get(place, 0) for place, head in heads.items()}
        self.state.waiting, self.state.beat = sum(left.values()), now
        since, goal = self._goal
        if all(positions.get(place, 0) >= head for place, head in goal.items()):
            self.state.caught_up = since
            self._goal = now, heads
        if not self.state.waiting:
            self.state.caught_up = now

    def _tick(self, owner: Owner) -> None:
        """Says once a minute what time it is, and lets the log forget from time to time."""
        now = utc_now().replace(second=0, microsecond=0)
        minute = f"{now:%Y-%m-%dT%H:%MZ}"
        if minute > self._minute:
            self._minute = minute
            tick = {"event_id": minute, "occurred_at": micros(now)}
            owner.inlet.log.append([owner.inlet.outgoing(self.catalogue.events[TICKED], tick)])
        if monotonic() > self._trim_at:
            self._trim_at = monotonic() + (TRIM_SECONDS if owner.trim() else TRIM_AGAIN)
