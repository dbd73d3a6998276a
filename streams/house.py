"""A project's log and store for one command: what it appends is landed, here or by whoever owns the store.

Decides who lands. Must never wait for ever for a process that does not land.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Self

from schemas.catalogue import Catalogue
from sinks.duckdb.contracts import shown_of
from sinks.duckdb.database import StoreBusy, StoreError
from sinks.duckdb.reader import QueryError, Reader
from sinks.duckdb.store import Landing, lives_of, positions_of
from sinks.gateway.access import Access, Caller, DoorClosed
from streams.core.model import Place
from streams.inlet import older_inlets, open_inlet, tick_of
from streams.log.protocol import CLOCK, Ends, check_head, check_life, lives_in
from streams.owner import Owner
from streams.pipeline import utc_now
from streams.segmentation import catch_up
from streams.settings import Project

PATIENCE = 30.0  # seconds for a process that has the store open and lands nothing
PAUSE = 0.05
BEFORE = "1970-01-01T00:00:00"  # anything that landed
Show = Callable[[int, int, str], None]  # landed, all there is to land, a word on it


class House:
    """Log and store of a project. The store is owned for as long as a landing takes, and no longer."""

    def __init__(self, project: Project, catalogue: Catalogue, show: Show) -> None:
        """Opens the log. `show` hears of progress. Raises LogError, also if the store has seen more of it."""
        self.project = project
        self.catalogue = catalogue
        self.inlet = open_inlet(project, catalogue)
        self._access = Access(project.store, project.memory_limit, project.limits)
        self._show = show
        self._since = self._landed_at()  # before the heads: what lands beyond them lands later
        self._seen = self._heads()
        try:
            self._check()
            self._agree()
        except BaseException:
            self.inlet.close()
            raise

    @property
    def reader(self) -> Reader:
        """Asks the store. Raises StoreError if there is none yet."""
        return self._access.reader

    def land(self) -> Landing:
        """Returns when all that is in the log now has landed; what became of it.

        What others append meanwhile can be counted too. Raises StoreError, LogError; then what was appended
        stays in the log.
        """
        self._access.close()  # a store that is open for reading can be opened for writing by nobody
        until = time.monotonic() + PATIENCE
        while True:
            try:
                caller = Caller(self.project.store)
            except DoorClosed:
                try:
                    with self._owner() as owner:
                        return self._land(owner)
                except StoreBusy:
                    if time.monotonic() > until:
                        raise
                    self._show(0, 1, "waiting for another program to close the store")
                    time.sleep(PAUSE)
            else:
                try:
                    return self._wait(caller)
                except DoorClosed:
                    until = time.monotonic() + PATIENCE
                finally:
                    caller.close()

    def close(self) -> None:
        """Lets go of log and store."""
        self._access.close()
        self.inlet.close()

    def __enter__(self) -> Self:
        """The house itself; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        self.close()

    @contextmanager
    def _owner(self) -> Iterator[Owner]:
        """The owner of the store, with all that the project has ever appended to."""
        with ExitStack() as opened:
            older = [opened.enter_context(inlet) for inlet in older_inlets(self.project, self.catalogue)]
            yield opened.enter_context(Owner(self.project, self.catalogue, [*older, self.inlet]))

    def _check(self) -> None:
        """Refuses a log that is older than the store: what is appended to it would count as landed."""
        project, ends = self.project, self.inlet.log.ends()
        with (
            suppress(StoreError, QueryError),
            Access(project.store, project.memory_limit, project.limits, patience=0) as access,
        ):
            log = self.inlet.log
            if lives := lives_of(access.reader, log.id):
                found = lives_in(log, ends)
                for place in lives.keys() & found.keys():
                    check_life(log.id, place, lives[place], found[place])
            for place, position in positions_of(access.reader, log.id).items():
                check_head(log.id, place, position, ends.get(place, Ends(0, 0)))

    def _agree(self) -> None:
        """Has the owner take over the contracts of now, before anything is appended under them."""
        with suppress(DoorClosed), closing(Caller(self.project.store)) as caller:
            mine, theirs = shown_of(self.catalogue), caller.owner["contracts"]
            if mine != theirs:
                theirs = caller.act("adopt")["contracts"]
            if self.inlet.log.id not in caller.owner["logs"]:
                raise StoreError(
                    f"process {caller.owner['pid']}, which has {self.project.store} open, reads another log "
                    "than this command appends to; stop it and start `rundum worker` in this project"
                )
            if mine != theirs:
                raise StoreError(
                    f"process {caller.owner['pid']}, which has {self.project.store} open, stands under "
                    "other contracts than this command; stop it and start it in this project"
                )

    def _land(self, owner: Owner) -> Landing:
        """Lands all that is there as the owner."""
        log, total = self.inlet.log, Landing()
        goal = self._heads()
        first = owner.store.positions(log.id)
        for landing in owner.land():
            total += landing
            self._tell(first, owner.store.positions(log.id), goal, "landing")
        if owner.store.is_segmented():
            self._tell({}, {}, {}, "segments")
            self.inlet.log.append([tick_of(self.inlet, utc_now())])
            for _ in owner.land():  # what time it is is nobody's news
                pass
            catch_up(owner)
        owner.trim()
        self._seen = goal
        return total

    def _wait(self, caller: Caller) -> Landing:
        """Waits until the owner has landed all that is there."""
        goal, reader = self._heads(), Reader(caller.ask)
        first = reached = positions_of(reader, self.inlet.log.id)
        while any(reached.get(place, 0) < head for place, head in goal.items()):
            self._tell(first, reached, goal, f"landing in process {caller.owner['pid']}")
            time.sleep(PAUSE)
            reached = positions_of(reader, self.inlet.log.id)
        return self._count(reader, goal)

    def _count(self, reader: Reader, goal: Mapping[Place, int]) -> Landing:
        """What became of the records that were appended since this house looked last."""
        spans = [(*place, self._seen.get(place, 0), head) for place, head in goal.items()]
        topics, partitions, starts, ends = (list(column) for column in zip(*spans, strict=True))
        row = reader.query(
            "outcomes", since=self._since, topics=topics, partitions=partitions, starts=starts, ends=ends
        )[0]
        self._seen = dict(goal)
        return Landing(row["landed"], row["duplicate"], row["superseded"], row["rejected"])

    def _landed_at(self) -> str:
        """When the last batch landed before this command."""
        project = self.project
        with (
            suppress(StoreError, QueryError),
            Access(project.store, project.memory_limit, project.limits, patience=0) as access,
        ):
            return str(access.reader.value("SELECT value FROM ops.meta WHERE key = 'landed_at'") or BEFORE)
        return BEFORE

    def _heads(self) -> dict[Place, int]:
        """Where the log ends now; the clock's ticks are nobody's concern."""
        ends = self.inlet.log.ends()
        return {place: one.head for place, one in ends.items() if place.topic != CLOCK}

    def _tell(
        self, first: Mapping[Place, int], now: Mapping[Place, int], goal: Mapping[Place, int], word: str
    ) -> None:
        ahead = sum(head - first.get(place, 0) for place, head in goal.items())
        left = sum(max(0, head - now.get(place, 0)) for place, head in goal.items())
        self._show(ahead - left, ahead, word)
