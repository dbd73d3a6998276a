"""The measures on a real Kafka: appending, `rundum worker`, its rivals, and how soon an event is seen.

Decides when each clock starts and stops. Must never count a start, nor a candidate that left an event out.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from schemas.catalogue import load
from sinks.duckdb.store import Store
from sinks.gateway import Connection, connect
from streams.core.identify import identify
from streams.core.model import Reading
from streams.pipeline import BATCH, Pipeline, later, uncollected, utc_now
from streams.registry.remote import RemoteRegistry
from streams.settings import Project
from tests.bench.living import TOPIC, freshness
from tests.bench.pipe import DECODERS, Pipe
from tests.bench.timing import Watch, land_in_turn, profiled, rates
from tests.bench.workload import PAGE, decoded_crowd, keyed_views, opened
from tests.beside import Running, program
from tests.grown import inlet_of, kafka_of
from tests.living import LANDING, new_project

ROOT = Path(__file__).parents[2]
PREFIX = "bench."
QUIX = ROOT / "build" / "quix-venv"
QUIX_NEEDS = Path(__file__).parent / "rivals" / "quix.txt"
PAUSE = 0.1  # seconds between two looks at /health, which cost the worker something
LANDED = f"SELECT count(*) FROM ops.event WHERE event_type = '{PAGE}'"
UNTOLD = "SELECT count(*) FROM ops.outbox"
PATIENCE = 1200.0
Figures = dict[str, Any]


def project_on(folder: str, cluster: Sequence[str], prefix: str = PREFIX, **kafka: object) -> Project:
    """A new project on a cluster, which is a broker and a registry; `kafka` are keys of [kafka]."""
    root = Path(folder) / "grown"
    shutil.rmtree(root, ignore_errors=True)
    bootstrap, registry = cluster
    return new_project(root, kafka={"bootstrap": bootstrap, "registry": registry, "prefix": prefix} | kafka)


def appended(folder: str, cluster: Sequence[str], events: int, people: int) -> Figures:
    """How fast `inlet.log.append` fills the topic that all others read; events are made off the clock."""
    seconds = size = 0.0
    with inlet_of(project_on(folder, cluster)) as inlet, uncollected():
        topic = kafka_of(project_on(folder, cluster)).named(TOPIC)
        for records in keyed_views(inlet.registry, topic, events, people):
            began = time.perf_counter()
            inlet.log.append([one._replace(topic=TOPIC) for one in records])
            seconds += time.perf_counter() - began
            size += sum(len(one.value or b"") for one in records)
    return {"events_per_second": events / seconds, "bytes": size / events}


def worker(folder: str, cluster: Sequence[str], events: int, outbox: bool = True) -> Figures:
    """`rundum worker` on a full topic and an empty store, from when it has opened both to the last commit.

    `told_seconds` is how much later the last changed customer was told of.
    """
    project = project_on(folder, cluster, **({} if outbox else {"outbox": ""}))
    with Running(project.root, "worker") as run:
        run.await_line(LANDING)
        with Watch() as watch:
            spent = run.cpu_seconds()
            run.await_health(
                lambda health: health["landed"] >= events and not health["waiting"], PATIENCE, PAUSE
            )
        watch.cpu, ended = run.cpu_seconds() - spent, time.perf_counter()
        connection = connect(project.root)
        _await(connection, UNTOLD, 0)
        told = time.perf_counter() - ended
        assert _asked(connection, LANDED) == events, "the worker has left events out"
        return rates(watch, events) | {"told_seconds": told, "peak_mib": run.mebibytes("VmHWM")}


def piped(folder: str, cluster: Sequence[str], events: int, decoder: str) -> Figures:
    """The bare pipe on the same topic and an empty store, from when it has opened both to the last commit."""
    project = project_on(folder, cluster)
    kafka = kafka_of(project)
    with opened(folder) as store, closing(RemoteRegistry(kafka.registry)) as registry:
        watch = asyncio.run(Pipe(store, registry, DECODERS[decoder]).run(kafka, kafka.named(TOPIC), events))
        landed = store.database.value(f"SELECT count(*) FROM {store.catalogue.events[PAGE].table}")
    assert landed == events, "the bare pipe has left events out"
    return rates(watch, events)


def stages(folder: str, cluster: Sequence[str]) -> Figures:
    """Microseconds by step of the worker's pipeline, one step after the other, without a worker around."""
    with opened(folder) as store, inlet_of(project_on(folder, cluster)) as inlet:
        pipeline = Pipeline(store, inlet.registry)
        with profiled() as clock, Watch() as watch, uncollected():
            landed = land_in_turn(pipeline, inlet.log, BATCH)
    return rates(watch, landed) | clock.told(watch, landed)


def rival(folder: str, cluster: Sequence[str], events: int, framework: str) -> Figures:
    """Another framework on the same topic, from its first event to its last."""
    python = {"faust_agent": sys.executable, "quix_count": str(quix_python())}[framework]
    state = Path(folder) / f"{framework}-{uuid4().hex[:8]}"
    topic = kafka_of(project_on(folder, cluster)).named(TOPIC)
    program = ["-W", "ignore", "-m", f"tests.bench.rivals.{framework}"]
    command = [python, *program, *cluster, topic, str(events), str(state)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["events"] == events, f"{framework} has left events out"
    watch = Watch()
    watch.wall, watch.cpu = figures["wall"], figures["cpu"]
    return rates(watch, events)


def quix_python() -> Path:
    """The interpreter that Quix Streams is installed for, made if it is missing: its clients are not ours."""
    ready, needs = QUIX / "needs.txt", QUIX_NEEDS.read_text("utf-8")
    if not ready.exists() or ready.read_text("utf-8") != needs:
        subprocess.run([sys.executable, "-m", "venv", "--clear", QUIX], check=True)
        pip = [str(QUIX / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", str(QUIX_NEEDS)], check=True)
        ready.write_text(needs, "utf-8")
    return QUIX / "bin" / "python"


def fresh(folder: str, cluster: Sequence[str], customers: int, rate: int, seconds: float) -> Figures:
    """Seconds from when an event was given to the producer to when an answer over the worker's door had it.

    So many customers are stored before; the viewers are among them.
    """
    project = project_on(folder, cluster, prefix="fresh.")
    _fill(project, customers)
    with Running(project.root, "worker") as run:
        run.await_health(lambda health: health["status"] == "ready" and not health["waiting"])
        with program("track", project.root, rate, customers) as appender:
            figures = freshness(connect(project.root), appender, seconds)
        return figures | {"peak_mib": run.mebibytes("VmHWM")}


def _fill(project: Project, customers: int) -> None:
    """Stores so many customers, an event each."""
    store = Store(project.store, load())
    try:
        landed_at = utc_now()
        for one in decoded_crowd(customers, BATCH):
            landed_at = later(landed_at, utc_now())
            named = identify(one.tables, len(one.batch.records), store.naming)
            store.commit(one.batch, Reading(one.tables), named, landed_at)
        stored = store.database.value("SELECT count(DISTINCT customer) FROM identity.node")
        assert stored == customers, f"{stored:,} customers are stored"
    finally:
        store.close()


def _await(connection: Connection, question: str, answer: int) -> None:
    until = time.monotonic() + PATIENCE
    while (now := _asked(connection, question)) != answer:
        assert time.monotonic() < until, f"{question}: still {now:,}"
        time.sleep(PAUSE)


def _asked(connection: Connection, question: str) -> int:
    return int(connection.sql(question).fetchall()[0][0])


KAFKA: Sequence[Callable[..., Figures]] = (appended, worker, piped, rival, stages, fresh)
