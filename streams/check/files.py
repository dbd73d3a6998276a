"""What lies beside a store: things that killed processes left, and the room that there is.

Decides what is nobody's any more. Must never remove anything while others may use it.
"""

from __future__ import annotations

import fcntl
import shutil
from contextlib import closing
from pathlib import Path

from sinks.duckdb.database import Database
from sinks.gateway.door import place_of
from streams.check.finding import Finding, Repair, State

LEFT = "Nothing lies about that a killed process has left."
PARTIAL = "No backup is half made."
ROOM = "The disk has room for a second store."  # a rebuild and a backup need as much
# Files and folders beside a store by the ends of their names. The first are locked by whoever uses them; the
# others are used by the store's owner, or by nobody.
LOCKED = (".rebuild", ".rebuild.wal", ".upgrade", ".check")
OWNED = (".attempt", ".attempt.new", ".tmp")


def check_leftovers(store: Path, *, owned: bool) -> Finding:
    """What killed processes left; `owned` tells that a living process has the store open."""
    found = leftovers(store, owned=owned)
    if not found:
        return Finding("leftovers", LEFT)
    mend = "`rundum check --repair` removes them while nobody uses the store"
    seen = tuple(str(file) for file in found)
    return Finding("leftovers", LEFT, State.ADVICE, seen, len(seen), mend, Repair.REMOVE)


def leftovers(store: Path, *, owned: bool) -> list[Path]:
    """Files and folders that nobody uses."""
    beside = [store.with_name(store.name + end) for end in (*LOCKED, *(() if owned else OWNED))]
    if not owned:
        beside.append(place_of(store))
    return [file for file in beside if file.exists() and not _is_used(file)]


def check_partial(store: Path) -> Finding:
    """Whether a backup was stopped half-way; one that is being made looks the same."""
    folders = (store.parent, store.parent / "backups")
    seen = tuple(str(file) for folder in folders for file in sorted(folder.glob("*.partial")))
    if not seen:
        return Finding("backups", PARTIAL)
    mend = "unless a backup is being made, remove it, or make the backup again"
    return Finding("backups", PARTIAL, State.ADVICE, seen, len(seen), mend)


def check_room(store: Path) -> Finding:
    """Whether a second store would fit on the disk."""
    needed, free = size_of(store), shutil.disk_usage(store.parent).free
    seen = (f"{_megabytes(free)} free, {_megabytes(needed)} needed",)
    if free >= needed:
        return Finding("room", ROOM, seen=seen)
    return Finding("room", ROOM, State.ADVICE, seen, 1, "make room, or move the project to a larger disk")


def size_of(store: Path) -> int:
    """The bytes of a store and its write-ahead log."""
    files = (store, store.with_name(f"{store.name}.wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def remove_leftovers(store: Path, memory_limit: str) -> list[Path]:
    """Removes what killed processes left, while the store is open here alone. Raises StoreBusy."""
    with closing(Database(store, memory_limit=memory_limit)):
        found = leftovers(store, owned=False)
        for file in found:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
    return found


def _is_used(file: Path) -> bool:
    """Whether a process holds DuckDB's lock on a file, or on one in a folder.

    Never to be asked of a file that this process has open: closing it here would drop the lock.
    """
    if file.is_dir():
        return any(map(_is_used, file.glob("*.duckdb*")))
    if not file.is_file():
        return False
    with file.open("rb") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
