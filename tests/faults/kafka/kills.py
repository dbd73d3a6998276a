"""Workers that are killed, paused and replaced, at full size and in short.

Decides when they die. Each function gives the outcome of one trial.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.cluster.shared import Cluster
from tests.faults.kafka.scene import Outcome, Scene, shop, why_of
from tests.feed import Said
from tests.living import LANDING, ROOT, Started, health, port_of, wait_for

DYING = str(ROOT / "tests" / "faults" / "kafka" / "dying.py")
TAKEN_OVER = 30.0  # seconds that a successor may take at most


def killed_again_and_again(folder: Path, served: Cluster, seed: int, events: int, times: int) -> Outcome:
    """kill -9 of the worker, so many times, while events come and land."""
    scene = Scene(folder, served, seed)
    for piece in _pieces(shop(events, seed), times):
        with scene.telling(piece), scene.worker() as worker:
            worker.until(LANDING)
            time.sleep(scene.chance.random() * 2)
            assert worker.end(signal.SIGKILL) == -signal.SIGKILL
    return scene.finish()


def killed_amid_statements(folder: Path, served: Cluster, seed: int, events: int, times: int) -> Outcome:
    """Dies before one of the statements of a commit, each time at another."""
    return _dying(folder, served, seed, (events, times), "statement")


def killed_in_checkpoints(folder: Path, served: Cluster, seed: int, events: int, times: int) -> Outcome:
    """Dies at one of the writes to the store's file of a checkpoint, each time at another."""
    return _dying(folder, served, seed, (events, times), "checkpoint")


def _dying(folder: Path, served: Cluster, seed: int, size: tuple[int, int], how: str) -> Outcome:
    scene = Scene(folder, served, seed)
    for piece in _pieces(shop(size[0], seed), size[1]):
        scene.tell(piece)
        scene.restarts += 1
        moment = scene.chance.randint(1, 150 if how == "statement" else 25)
        command = [sys.executable, DYING, how, str(moment), "worker", "--port", "0"]
        with Started(command, scene.project.root) as worker:
            assert worker.end() == -signal.SIGKILL, worker.said
    return scene.finish()


def paused_beside_a_standby(folder: Path, served: Cluster, seed: int, events: int, seconds: float) -> Outcome:
    """A worker that is stopped for long keeps the store; killed, its successor takes over by itself."""
    scene = Scene(folder, served, seed)
    first, second, third = _pieces(shop(events, seed), 3)
    scene.tell(first)
    with scene.worker() as worker:
        worker.until(LANDING)
        with scene.worker() as standby:
            standby.until("standby: ")
            assert (health(port_of(standby))[0], why_of(standby)[0]) == (200, "standby")
            worker.process.send_signal(signal.SIGSTOP)
            scene.tell(second)
            time.sleep(seconds)
            assert why_of(standby)[0] == "standby"
            assert LANDING not in standby.said
            worker.process.send_signal(signal.SIGCONT)
            scene.recover(worker)
            assert why_of(worker) == ("ready", "")
            assert worker.end(signal.SIGKILL) == -signal.SIGKILL
            began = time.monotonic()
            standby.until(LANDING)
            assert time.monotonic() - began < TAKEN_OVER
            scene.tell(third)
            wait_for(lambda: why_of(standby)[0] == "ready")
            return scene.finish(standby)


def _pieces(events: Sequence[Said], count: int) -> list[Sequence[Said]]:
    """Events in so many parts."""
    cuts = [len(events) * at // count for at in range(count + 1)]
    return [events[start:end] for start, end in pairwise(cuts)]
