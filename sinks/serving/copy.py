"""The serving copy as its writer has it: made, kept up to date, and made anew beside when it must be.

Decides when a copy is thrown away rather than used. Must never show readers one that is not filled yet,
nor be open twice: only the process that has the store open writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from sinks.serving import pointing
from sinks.serving.file import CopyFile
from sinks.serving.tables import CopyDamaged, CopyError, explained
from sinks.serving.update import Update

KEEP = timedelta(days=30)


def copy_of(store: Path) -> Path:
    """Where the serving copy of a store lies: a link beside it, and files with names of their own."""
    return store.with_name(f"{store.stem}.serving.sqlite")


class ServingCopy:
    """A copy, open for writing. For one thread.

    A copy of another store or version, or a damaged one, is made anew, and readers wait until the first
    `apply` or the end of `rebuild`. Whatever goes wrong is raised as CopyError, with file and mend.
    """

    def __init__(self, path: Path, store_id: str, keep: timedelta = KEEP) -> None:
        """Opens or makes it. `keep` is for how long a change can be asked for."""
        self.path, self._store_id, self._keep = path, store_id, keep
        with explained(path):
            try:
                target = pointing.target_of(path)
            except OSError:
                raise CopyError(f"{path}: lies there and is no serving copy; move it away") from None
            pointing.sweep(path, target)
        known = self._opened(target)
        self._is_shown = known is not None
        self._file = known or self._fresh()

    def cursor(self) -> tuple[int, int]:
        """The last number of the feed that was applied, and the last change; (0, 0) if nothing was."""
        return self._file.cursor()

    def apply(self, update: Update) -> None:
        """Does what an update says in one transaction, or nothing of it. Raises CopyError."""
        self._file.apply(update)
        if not self._is_shown:
            self._show(self._file)

    def scrub(self) -> None:
        """Overwrites what was deleted in the write-ahead log too, unless a reader is in the way."""
        self._file.scrub()

    @contextmanager
    def rebuild(self) -> Iterator[CopyFile]:
        """Gives an empty copy to `apply` everything to, changes too; it takes this one's place at the end.

        If that fails this one stays as it is.
        """
        fresh = self._fresh()
        try:
            self._file.hand_down(fresh)
            fresh.hurry()
            yield fresh
            fresh.settle()
            self._show(fresh)
        except BaseException:
            fresh.close()
            pointing.remove(fresh.path)
            self._is_shown = self._is_shown and pointing.target_of(self.path) == self._file.path
            raise
        old, self._file = self._file, fresh
        old.close()
        with explained(old.path):
            pointing.remove(old.path)

    def close(self) -> None:
        """Closes it; what was never shown is removed."""
        if self._is_shown:
            with suppress(CopyError):
                self._file.scrub()
        self._file.close()
        if not self._is_shown:
            pointing.remove(self._file.path)

    def _opened(self, target: Path | None) -> CopyFile | None:
        """The file that the link names, if it can go on being used; else both are gone."""
        if not target:
            return None
        known: CopyFile | None = None
        with suppress(CopyDamaged):
            if target.exists():
                known = CopyFile(target, self._keep)
                if known.is_of(self._store_id):
                    return known
        if known:
            known.close()
        with explained(self.path):
            self.path.unlink()
            pointing.sweep(self.path, None)
        return None

    def _fresh(self) -> CopyFile:
        with explained(self.path):
            path = pointing.fresh_beside(self.path)
        made = CopyFile(path, self._keep)
        made.lay_out(self._store_id)
        return made

    def _show(self, file: CopyFile) -> None:
        with explained(self.path):
            pointing.point(self.path, file.path)
        self._is_shown = True
