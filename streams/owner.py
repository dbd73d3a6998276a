"""The one process that has a store open: it lands what the log holds, and answers whoever asks at its door.

Decides what is done between two batches. Must never hold the store without a door.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from typing import Any, Self

from schemas.catalogue import Catalogue
from sinks.duckdb.contracts import shown_of
from sinks.duckdb.outbox import teller
from sinks.duckdb.reader import QueryError, Reader
from sinks.duckdb.store import Landing, Store, StoreCrowded
from sinks.gateway.desk import STOPPING, Desk, DeskClosed
from sinks.gateway.door import Action, Door, place_of
from streams.attempts import Attempts
from streams.backup import copy_beside
from streams.careful import land_carefully
from streams.inlet import Inlet
from streams.log.protocol import may_be_trimmed
from streams.pipeline import BATCH, Pipeline, drain, micros, utc_now
from streams.positions import begin
from streams.replaying import Replay, finish, go_on, plan
from streams.settings import Project, contracts_of
from streams.tidy import Tidy

PRIVATE = 0o077  # what a process makes that has a store open holds personal data
CROWDED = "the store needed the memory for what is landing; ask again, for less"
Job = Callable[[], Any]


class Owner:
    """An open store, its pipeline and its door."""

    def __init__(self, project: Project, catalogue: Catalogue, inlets: Sequence[Inlet]) -> None:
        """Takes the store. Raises StoreBusy if another process has it, StoreError if it cannot be used.

        What waits in the logs lands in the order of the inlets; the last is the one that is appended to.
        """
        self.project = project
        self.inlets = list(inlets)
        self.inlet = self.inlets[-1]
        self.rejected = 0  # records that had ended the process
        self.notes: list[str] = []  # what people are to be told
        self._begun: set[str] = set()
        self._introduced: set[str] = set()
        self.replay: Replay | None = None  # what is landing again
        for inlet in self.inlets:
            if deadly := Attempts(project.store).deadly(inlet.log.id):
                self.rejected = land_carefully(project, inlet.log.id, deadly)
                Attempts(project.store).clear()
        self._umask = os.umask(PRIVATE)
        try:
            self._open(catalogue)
        except BaseException:
            os.umask(self._umask)
            raise

    def land(self, batch_size: int = BATCH) -> Iterator[Landing]:
        """Lands what is in the log until nothing is left; yields after each batch."""
        while True:
            self.serve(0)
            self.tidy.look()
            try:
                landing = self._land_one(batch_size)
            except StoreCrowded:
                with self.desk.cleared(CROWDED):
                    self.store.database.recover()
                    landing = self._land_one(batch_size)
            if landing is None:
                landing = self._replay_one(batch_size)
            if landing is None:
                return
            yield landing

    def serve(self, seconds: float) -> None:
        """Does what was asked to be done between two batches, waiting at most so long for something."""
        try:
            while True:
                job, told = self._jobs.get(timeout=seconds) if seconds else self._jobs.get_nowait()
                seconds = 0
                try:
                    told.set_result(job())
                except Exception as error:
                    told.set_exception(QueryError(str(error)))
        except queue.Empty:
            return

    def between(self, job: Job) -> Any:
        """Has the thread that lands do a job between two batches; for other threads. Raises QueryError."""
        told: Future[Any] = Future()
        with self._hiring:
            if self._is_closed:
                raise DeskClosed(STOPPING)
            self._jobs.put((job, told))
        return told.result()

    def introduce(self) -> None:
        """Registers the contracts where others write too, once. Raises RegistryError."""
        for inlet in (one for one in self.inlets if not one.embedded and one.log.id not in self._introduced):
            inlet.introduce(self.store.writers(inlet.log.id))
            self._introduced.add(inlet.log.id)

    def trim(self) -> bool:
        """Lets the log forget what has landed and is older than the project keeps it; whether that was all.

        What it forgets is in the store's file by then: a write-ahead log can be torn or lost.
        """
        log = next((inlet.log for inlet in self.inlets if inlet.embedded), None)
        if log is None:
            return True
        kept = utc_now() - timedelta(hours=self.project.keep_hours)
        old = log.offsets_at(micros(kept))
        landed, ends = self.store.positions(log.id), log.ends()
        done = {
            place: min(landed[place], offset)
            for place, offset in old.items()
            if may_be_trimmed(place.topic) and ends[place].start < min(landed.get(place, 0), offset)
        }
        if done and not self.tidy.checkpoint():
            self.tidy.is_due = True
        log.trim({place: min(offset, self.tidy.filed.get(place, 0)) for place, offset in done.items()})
        return all(offset <= self.tidy.filed.get(place, 0) for place, offset in done.items())

    @property
    def store_id(self) -> str:
        """Tells the store from all others."""
        return teller(self.reader)

    @property
    def held(self) -> str:
        """Why some records stay in their log for now; empty if none do."""
        return "; ".join({str(why) for pipeline in self._pipelines for why in pipeline.held.values()})

    def close(self) -> None:
        """Closes the door, then the store. What was asked to be done and is not is refused."""
        with self._hiring:
            self._is_closed = True
        while not self._jobs.empty():
            self._jobs.get()[1].set_exception(DeskClosed(STOPPING))
        self._door.close()
        self.store.close()
        os.umask(self._umask)

    def __enter__(self) -> Self:
        """The owner itself; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        self.close()

    def _open(self, catalogue: Catalogue) -> None:
        project, trimmed = self.project, self.inlets[0].log.id
        self.store = Store(project.store, catalogue, memory_limit=project.memory_limit)
        self._jobs: queue.SimpleQueue[tuple[Job, Future[Any]]] = queue.SimpleQueue()
        self._hiring, self._is_closed = threading.Lock(), False
        try:
            for inlet in self.inlets:
                self.store.belong_to(inlet.log.id, "log_id" if inlet.embedded else "cluster_id")
            self.store.tells = bool(project.kafka and project.kafka.outbox)
            self._fresh_pipelines()
            self.store.database.run("SET enable_external_access = false")  # a question reads no other file
            self.desk = Desk(self.store.database.connection, project.limits)
            self.tidy = Tidy(self.store, self.desk, trimmed)
            self._contracts = shown_of(catalogue)
            actions: dict[str, Action] = {
                "hello": self._hello,
                "copy": partial(copy_beside, self),
                "adopt": self._adopt,
            }
            self._door = Door(place_of(project.store), self.desk, actions)
        except BaseException:
            self.store.close()
            raise
        self.reader: Reader = self.desk.reader()

    def _fresh_pipelines(self) -> None:
        """One for each log, for the ids of schemas are those of its registry."""
        self._pipelines = [Pipeline(self.store, inlet.registry) for inlet in self.inlets]

    def _land_one(self, batch_size: int) -> Landing | None:
        """Lands one batch of the first log in which something waits; None if nothing does."""
        for inlet, pipeline in zip(self.inlets, self._pipelines, strict=True):
            self._begin(inlet)
            if landing := next(drain(pipeline, inlet.log, utc_now, batch_size=batch_size), None):
                return landing
        return None

    def _replay_one(self, batch_size: int) -> Landing | None:
        """Lands a piece of what people want to land again; None if they want nothing."""
        log, pipeline = self.inlet.log, self._pipelines[-1]
        if self.replay is None:
            asked = self.store.replays()
            if not asked:
                return None
            self.replay = plan(self.store, log, asked[0])
        landing = go_on(self.replay, pipeline, log, utc_now, batch_size)
        if not self.replay.left:
            finish(self.replay, self.store, utc_now())
            self.replay = None
        return landing

    def _begin(self, inlet: Inlet) -> None:
        """Starts at what the log still holds, where it has forgotten what nobody has landed."""
        if inlet.embedded or inlet.log.id in self._begun:
            return
        for place, start in begin(self.store, inlet.log, utc_now).items():
            self.notes.append(
                f"{place.topic}/{place.partition} begins at {start:,}: the log holds nothing older any more"
            )
        self._begun.add(inlet.log.id)

    def _hello(self, _: dict[str, Any]) -> dict[str, Any]:
        logs = [inlet.log.id for inlet in self.inlets]
        replay = self.replay
        again = [replay.event_id, replay.total - replay.left, replay.total] if replay else None
        return {"pid": os.getpid(), "logs": logs, "contracts": self._contracts, "replay": again}

    def _adopt(self, _: dict[str, Any]) -> dict[str, Any]:
        """Takes over the contracts that the project has now, between two batches."""
        said: dict[str, Any] = self.between(self._renew)
        return said

    def _renew(self) -> dict[str, Any]:
        self.store.adopt(contracts_of(self.project))
        for inlet in self.inlets:
            inlet.adopt(self.store.catalogue)
        self._begun.clear()
        self._introduced.clear()
        self._fresh_pipelines()
        self._contracts = shown_of(self.store.catalogue)
        return self._hello({})
