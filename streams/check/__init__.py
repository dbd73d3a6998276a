"""Is all well? The whole store and the whole log, read and compared.

Decides the order of the checks, and what cannot be asked any more once something is wrong. Must never
hold the store between two checks, so that writers get their turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from schemas.catalogue import Catalogue
from sinks.duckdb.reader import QueryError
from sinks.duckdb.store import positions_of
from sinks.gateway.access import Access, Caller, DoorClosed
from streams.check.cluster import check_topics
from streams.check.files import check_leftovers, check_partial, check_room
from streams.check.finding import Finding, State
from streams.check.log import check_file, check_positions, check_records, fed_from
from streams.check.store import opens, store_checks
from streams.settings import Project


def check_all(project: Project, catalogue: Catalogue) -> Iterator[Finding]:
    """Every finding about a project's store and log, as it is made. Raises StoreMissing, StoreBusy."""
    access = Access(project.store, project.memory_limit, project.limits)
    with access:
        first = opens(access.reader)
    yield first
    is_open = first.state == State.OK
    for judge in store_checks(catalogue) if is_open else ():
        with access:
            yield judge(access.reader)
    if project.kafka and is_open:
        with access:
            yield check_topics(project.kafka, catalogue, access.reader)
    if not project.kafka or project.log.exists():
        yield from _log_checks(project, access if is_open else None)
    yield check_leftovers(project.store, owned=_is_owned(project))
    yield check_partial(project.store)
    yield check_room(project.store)


def _log_checks(project: Project, access: Access | None) -> Iterator[Finding]:
    """The log by itself, and, where the store can be asked, beside it."""
    fed = None
    if access:
        with access, suppress(QueryError):  # what is damaged has been found already
            fed = fed_from(access.reader)
    file = check_file(project.log, fed)
    yield file
    if access is None or fed is None or file.state != State.OK:
        return
    yield check_records(project.log, fed)
    with access:
        yield check_positions(project.log, fed, partial(positions_of, access.reader))


def _is_owned(project: Project) -> bool:
    try:
        Caller(project.store).close()
    except DoorClosed:
        return False
    return True
