"""What can be mended without a backup.

Decides what is done for which finding, and when nothing may be done. Must never do anything that could lose
an event: what is primary is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from schemas.catalogue import Catalogue
from sinks.duckdb.database import Database
from sinks.duckdb.rebuild import Progress, rebuild
from streams.check.files import remove_leftovers
from streams.check.finding import Finding, Repair, State
from streams.log.sqlite import SqliteLog
from streams.settings import Project

ORDER = (Repair.REMOVE, Repair.TIE, Repair.REBUILD)
WORDS = {
    Repair.REMOVE: "remove what killed processes left beside the store",
    Repair.TIE: "tie the store to the log that is there, from its beginning; agree only if the old log is "
    "lost for good: what it held and had not landed is lost with it",
    Repair.REBUILD: "derive identities and profiles again from the events, into a new file that replaces the "
    "store's once its events are found to be the same",
}
FIRST = "nothing, before a backup has mended what is wrong with the events themselves"


def plan(findings: Sequence[Finding]) -> list[Repair]:
    """What would be done, in this order. Nothing is derived again from events that are not well."""
    wanted = {finding.repair for finding in findings if finding.state != State.OK}
    if is_primary_wrong(findings):
        wanted.discard(Repair.REBUILD)
    return [repair for repair in ORDER if repair in wanted]


def would(finding: Finding, planned: Sequence[Repair]) -> str:
    """What would be done about one finding, in words."""
    if finding.repair in planned:
        return WORDS[finding.repair]
    return FIRST if finding.repair else f"nothing; {finding.mend or 'see above'}"


def is_primary_wrong(findings: Sequence[Finding]) -> bool:
    """Whether something is wrong that nothing here can mend."""
    return any(finding.state == State.WRONG and not finding.repair for finding in findings)


def mend(project: Project, catalogue: Catalogue, repair: Repair, progress: Progress) -> str:
    """Does one thing of the plan; what was done. Raises StoreError, StoreBusy, LogError."""
    if repair == Repair.REMOVE:
        removed = remove_leftovers(project.store, project.memory_limit)
        return f"removed {', '.join(file.name for file in removed)}"
    if repair == Repair.TIE:
        return f"the store is fed from log {_tie(project)} now"
    _, after = rebuild(project.store, catalogue, progress, memory_limit=project.memory_limit, distrust=True)
    return f"derived again; events {after.events}, identities {after.identities}, profiles {after.profiles}"


def _tie(project: Project) -> str:
    with (
        SqliteLog(project.log) as log,
        closing(Database(project.store, memory_limit=project.memory_limit)) as database,
        database.transaction(),
    ):
        database.set_meta("log_id", log.id)
        return log.id
