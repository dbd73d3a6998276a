"""Copies of files, whole and safe on the disk: of a store and its log too, while others have them open.

Decides how bytes get from file to file. Must never open a store or a log in a process that has it open:
closing the file there would drop its locks.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

PIECE = 2**20
STORE, LOG = "store.duckdb", "log.sqlite"  # what they are called in a backup
WAL = ".wal"
FAILED = 3  # how the copying process ends that has said why


class BackupError(Exception):
    """A backup that cannot be made, or that is not whole; the text says why and what to do."""


def copy_store(store: Path, log: Path | None, folder: Path) -> None:
    """Copies a store that nobody writes meanwhile, and then its log, into a folder that is emptied first.

    A process of its own does it. The log may be appended to. Raises BackupError.
    """
    paths = [str(path.absolute()) for path in (folder, store, log) if path]
    done = subprocess.run(
        [sys.executable, "-P", __file__, *paths], capture_output=True, text=True, check=False
    )
    if done.returncode == FAILED:
        raise BackupError(f"{folder}: {done.stderr.strip()}; mend it or choose another folder")
    if done.returncode:
        raise BackupError(f"{folder}: the copying process ended ({done.returncode}); try again")


def copy_file(source: Path, target: Path) -> str:
    """Copies one file to a new one that only its owner can read; its SHA-256 in hex. Raises OSError."""
    digest = hashlib.sha256()
    with source.open("rb") as reads, open(target, "xb", opener=_private) as writes:
        while piece := reads.read(PIECE):
            digest.update(piece)
            writes.write(piece)
        writes.flush()
        os.fsync(writes.fileno())
    return digest.hexdigest()


def hash_of(file: Path) -> str:
    """The SHA-256 of a file in hex. Raises OSError."""
    with file.open("rb") as reads:
        return hashlib.file_digest(reads, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Has a file or folder on the disk when it returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_room(folder: Path, needed: int) -> None:
    """Raises BackupError if the disk of a folder has not so many bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"{folder} needs {megabytes(needed)} and its disk has {megabytes(free)} left; make room or "
            "choose another folder"
        )


def megabytes(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1e6:,.1f} MB"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _copy_apart(folder: Path, store: Path, log: Path | None = None) -> None:
    """What the copying process does: landing waits for it, so what can be done later is (hashes, fsync)."""
    os.umask(0o077)
    for old in folder.iterdir():  # of a backup that was killed
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copyfile(store, folder / STORE)
    wal = store.with_name(store.name + WAL)
    if wal.exists():
        shutil.copyfile(wal, folder / (STORE + WAL))
    if log:
        _copy_log(log, folder / LOG)


def _copy_log(log: Path, target: Path) -> None:
    """One state of the log, whoever appends meanwhile."""
    source = f"{log.absolute().as_uri()}?mode=rw"  # never makes one
    with (
        contextlib.closing(sqlite3.connect(source, uri=True, timeout=30)) as reads,
        contextlib.closing(sqlite3.connect(target)) as writes,
    ):
        reads.backup(writes)


if __name__ == "__main__":
    try:
        _copy_apart(*map(Path, sys.argv[1:]))
    except (OSError, sqlite3.Error) as error:
        print(getattr(error, "strerror", None) or error, file=sys.stderr)
        sys.exit(FAILED)
