"""Decides how a Java process is started, awaited, paused and ended in tests and by `make kafka`.

Must never touch a process that it did not start, nor forget one: each is guarded by the warden.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.cluster import warden
from tests.cluster.artefacts import Unavailable

QUICK = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")  # half the CPU of a start
LOWEST_PORT, PORTS = 10_000, 8_000
PATIENCE = 120.0  # seconds, on a machine with much to do

_picks = itertools.count()


def free_port() -> int:
    """A TCP port of this machine that nobody listens on, and that the kernel gives to nobody by itself.

    Those that it gives (bind to 0) also go to outgoing connections: while a broker is down, a client that
    tries again and again is once given the broker's own port, talks to itself, and the broker cannot return.
    """
    while True:
        port = (
            LOWEST_PORT + (os.getpid() * 16 + next(_picks)) % PORTS
        )  # processes keep out of each other's way
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(true: Callable[[], bool], subject: str) -> None:
    """Waits until somebody answers.

    Raises:
        Unavailable: `subject` did not within PATIENCE.
    """
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise Unavailable(f"{subject} did not answer within {PATIENCE:.0f} s.")
        time.sleep(0.05)


class Jvm(ABC):
    """A Java process with a folder of its own: its data outlives it, its log is `log` in there."""

    def __init__(self, folder: Path, java: Sequence[str]) -> None:
        """`java` are options of the JVM. Nothing is started yet."""
        self.folder = folder.absolute()
        self.java = java
        self.log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """What to run, after making ready what it needs in its folder."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it does its work now."""

    @property
    def name(self) -> str:
        """What people call it."""
        return type(self).__name__

    @property
    def pid(self) -> int:
        """Its process, which may have ended."""
        assert self._process, f"{self.name} was never started"
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether its process has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Starts it on what its folder holds, without waiting until it answers."""
        assert not self.lives, f"{self.name} runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        command = self.command()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        warden.guard(self.pid)

    def wait(self) -> None:
        """Waits until it answers.

        Raises:
            Unavailable: it ended, or did not answer in time.
        """
        wait_for(lambda: not self.lives or self.answers(), f"{self.name} (see {self.log})")
        if not self.lives:
            lines = self.log.read_text("utf-8", "replace").splitlines()
            errors = [line for line in lines if "ERROR" in line or "Exception" in line]
            reason = "".join((errors or lines)[-1:])
            raise Unavailable(f"{self.name} ended at its start; see {self.log}: {reason}")

    def start(self) -> Self:
        """Starts it on what its folder holds, and waits until it answers; itself."""
        self.launch()
        self.wait()
        return self

    def stop(self) -> None:
        """Ends it in order (SIGTERM), paused or not, and waits; if it cannot, kills it."""
        if self.lives:
            self._send(signal.SIGTERM)
            self.resume()
        self._bury()

    def kill(self) -> None:
        """Ends it at once (SIGKILL), as a power cut would; what its folder holds stays."""
        self._send(signal.SIGKILL)
        self._bury()

    def restart(self) -> Self:
        """Ends it in order and starts it again on the same folder and port; itself."""
        self.stop()
        return self.start()

    def pause(self) -> None:
        """Holds it (SIGSTOP): connections stay open, nothing is answered."""
        self._send(signal.SIGSTOP)
        while self.lives and self._state() != "T":  # a signal takes its time where there is much to do
            time.sleep(0.01)

    def _state(self) -> str:
        """How the kernel has it: R, S, T ..."""
        return Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]

    def resume(self) -> None:
        """Lets it go on (SIGCONT)."""
        self._send(signal.SIGCONT)

    def __enter__(self) -> Self:
        """Starts it; itself."""
        try:
            return self.start()
        except BaseException:
            self.kill()
            raise

    def __exit__(self, *_: object) -> None:
        """Kills it, if it still lives."""
        self.kill()

    def _send(self, what: signal.Signals) -> None:
        if self.lives:
            os.kill(self.pid, what)

    def _bury(self) -> None:
        if not self._process:
            return
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        warden.release(self.pid)
