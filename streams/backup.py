"""Backups: a project's store, log and own files as they were at one moment, in a folder, checked.

Decides what belongs to a backup and when it is whole. Must never be in the way of whoever lands for longer
than it takes to copy two files.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.catalogue import Catalogue
from sinks.duckdb.database import VERSION, Database, StoreBusy, open_read_only
from sinks.duckdb.digest import digest
from sinks.duckdb.reader import Rows
from sinks.duckdb.sql import scripts
from sinks.duckdb.store import positions_of
from sinks.duckdb.upgrade import FIRST, version_of
from sinks.gateway.access import PATIENCE, PAUSE, Caller, DoorClosed
from sinks.gateway.desk import Desk
from streams.copying import LOG, STORE, BackupError, check_room, copy_file, copy_store, hash_of, sync
from streams.core.model import Place
from streams.log.protocol import Ends
from streams.log.sqlite import SqliteLog
from streams.pipeline import utc_now
from streams.settings import FILE, Project

if TYPE_CHECKING:
    from streams.owner import Owner

MANIFEST = "backup.json"
PROJECT = "project"  # so that nobody takes a backup for a project and lands in it
SINGLE = (FILE, ".gitignore")
FOLDERS = ("schemas", "segments", "traits", "kpis", "destinations")


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. `files` has the SHA-256 of each file, by its path in the backup."""

    rundum: str
    made_at: str  # ISO 8601, UTC
    project: str
    store_version: int
    log_id: str
    positions: list[tuple[str, int, int]]  # topic, partition, next offset that the store has not landed
    counts: dict[str, int]
    digests: dict[str, str]
    counted_by: str  # what made the digests; others do not compare
    left_out: list[str]
    files: dict[str, str]


def back_up(project: Project, catalogue: Catalogue, folder: Path, oldest: int = VERSION) -> Manifest:
    """Makes a backup in a new folder, live. Raises BackupError, StoreError; then there is no such folder."""
    folder = folder.absolute()
    if not (project.root / FILE).is_file():
        raise BackupError(f"{project.root} is no project; only a whole project can be backed up")
    if project.store.exists() and (log := kept_log(project)) and not log.exists():
        raise BackupError(f"the log {project.log} is not there; put the one back that belongs to the store")
    with _becoming(folder) as partial:
        check_room(partial, sum(map(_size, (project.store, project.log))))
        told = copied(project, catalogue, partial, oldest)
        left_out = _copy_project(project.root, partial / PROJECT)
        manifest = _describe(project, catalogue, partial, left_out)
        if manifest.digests != told:
            raise BackupError(
                f"the copy of {project.store} says something else than the store: copying it went wrong; try "
                "again, on another disk if it happens again"
            )
        (partial / MANIFEST).touch(mode=0o600)
        text = json.dumps(asdict(manifest), indent=2, ensure_ascii=False)
        (partial / MANIFEST).write_text(text + "\n", "utf-8")
        for path in (*partial.rglob("*"), partial):
            sync(path)
        os.rename(partial, folder)
        sync(folder.parent)
    return manifest


def copy_beside(owner: Owner, body: Mapping[str, Any]) -> dict[str, Any]:
    """Copies store and log into the folder of `body` for another process, which gets the store's digests.

    Landing stands still for the copying alone: the digests are of what the store was then. Those who want the
    store `only` get neither log nor digests.
    """
    with ExitStack() as stack:

        def copy() -> dict[str, Any]:
            snapshot = stack.enter_context(owner.desk.snapshot())
            log = None if body["only"] else kept_log(owner.project)
            copy_store(owner.project.store, log, Path(body["folder"]))
            return {"snapshot": snapshot}

        rows = owner.between(copy)["snapshot"]
        return {} if body["only"] else asdict(digest(rows, owner.store.catalogue))


@contextmanager
def standing(project: Project, oldest: int = VERSION) -> Iterator[Rows]:
    """Asks a store while nobody can open it for writing. Raises StoreError, StoreBusy if somebody has it."""
    connection = open_read_only(project.store, project.memory_limit, oldest)
    desk = Desk(connection, project.limits)
    try:
        with desk.snapshot() as rows:
            yield rows
    finally:
        desk.close()
        connection.close()


def kept_log(project: Project) -> Path | None:
    """The file that the project appends to, or did before it had Kafka; None if there is none."""
    return None if project.kafka and not project.log.exists() else project.log


def counted_by() -> str:
    """A digest of the SQL that makes digests."""
    return hashlib.sha256("".join(script.text for script in scripts("digests")).encode()).hexdigest()


