"""Records that have ended the process: landed by children, ever fewer at a time, until one stands alone.

Decides which record is at fault. Must never open the store itself, nor blame a record that died only once.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
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
from streams.log.protocol import Log, LogError, LogUnreachable
from streams.pipeline import BATCH, Pipeline, later, utc_now
from streams.registry.protocol import RegistryError, RegistryUnreachable
from streams.settings import Project, contracts_of

FEWER = 8  # times fewer records after a death, more after a landing
DEATHS = 2  # of one record alone, before it is rejected
FATAL = "handling it ended the process, again and again"


@dataclass(frozen=True)
class Task:
    """What a child does: land all of some spans, or up to `count` records of one, or reject its first."""

    project: Project
    log_id: str
    spans: tuple[Span, ...]
    count: int | None = None
    reject: bool = False


def land_carefully(project: Project, log_id: str, spans: Sequence[Span]) -> int:
    """Lands the records of some spans and rejects those that end the process; how many it rejected.

    First all at once, for mostly it was the machine that ended the process, and no record; then by halves of
    the spans. Raises what a child said: StoreError, if the store or the log cannot be used at all;
    LogUnreachable, RegistryUnreachable, if they can be again.
    """
    task = Task(project, log_id, tuple(spans))
    if not spans or _sent(task) is not None:
        return 0
    if len(spans) == 1:
        return _land_span(task)
    middle = len(spans) // 2
    return sum(land_carefully(project, log_id, half) for half in (spans[:middle], spans[middle:]))


def _land_span(task: Task) -> int:
    (span,) = task.spans
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
    """The position in the first span that a child, with nothing inherited, has reached; None if it died."""
    fresh = multiprocessing.get_context("spawn")
    hears, tells = fresh.Pipe(duplex=False)
    child = fresh.Process(target=_work, args=(task, tells), daemon=True)
    child.start()
    tells.close()
    try:
        said: int | Exception = hears.recv()
    except EOFError:
        return None
    finally:
        hears.close()
        child.join()
    if isinstance(said, Exception):
        raise said
    return said


def _work(task: Task, tells: Connection) -> None:
    """What the child does; dies of whatever is no plain word of the world."""
    leave_pandas_out()
    try:
        tells.send(_land(task))
    except (StoreError, LogUnreachable, RegistryUnreachable) as error:
        tells.send(error)
    except (LogError, RegistryError, ContractError) as error:
        tells.send(StoreError(str(error)))


def _land(task: Task) -> int:
    """Carries out a task on the store itself; the position reached in the first span."""
    project = task.project
    catalogue = contracts_of(project)
    with ExitStack() as opened:
        inlets = [*older_inlets(project, catalogue), open_inlet(project, catalogue)]
        inlet = next(one for one in map(opened.enter_context, inlets) if one.log.id == task.log_id)
        store = Store(project.store, catalogue, memory_limit=project.memory_limit)
        try:
            pipeline = Pipeline(store, inlet.registry)
            while batch := _next(store, inlet.log, task):
                _handle(pipeline, batch, task.reject)
                if task.count:
                    break
            return store.positions(inlet.log.id).get(task.spans[0].place, 0)
        finally:
            store.close()


def _next(store: Store, log: Log, task: Task) -> Batch | None:
    """What is to land next; None if nothing is left of the spans."""
    reached = store.positions(log.id)
    left = {span.place: span.end - reached.get(span.place, 0) for span in task.spans}
    left = {place: count for place, count in left.items() if count > 0}
    if not left:
        return None
    aside = {place: ends.head for place, ends in log.ends().items()}
    positions = {**aside, **{place: reached.get(place, 0) for place in left}}
    return log.poll(positions, min(sum(left.values()), task.count or BATCH))


def _handle(pipeline: Pipeline, batch: Batch, reject: bool) -> None:
    store = pipeline.store
    landed_at = later(store.last_landed_at(), utc_now())
    if reject:
        reading = Reading({}, [Rejected(0, "fatal", FATAL)])
        store.commit(batch, reading, identify({}, 1, store.naming), landed_at)
    else:
        pipeline.handle(batch, landed_at)
