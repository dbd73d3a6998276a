"""A backup becomes a project again, or an upgraded project's store what it was before.

Decides whether a backup is whole. Must never overwrite anything, nor leave half a project.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields, replace
from pathlib import Path

from sinks.duckdb.digest import digest
from sinks.duckdb.upgrade import FIRST, swapping
from streams.attempts import Attempts
from streams.backup import MANIFEST, PROJECT, Manifest, counted_by, standing
from streams.copying import LOG, STORE, BackupError, check_room, copy_file, sync
from streams.inlet import open_inlet
from streams.settings import FILE, Project, contracts_of, read_project

RESTORING = ".restoring"


def read_manifest(backup: Path) -> Manifest:
    """What a backup says that it holds. Raises BackupError if files are missing."""
    file = backup / MANIFEST
    try:
        told = json.loads(file.read_text("utf-8"))
        manifest = Manifest(**{field.name: told[field.name] for field in fields(Manifest)})
        missing = sorted(name for name in manifest.files if not (backup / name).is_file())
    except FileNotFoundError:
        raise BackupError(
            f"{backup} is no backup, or not a whole one: {MANIFEST} is missing; give another folder"
        ) from None
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}; mend its rights") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupError(f"{file} is damaged; take another backup") from None
    if missing:
        raise BackupError(f"{backup} is not whole: {missing[0]} is missing; take another backup")
    return manifest


def restore(backup: Path, folder: Path) -> tuple[Manifest, Project]:
    """Makes the project of a backup in a folder. Raises BackupError, StoreError, leaving nothing there."""
    backup, folder = backup.absolute(), folder.absolute()
    manifest = read_manifest(backup)
    project = _project(backup, folder)
    places = _places(manifest, project, folder)
    for place in (*places.values(), project.store.with_name(f"{project.store.name}.wal")):
        if place.exists():
            raise BackupError(f"{place} is there already; choose an empty folder")
    with _placed(places) as placed:
        check_room(project.store.parent, sum((backup / name).stat().st_size for name in places))
        for name, place in placed.items():
            _copy(backup, manifest, name, place)
        _check(backup, manifest, replace(project, store=placed[STORE]))
    return manifest, project


def put_back(backup: Path, manifest: Manifest, project: Project) -> None:
    """Replaces a project's store by that of a backup; what has landed since lands from the log again.

    Raises BackupError, StoreError; then nothing has changed.
    """
    if not project.kafka and not project.log.exists():
        raise BackupError(f"the log {project.log} is not there; use `rundum restore {backup} DIR`")
    with open_inlet(project, contracts_of(project)) as inlet:
        log = inlet.log
        if log.id != manifest.log_id:
            raise BackupError(f"{backup} is of another project; give the folder of this project's")
        reached = {(topic, partition): offset for topic, partition, offset in manifest.positions}
        if any(ends.start > reached.get(place, 0) for place, ends in log.ends().items()):
            raise BackupError(
                f"the log has forgotten some of what landed since {manifest.made_at}, so the store of then "
                f"could not follow it; use `rundum restore {backup} DIR`"
            )
    with swapping(project.store, project.memory_limit) as fresh:
        check_room(fresh.parent, (backup / STORE).stat().st_size)
        _copy(backup, manifest, STORE, fresh)
    Attempts(project.store).clear()


def _project(backup: Path, folder: Path) -> Project:
    """The project of a backup as it will be in a folder."""
    inside = backup / PROJECT
    found = read_project(inside)
    store, log = (
        folder / path.relative_to(inside) if path.is_relative_to(inside) else path
        for path in (found.store, found.log)
    )
    return replace(found, root=folder, store=store, log=log)


def _places(manifest: Manifest, project: Project, folder: Path) -> dict[str, Path]:
    """Where each file of a backup goes; the settings last, for they make a folder a project."""
    own = {name: folder / Path(name).relative_to(PROJECT) for name in manifest.files
           if name.startswith(f"{PROJECT}/") and ".." not in Path(name).parts}  # fmt: skip
    settings = own.pop(f"{PROJECT}/{FILE}", folder / FILE)
    logs = {LOG: project.log} if LOG in manifest.files else {}
    return {STORE: project.store, **logs, **own, f"{PROJECT}/{FILE}": settings}


@contextmanager
def _placed(places: dict[str, Path]) -> Iterator[dict[str, Path]]:
    """Gives names beside the places, which become the places at the end, or vanish with all new folders."""
    made = []
    placed = {name: place.with_name(place.name + RESTORING) for name, place in places.items()}
    try:
        for place in places.values():
            for folder in reversed(place.parents):
                if not folder.exists():
                    folder.mkdir(mode=0o700)
                    made.append(folder)
        for one in placed.values():  # of a restore that was killed
            one.unlink(missing_ok=True)
        yield placed
        for name, place in places.items():
            os.rename(placed[name], place)
            sync(place.parent)
    except BaseException as error:
        with suppress(OSError):
            for one in placed.values():
                one.unlink(missing_ok=True)
            for folder in reversed(made):
                folder.rmdir()
        if isinstance(error, OSError):
            where = error.filename or places[STORE]
            raise BackupError(f"{where}: {error.strerror}; mend it or choose another folder") from None
        raise


def _copy(backup: Path, manifest: Manifest, name: str, place: Path) -> None:
    if copy_file(backup / name, place) != manifest.files.get(name):
        raise BackupError(f"{backup / name} is not as it was when it was backed up; take another backup")


def _check(backup: Path, manifest: Manifest, project: Project) -> None:
    """Asks the restored store itself, where this Rundum counts as the one that made the backup."""
    with standing(project, FIRST) as store:
        catalogue = contracts_of(project)
        if manifest.counted_by == counted_by() and asdict(digest(store, catalogue)) != manifest.digests:
            raise BackupError(
                f"{backup / STORE} says something else than {MANIFEST} has noted; take another backup"
            )
