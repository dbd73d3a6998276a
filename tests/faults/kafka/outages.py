"""Brokers and registries that go for a while.

Decides how, and for how long. Each function gives the outcome of one trial.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from sinks.gateway.access import Access
from tests.cluster.broker import Broker
from tests.cluster.registry import Registry
from tests.cluster.shared import Cluster
from tests.faults.kafka.scene import Outcome, Scene, patiently, shop, why_of
from tests.feed import says
from tests.living import LANDING, landed, wait_for

SLOW = 12.0  # seconds after which the worker must know that the broker is gone
FEW = 12  # lines that it may say in an outage, whatever its length


def broker_restarted(folder: Path, served: Cluster, seed: int, broker: Broker, seconds: float) -> Outcome:
    """The broker ends in order and is away for so long, while the worker lands."""
    return _broker_gone(folder, served, seed, seconds, (broker.stop, broker.start))


def broker_killed(folder: Path, served: Cluster, seed: int, broker: Broker, seconds: float) -> Outcome:
    """The broker is killed and is away for so long, while the worker lands."""
    return _broker_gone(folder, served, seed, seconds, (broker.kill, broker.start))


def broker_paused(folder: Path, served: Cluster, seed: int, broker: Broker, seconds: float) -> Outcome:
    """The broker keeps its connections and answers nothing for so long."""
    return _broker_gone(folder, served, seed, seconds, (broker.pause, broker.resume))


def _broker_gone(
    folder: Path, served: Cluster, seed: int, seconds: float, ends: tuple[Callable[[], object], ...]
) -> Outcome:
    go, come = ends
    scene = Scene(folder, served, seed)
    events = shop(3_000, seed)
    scene.tell(events[:2_000])
    with scene.worker() as worker:
        worker.until(LANDING)
        time.sleep(scene.chance.random() * 2)
        before = worker.said.count("\n")
        go()
        try:
            time.sleep(seconds)
            if seconds > SLOW:
                wait_for(lambda: why_of(worker)[0] == "waiting")  # what was asked before must time out first
                assert f"Kafka at {served.bootstrap}" in why_of(worker)[1]
        finally:
            came = time.monotonic()
            come()
        scene.tell(events[2_000:])
        scene.recover(worker)
        scene.recovery = time.monotonic() - came
        wait_for(lambda: why_of(worker) == ("ready", ""))
        assert worker.said.count("\n") - before <= FEW, worker.said
        return scene.finish(worker)


def registry_down_at_the_start(folder: Path, served: Cluster, seed: int, registry: Registry) -> Outcome:
    """Nothing can be decoded until the registry comes; then all is, by itself."""
    scene = Scene(folder, served._replace(registry=registry.url), seed)
    scene.tell(shop(1_000, seed))
    registry.kill()
    try:
        with scene.worker() as worker:
            worker.until(LANDING)
            wait_for(lambda: why_of(worker)[0] == "waiting")
            assert f"the schema registry at {registry.url} cannot be reached" in why_of(worker)[1]
            assert landed(scene.project) == 0
            registry.start()
            return scene.finish(worker)
    finally:
        if not registry.lives:
            registry.start()


def registry_down_in_mid_run(folder: Path, served: Cluster, seed: int, registry: Registry) -> Outcome:
    """Partitions that need a schema nobody has told yet wait; the others land."""
    scene = Scene(folder, served._replace(registry=registry.url), seed)
    known = [said for said in shop(1_000, seed) if said.type == "web/tracking/page_viewed"]
    news = [
        says("social/standard/follow", f"f{at}", at, social_handle=f"x:{at}", followed=True)
        for at in range(20)
    ]
    scene.tell(known[::2])
    with scene.worker() as worker:
        worker.until(LANDING)
        scene.recover(worker)
        with scene.appending() as append:
            prepared = append(news), append(known[1::2])
            registry.kill()
            for send in prepared:
                send()
        try:
            wait_for(lambda: why_of(worker)[0] == "waiting")
            assert "the schema registry" in why_of(worker)[1]
            wait_for(lambda: _count(scene, "web.tracking") == len({said.key for said in known}))
            assert _count(scene, "social.standard") == 0
        finally:
            registry.start()
        return scene.finish(worker)


def _count(scene: Scene, topic: str) -> int:
    with Access(scene.project.store) as access:
        count: int = access.reader.value(f"SELECT count(*) FROM ops.event WHERE topic = '{topic}'")
        return count


def ended_in_an_outage(folder: Path, served: Cluster, seed: int, broker: Broker) -> Outcome:
    """SIGTERM is obeyed within seconds though the broker answers nothing; later all lands."""
    scene = Scene(folder, served, seed)
    scene.tell(shop(500, seed))
    with scene.worker() as worker:
        worker.until(LANDING)
        broker.pause()
        try:
            time.sleep(2)
            began = time.monotonic()
            assert worker.end(signal.SIGTERM) == 0, worker.said
            assert time.monotonic() - began < SLOW * 3
        finally:
            broker.resume()
    patiently(lambda: scene.goal)
    return scene.finish()
