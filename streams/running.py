"""`rundum run`: one process that lands whatever is appended, for as long as it lives.

Decides when it lands, ticks and trims, and what it does while another process has the store. Must never
acknowledge, and never wait for a reader.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import ExitStack, suppress
from time import monotonic

from schemas.catalogue import Catalogue
from sinks.duckdb.database import StoreBusy
from sinks.gateway.access import Caller, DoorClosed
from streams.activation import Activation
from streams.core.model import Place
from streams.inlet import Inlet, older_inlets, open_inlet, tick_of
from streams.log.protocol import LogUnreachable
from streams.owner import Owner
from streams.pipeline import utc_now
from streams.registry.protocol import RegistryUnreachable
from streams.segmentation import Segmentation
from streams.settings import Project, contracts_of
from streams.state import LANDING, STANDBY, STARTING, STOPPING, State

IDLE = 0.15  # seconds between two looks at the log: what is appended in them lands together
STANDBY_PAUSE = 0.5
TRIM_SECONDS = 600.0
TRIM_AGAIN = 5.0  # while a reader is in the way
SMOOTH = 0.3  # weight of the last batch in the rate

RETRY = 1.0  # seconds until what was out of reach is tried again
TELL_SECONDS = 60.0  # between two lines about the same trouble

Told = Callable[[str], None]
Spot = tuple[str, Place]  # a place of one of the logs


class Runner:
    """Owns one project's store, or stands by until it can."""

    def __init__(self, project: Project, catalogue: Catalogue, state: State, tell: Told) -> None:
        """`tell` hears of changes in words; `state` is kept up to date for others to read."""
        self.project, self.catalogue = project, catalogue
        self.state, self.tell = state, tell
        self.loop: AbstractEventLoop | None = None  # that Kafka's client is to live on
        self._told_at = -TELL_SECONDS
        self._minute = ""
        self._trim_at = monotonic() + TRIM_SECONDS
        self._goal: tuple[float, dict[Spot, int]] = (monotonic(), {})

    def run(self, ready: Callable[[Owner], None]) -> None:
        """Lands until it is told to stop. `ready` hears of the owner once this process is it."""
        with ExitStack() as opened:
            inlets = self._open(opened)
            owner = self._take(inlets) if inlets else None
            if owner is None:
                return
            try:
                self._announce(owner)
                ready(owner)
                with (
                    Segmentation(owner, self.state, self.tell),
                    Activation(owner, self.project, self.tell),
                ):
                    while not self.state.stop.is_set():
                        owner.serve(IDLE if self._work(owner) else RETRY)
            finally:
                self.state.role = STOPPING
                owner.close()

    def _open(self, opened: ExitStack) -> list[Inlet]:
        """The ways into all logs, as soon as they can be reached; none if it is to stop before."""
        while not self.state.stop.is_set():
            try:
                inlet = open_inlet(self.project, self.catalogue, self.loop)
            except LogUnreachable as failure:
                self.wait_for(str(failure))
                self.state.stop.wait(RETRY)
            else:
                self.go_on()
                opened.enter_context(inlet)
                older = older_inlets(self.project, self.catalogue)
                return [*map(opened.enter_context, older), inlet]
        return []

    def _work(self, owner: Owner) -> bool:
        """Lands and ticks; whether all that it needs of the world is there."""
        try:
            self._land(owner)
            owner.introduce()
            self._tick(owner)
            while owner.notes:
                self.tell(owner.notes.pop(0))
        except (LogUnreachable, RegistryUnreachable) as failure:
            self.wait_for(str(failure))
            self.state.beat = monotonic()
            return False
        if owner.held:
            self.wait_for(owner.held)
            return False
        self.go_on()
        return True

    def renew(self) -> None:
        """Makes ready to run once more, after an end that nobody asked for."""
        self.state.role = STARTING
        self.state.stop.clear()

    def wait_for(self, why: str) -> None:
        """Keeps in mind what is missing, and says so once a minute."""
        self.state.trouble = why
        if monotonic() - self._told_at >= TELL_SECONDS:
            self._told_at = monotonic()
            self.tell(f"waiting: {why}")

    def go_on(self) -> None:
        """All that it needs is there again."""
        if self.state.trouble:
            self.tell(f"back again after: {self.state.trouble}")
            self.state.trouble, self._told_at = "", -TELL_SECONDS

    def _take(self, inlets: list[Inlet]) -> Owner | None:
        """The store, as soon as nobody else has it; None if it is to stop before."""
        stood_by = False
        while not self.state.stop.is_set():
            try:
                if stood_by:
                    self.catalogue = contracts_of(self.project)
                    for inlet in inlets:
                        inlet.adopt(self.catalogue)
                return Owner(self.project, self.catalogue, inlets)
            except StoreBusy as busy:
                if self.state.role != STANDBY:
                    self.tell(f"standby: {busy}")
                self.state.role, self.state.note = STANDBY, str(busy)
                self._stand_by()
                stood_by = True
            except (LogUnreachable, RegistryUnreachable) as failure:
                self.state.role = STARTING
                self.wait_for(str(failure))
                self.state.stop.wait(RETRY)
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
        now = monotonic()
        heads, positions = dict[Spot, int](), dict[Spot, int]()
        for log in (inlet.log for inlet in owner.inlets):
            heads |= {(log.id, place): ends.head for place, ends in log.ends().items()}
            positions |= {(log.id, place): at for place, at in owner.store.positions(log.id).items()}
        left = {place: head - positions.get(place, 0) for place, head in heads.items()}
        self.state.waiting, self.state.beat = sum(left.values()), now
        self.state.lag = {place: left[log_id, place] for log_id, place in left}
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
            owner.inlet.log.append([tick_of(owner.inlet, now)])
        if monotonic() > self._trim_at:
            self._trim_at = monotonic() + (TRIM_SECONDS if owner.trim() else TRIM_AGAIN)
