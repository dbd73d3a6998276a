"""Topics that forget what has not landed, or are deleted and made anew, and stores that are lost.

Decides what is done to them. Each function gives the outcome of one trial.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sinks.gateway.access import Access
from streams.core.model import Place
from tests.cluster import topics
from tests.cluster.shared import Cluster
from tests.faults.kafka.scene import Outcome, Scene, shop
from tests.feed import Said, blank_store
from tests.grown import inlet_of, kafka_of
from tests.living import LANDING, Started, land, outgoing, pages, typed

WEB = "web.tracking"
LOST, KEPT = 20, 10
ANEW = (
    r"log \S+, web\.tracking/\d: the topic was deleted and made anew .*`rundum topics accept web\.tracking`"
)
FORGOTTEN = (
    r"log \S+, web\.tracking/0 \(start \d+, head \d+\): reading was to go on at \d+, which is before the "
    rf"start: {LOST} records were trimmed before they landed; .*`rundum topics accept web\.tracking`"
)


def truncated(folder: Path, served: Cluster, seed: int) -> Outcome:
    """Retention passes a position while no worker lives."""
    scene = _landed(folder, served, seed)
    _append(scene, pages(LOST))
    kept = pages(KEPT, first=LOST)
    _append(scene, kept)
    head = scene.goal[Place(WEB, 0)]
    topics.truncate(served.bootstrap, _name(scene), 0, head - KEPT)
    _refused(scene, FORGOTTEN)
    return _accepted(scene, kept)


def made_anew(folder: Path, served: Cluster, seed: int, count: int, *, running: bool) -> Outcome:
    """A topic is deleted and made anew with so many records, while the worker runs or before it starts."""
    scene = _landed(folder, served, seed)
    told = pages(count)
    if running:
        with scene.worker() as worker:
            worker.until(LANDING)
            _make_anew(scene, told)
            _check_end(worker, ANEW)
    else:
        _make_anew(scene, told)
        _refused(scene, ANEW)
    return _accepted(scene, told)


def store_lost(folder: Path, served: Cluster, seed: int) -> Outcome:
    """All that is kept here is gone, but for the secret: it comes again from the topics."""
    scene = _landed(folder, served, seed)
    for file in scene.project.root.glob("store.duckdb*"):
        file.unlink()
    blank_store(scene.project.store)
    return scene.finish()


def _landed(folder: Path, served: Cluster, seed: int) -> Scene:
    """A scene in which some events have landed."""
    scene = Scene(folder, served, seed, partitions=2)
    scene.tell(shop(600, seed))
    land(scene.project)
    return scene


def _make_anew(scene: Scene, told: Sequence[Said]) -> None:
    kafka = kafka_of(scene.project)
    topics.delete(kafka.cluster.bootstrap, _name(scene))
    topics.create(kafka.cluster.bootstrap, _name(scene), kafka.partitions)
    _append(scene, told)


def _append(scene: Scene, events: Sequence[Said]) -> None:
    """Appends page views to the first partition."""
    with inlet_of(scene.project) as inlet:
        inlet.log.append([outgoing(inlet, said)._replace(partition=0) for said in events])


def _refused(scene: Scene, why: str) -> None:
    """A worker ends with the reason, and nothing has moved."""
    before = _reached(scene)
    with scene.worker() as worker:
        _check_end(worker, why)
    assert _reached(scene) == before


def _check_end(worker: Started, why: str) -> None:
    assert worker.end() == 1, worker.said
    assert re.fullmatch(why, worker.error), worker.said


def _accepted(scene: Scene, kept: Sequence[Said]) -> Outcome:
    """A person accepts the loss; the rest lands."""
    code, said = typed(scene.project.root, "topics", "accept", WEB, "--reason", "Test.", "--yes")
    assert code == 0, said.said
    scene.told += kept
    land(scene.project)
    return scene.verdict(is_whole=False)


def _reached(scene: Scene) -> list[tuple[str, int, int]]:
    query = f"SELECT topic, partition, next_offset FROM ops.position WHERE topic = '{WEB}' ORDER BY ALL"
    with Access(scene.project.store) as access:
        return [(str(topic), int(at), int(offset)) for topic, at, offset in access.reader.rows(query)]


def _name(scene: Scene) -> str:
    return kafka_of(scene.project).named(WEB)