@contextmanager
def _becoming(folder: Path) -> Iterator[Path]:
    """A private folder beside the one that is to be, for one process at a time; it goes if that one fails."""
    partial = folder.with_name(f"{folder.name}.partial")
    if folder.exists():
        raise BackupError(f"{folder} is there already; choose another folder")
    try:
        partial.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise BackupError(f"{partial} cannot be made: {error.strerror}; choose another folder") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield partial
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except BlockingIOError:
        raise BackupError(f"another backup to {folder} is being made; wait for it") from None
    except OSError as error:
        raise BackupError(f"{partial}: {error.strerror}; mend it or choose another folder") from None
    finally:
        os.close(handle)


def copied(
    project: Project, catalogue: Catalogue | None, folder: Path, oldest: int = VERSION
) -> dict[str, str]:
    """Has store and log copied, by whoever has the store open, else here; the digests of the original.

    Without a catalogue the store alone, and no digests. Raises BackupError, StoreError.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            caller = Caller(project.store)
            try:
                return caller.act("copy", folder=str(folder), only=catalogue is None)
            finally:
                caller.close()
        except DoorClosed:
            try:
                with standing(project, oldest) as store:
                    copy_store(project.store, kept_log(project) if catalogue else None, folder)
                    return asdict(digest(store, catalogue)) if catalogue else {}
            except StoreBusy:
                if time.monotonic() > until:
                    raise
                time.sleep(PAUSE)


def _copy_project(root: Path, target: Path) -> list[str]:
    """Copies a project's own files; the links to elsewhere and to folders, which stay behind."""
    left_out = []
    target.mkdir(mode=0o700)
    for file in (
        *(root / name for name in SINGLE),
        *(file for name in FOLDERS for file in _walk(root / name)),
    ):
        name = file.relative_to(root)
        is_inside = file.resolve().is_relative_to(root.resolve())
        if file.is_symlink() and not (is_inside and file.is_file()):
            left_out.append(str(name))
        elif file.is_file():
            for folder in reversed((target / name).parents[: len(name.parts) - 1]):
                folder.mkdir(mode=0o700, exist_ok=True)
            copy_file(file, target / name)
    return left_out


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder, and every link, whatever it leads to; nothing that is hidden."""
    if folder.is_symlink():
        yield folder
    for here, inner, files in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith((".", "__")))
        links = [name for name in inner if (Path(here) / name).is_symlink()]
        yield from (Path(here) / name for name in sorted([*files, *links]) if not name.startswith("."))


def _describe(project: Project, catalogue: Catalogue, partial: Path, left_out: list[str]) -> Manifest:
    """What the copies hold, once they have shown that they can be used and fit together."""
    ends: dict[Place, Ends] = {}
    followed: dict[Place, int] = {}
    database = Database(partial / STORE, memory_limit=project.memory_limit, oldest=FIRST)
    try:
        told, store_version = asdict(digest(database, catalogue)), version_of(database)
        fed_from, log_id = database.meta("log_id"), database.meta("cluster_id") or ""
        if (partial / LOG).exists():
            with SqliteLog(partial / LOG) as log:
                ends, followed = log.ends(), positions_of(database, log.id)
                log_id = log_id or log.id
                if fed_from not in (log.id, None) or not _follows(followed, ends):
                    raise BackupError(
                        f"{project.log} is not the log that {project.store} landed from, or has lost "
                        "records; put the right one back first"
                    )
        reached = positions_of(database, log_id)
        events = database.value("SELECT count(*) FROM ops.event") or 0
        database.run("CHECKPOINT")
    finally:
        database.close()
    counts = {
        "events": events,
        "log_records": sum(end.head - end.start for end in ends.values()),
        "waiting": sum(end.head - followed.get(place, 0) for place, end in ends.items()),
    }
    positions = [(*place, offset) for place, offset in reached.items()]
    made_at = f"{utc_now().isoformat(timespec='seconds')}Z"
    files = {file.relative_to(partial).as_posix(): hash_of(file)
             for file in sorted(partial.rglob("*")) if file.is_file()}  # fmt: skip
    return Manifest(
        version("rundum"), made_at, project.name, store_version, log_id, positions, counts, told,
        counted_by(), left_out, files,
    )  # fmt: skip


def _follows(reached: Mapping[Place, int], ends: Mapping[Place, Ends]) -> bool:
    """Whether a store can go on where it is."""
    nothing = Ends(0, 0)
    return all(
        ends.get(place, nothing).start <= reached.get(place, 0) <= ends.get(place, nothing).head
        for place in ends.keys() | reached.keys()
    )


def _size(file: Path) -> int:
    """How many bytes a file and its write-ahead log have."""
    both = (file, file.with_name(f"{file.name}.wal"), file.with_name(f"{file.name}-wal"))
    return sum(one.stat().st_size for one in both if one.exists())
