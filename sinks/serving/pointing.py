"""Which file is the copy now: a symbolic link beside the files, replaced in one step.

Decides how files of a copy are called, and which of them may go. Must never remove what has another name.

A copy made anew cannot take the place of the old under its name: SQLite finds the write-ahead log by name,
and would read the new file with the old one's log. So each file has its own name, and only the link moves.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

DIGITS = 12
PARTS = ("", "-wal", "-shm", "-journal")


def target_of(link: Path) -> Path | None:
    """The file that is the copy now; None if there is none. Raises OSError if something else lies there."""
    try:
        name = os.readlink(link)
    except FileNotFoundError:
        return None
    return link.parent / name


def fresh_beside(link: Path) -> Path:
    """A new file, empty, for the owner's eyes only: it holds personal data."""
    file = link.with_name(f"{link.stem}.{uuid4().hex[:DIGITS]}{link.suffix}")
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return file


def point(link: Path, file: Path) -> None:
    """Makes a file the copy: readers see the old one or the new one, whenever the process is killed."""
    waiting = link.with_name(f"{file.stem}.link")
    waiting.symlink_to(file.name)
    waiting.replace(link)
    folder = os.open(link.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def remove(file: Path) -> None:
    """Removes a file and what SQLite keeps beside it; those who have it open read on."""
    for part in PARTS:
        file.with_name(file.name + part).unlink(missing_ok=True)


def sweep(link: Path, keep: Path | None) -> None:
    """Removes what killed processes left: every file of this copy but the one that is kept."""
    parts = "|".join(map(re.escape, PARTS))
    ours = re.compile(
        rf"({re.escape(link.stem)}\.[0-9a-f]{{{DIGITS}}})(?:\.link|{re.escape(link.suffix)}(?:{parts}))"
    )
    for file in link.parent.iterdir():
        found = ours.fullmatch(file.name)
        if found and not (keep and found[1] == keep.stem):
            with suppress(FileNotFoundError):
                file.unlink()
