"""A project's store is brought to the version of this Rundum, after a backup.

Decides what people are told before. Must never change a store that could not be put back.
"""

from __future__ import annotations

from pathlib import Path

from schemas.catalogue import Catalogue
from sinks.duckdb.digest import Digests
from sinks.duckdb.rebuild import Progress
from sinks.duckdb.upgrade import FIRST, Changes, find_changes
from sinks.duckdb.upgrade import upgrade as upgrade_store
from streams.backup import back_up, standing
from streams.copying import BackupError, copy_store
from streams.pipeline import utc_now
from streams.settings import Project

BACKUPS = "backups"
ENDING = "-before-upgrade"


def plan(project: Project, catalogue: Catalogue) -> Changes:
    """Looks, and changes nothing. Raises StoreBusy if a process has the store open, StoreError."""
    with standing(project, FIRST) as store:
        return find_changes(store, catalogue)


def upgrade(
    project: Project, catalogue: Catalogue, backup: Path, progress: Progress
) -> tuple[Digests, Digests]:
    """Backs up, then upgrades; digests before and after. Raises BackupError, StoreError, changing nothing."""
    back_up(project, catalogue, backup, FIRST)

    def copy(path: Path, fresh: Path) -> None:
        copy_store(path, None, fresh.parent)

    return upgrade_store(project.store, catalogue, copy, progress, memory_limit=project.memory_limit)


def new_backup(project: Project) -> Path:
    """Where the backup before an upgrade goes."""
    return project.root / BACKUPS / f"{utc_now():%Y%m%dT%H%M%SZ}{ENDING}"


def last_backup(project: Project) -> Path:
    """The backup before the last upgrade. Raises BackupError if there is none."""
    found = sorted((project.root / BACKUPS).glob(f"*{ENDING}"))
    if not found:
        raise BackupError(
            f"{project.root / BACKUPS} holds no backup from before an upgrade; give --backup DIR"
        )
    return found[-1]
