"""All couriers of a process, each in a thread of its own, as the project's files say.

Decides when a courier begins and ends. Must never end the process, whatever a destination does.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Self

import duckdb

from sinks.destinations.protocol import Sender
from sinks.destinations.senders import sender_of
from sinks.destinations.settings import Destination, load_destinations
from streams.activation.courier import Courier, Means
from streams.activation.topic import TopicSender
from streams.owner import Owner
from streams.settings import Project

LOOK_SECONDS = 0.5
TELL_SECONDS = 60.0
GRACE_SECONDS = 1.0  # for requests under way, at the end
INTERRUPT_SECONDS = 0.3
FOLDER = "destinations"
Tell = Callable[[str], None]


class Activation:
    """Runs couriers from when it is made until it is closed. To be made by the thread that lands."""

    def __init__(self, owner: Owner, project: Project, tell: Tell) -> None:
        """Begins at once."""
        self._owner, self._project, self._tell = owner, project, tell
        self._root = owner.store.database.connection.cursor()
        self._planning, self._stop = threading.Lock(), threading.Event()
        self._routes: dict[str, _Route] = {}
        self._seen: object = None
        self._told = ""
        self._thread = threading.Thread(target=self._run, name="destinations", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends all couriers; returns when none of them touches the store any more."""
        self._stop.set()
        self._thread.join()
        for route in self._routes.values():
            route.stop.set()
        _await(self._routes.values())
        self._root.close()

    def __enter__(self) -> Self:
        """The activation itself; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it."""
        self.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            folder = self._project.root / FOLDER
            try:
                seen = _seen(folder)
                if seen != self._seen:
                    self._follow(folder)
                    self._seen = seen
            except Exception as failure:  # whatever it is: the files are looked at again
                self._hear(f"{type(failure).__name__}: {failure}")
            self._stop.wait(LOOK_SECONDS)

    def _hear(self, trouble: str) -> None:
        """Says what is wrong with the files, once."""
        if trouble and trouble != self._told:
            self._tell(f"destinations: {trouble}")
        self._told = trouble

    def _follow(self, folder: Path) -> None:
        """Begins and ends couriers as the files say now; what cannot be read goes on as it was."""
        found, faults = load_destinations(folder)
        self._hear("\n".join(map(str, faults)))
        broken = {fault.file.stem for fault in faults}
        ended = {name: route for name, route in self._routes.items()
                 if name not in broken and found.get(name) != route.destination}  # fmt: skip
        for name, route in ended.items():
            route.stop.set()
            del self._routes[name]
        _await(ended.values())
        means = Means(self._root.cursor, self._sender_of, lambda: self._owner.store.catalogue, self._planning)
        for name, destination in found.items():
            if name not in self._routes:
                self._routes[name] = _Route(destination, means, self._tell)

    def _sender_of(self, destination: Destination) -> Sender:
        if destination.kind == "kafka":
            return TopicSender(destination, self._project.kafka)
        return sender_of(destination, os.environ, self._project.root)


class _Route:
    """A courier in its thread."""

    def __init__(self, destination: Destination, means: Means, tell: Tell) -> None:
        self.destination, self.stop = destination, threading.Event()
        self._means, self._tell, self._told_at = means, tell, -TELL_SECONDS
        self._courier: Courier | None = None
        self._thread = threading.Thread(target=self._run, name=f"to {destination.name}", daemon=True)
        self._thread.start()

    def has_ended(self, until: float) -> bool:
        """Waits until then for the courier's end, after which it touches the store no more."""
        self._thread.join(max(0.0, until - monotonic()))
        return not self._thread.is_alive()

    def interrupt(self) -> None:
        """Ends what it asks of the store now; what it asks of a tool goes on."""
        if courier := self._courier:
            with suppress(duckdb.Error):
                courier.interrupt()

    def _run(self) -> None:
        while not self.stop.wait(0 if self._serve() else LOOK_SECONDS):
            pass
        if courier := self._courier:
            courier.close()

    def _serve(self) -> bool:
        """One look; whether the next is due at once."""
        try:
            self._courier = self._courier or Courier(self.destination, self._means)
            return self._courier.look()
        except Exception as failure:  # whatever it is: it is this destination's alone
            if not self.stop.is_set():
                self._complain((str(failure).strip() or repr(failure)).splitlines()[0])
                courier, self._courier = self._courier, None
                if courier:
                    courier.close()
            return False

    def _complain(self, what: str) -> None:
        if monotonic() - self._told_at >= TELL_SECONDS:
            self._told_at = monotonic()
            self._tell(f"destination {self.destination.name}: {what}")


def _await(routes: Collection[_Route]) -> None:
    """Waits for couriers' ends. One that waits for an answer notes it if it comes soon."""
    until = monotonic() + GRACE_SECONDS
    left = [route for route in routes if not route.has_ended(until)]
    until = monotonic() + INTERRUPT_SECONDS
    while left and monotonic() < until:
        for route in left:
            route.interrupt()
        left = [route for route in left if not route.has_ended(monotonic() + INTERRUPT_SECONDS / 10)]


def _seen(folder: Path) -> object:
    """Tells apart what the files say at two times."""
    seen = []
    for file in sorted(folder.glob("[!.]*.toml")):
        with suppress(OSError):  # it has just gone, or leads nowhere, as an editor's lock does
            stat = file.stat()
            seen.append((file.name, stat.st_mtime_ns, stat.st_size))
    return seen
