"""Records that have ended the process: landed by children, ever fewer at a time, until one stands alone.

Decides which record is at fault. Must never open the store itself, nor blame a record that died only once.
"""

from __future__ import annotations

import multiprocessing
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from schemas.catalogue import ContractError
from sinks.duckdb.database import StoreError, leave_pandas_out
from sinks.duckdb.store import Store
from streams.attempts import Span
from streams.core.identify import identify
from streams.core.model import Batch, Reading, Rejected
from streams.inlet import older_inlets, open_inlet
from streams.log.protocol import LogError
from streams.pipeline import Pipeline, later, utc_now
from streams.registry.protocol import RegistryError
from streams.settings import Project, contracts_of

FEWER = 8  # times fewer records after a death, more after a landing
DEATHS = 2  # of one record alone, before it is rejected
FATAL = "handling it ended the process, again and again"


@dataclass(frozen=True)
class Task:
    """What a child does: land up to `count` records of a span, or reject the first one."""

    project: Project
    log_id: str
    span: Span
    count: int
    reject: bool = False


def land_carefully(project: Project, log_id: str, spans: list[Span]) -> int:
    """Lands the records of some spans and rejects those that end the process; how many it rejected.

    Raises StoreError with what a child said, if the store or the log cannot be used at all.
    """
    return sum(_land_span(Task(project, log_id, span, 1)) for span in spans)


def _land_span(task: Task) -> int:
    span = task.span
    count, deaths, rejected = max(1, (span.end - span.start) // FEWER), 0, 0
    while True:
        fatal = deaths == DEATHS
        reached = _sent(replace(task, count=count, reject=fatal))
        if reached is None:
            deaths += count == 1
            count = max(1, count // FEWER)
            continue
        rejected += fatal
        if reached >= span.end:
            return rejected
        deaths, count = 0, 1 if fatal else count * FEWER


def _sent(task: Task) -> int | None:
    """The position that a child of its own, with nothing inherited, has reached; None if it died."""
    fresh = multiprocessing.get_context("spawn")
    hears, tells = fresh.Pipe(duplex=False)
    child = fresh.Process(target=_work, args=(task, tells), daemon=True)
    child.start()
    tells.close()
    try:
        said: int | StoreError = hears.recv()
    except EOFError:
        return None
    finally:
        hears.close()
        child.join()
    if isinstance(said, StoreError):
        raise said
    return said


def _work(task: Task, tells: Connection) -> None:
    """What the child does; dies of whatever is no plain word of the world."""
    leave_pandas_out()
    try:
        tells.send(_land(task))
    except StoreError as error:
        tells.send(error)
    except (LogError, RegistryError, ContractError) as error:
        tells.send(StoreError(str(error)))


def _land(task: Task) -> int:
    """Carries out a task on the store itself; the position reached."""
    project, place = task.project, task.span.place
    catalogue = contracts_of(project)
    with ExitStack() as opened:
        inlets = [*older_inlets(project, catalogue), open_inlet(project, catalogue)]
        inlet = next(one for one in map(opened.enter_context, inlets) if one.log.id == task.log_id)
        log = inlet.log
        store = Store(project.store, catalogue, memory_limit=project.memory_limit)
        try:
            position = store.positions(log.id).get(place, 0)
            if position < task.span.end:
                aside = {other: ends.head for other, ends in log.ends().items()}
                count = min(task.count, task.span.end - position)
                _handle(
                    Pipeline(store, inlet.registry), log.poll({**aside, place: position}, count), task.reject
                )
            return store.positions(log.id).get(place, 0)
        finally:
            store.close()


def _handle(pipeline: Pipeline, batch: Batch, reject: bool) -> None:
    store = pipeline.store
    landed_at = later(store.last_landed_at(), utc_now())
    if reject:
        reading = Reading({}, [Rejected(0, "fatal", FATAL)])
        store.commit(batch, reading, identify({}, 1, store.naming), landed_at)
    else:
        pipeline.handle(batch, landed_at)
