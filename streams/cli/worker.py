"""`rundum worker`: the process of a company whose events come over Kafka.

Decides what people see of it. Must never end but when it is told to or the world is broken.
"""

from __future__ import annotations

import os
import sys

import click

from sinks.gateway.desk import Desk
from streams.cli.run import METRICS, announced, health_of, line_of, stoppable_by
from streams.cli.session import Session
from streams.log.protocol import LogUnreachable
from streams.log.topics import Topics
from streams.owner import Owner
from streams.running import RETRY, Runner
from streams.settings import Project, grown
from streams.state import State
from streams.worker.app import serve
from streams.worker.control import Control


@click.command()
@click.option("--kafka", metavar="HOST:PORT", help="The cluster; by default kafka.bootstrap of rundum.toml.")
@click.option("--registry", metavar="URL", help="The schema registry; by default kafka.registry.")
@click.option("--port", type=click.IntRange(0, 65535), help="Of /health and /metrics; 0 takes a free one.")
@click.pass_obj
def worker(session: Session, kafka: str | None, registry: str | None, port: int | None) -> None:
    """Land what comes over Kafka, and answer questions meanwhile, until stopped.

    Makes the topics that are missing, registers the contracts, lands what the embedded log still holds, and
    goes on with Kafka. A second one on the same store stands by and takes over when the first has gone.
    Ctrl-C or SIGTERM ends it; killed, it loses nothing.

    \b
    Example:
      rundum worker --kafka localhost:9092 --registry http://localhost:8081
    """
    project, state = grown(session.project, kafka, registry), State()
    assert project.kafka
    told = project.kafka
    with health_of(project, state, project.port if port is None else port) as health, line_of(state) as tell:
        tell(announced(health))
        runner, control = Runner(project, session.catalogue, state, tell), Control(told, state, tell)

        def ready(owner: Owner) -> None:
            health.figures.running = lambda: owner.desk.running
            health.figures.reader = Desk(owner.store.database.connection, METRICS).reader()
            control.serve(owner, Desk(owner.store.database.connection, METRICS).reader())

        serve(runner, told, control, ready, lambda: _is_there(runner, project))
        tell("stopped; nothing is lost")
    sys.stdout.flush()
    os._exit(0)  # a reader that reads no more must not keep the process


def _is_there(runner: Runner, project: Project) -> bool:
    """Waits for the cluster, for Faust ends without it; whether it is not to stop before."""
    assert project.kafka
    topics, stop = Topics(project.kafka.cluster), runner.state.stop
    with stoppable_by(stop):
        while not stop.is_set():
            try:
                topics.cluster_id()
            except LogUnreachable as failure:
                runner.wait_for(str(failure))
                stop.wait(RETRY)
            else:
                runner.go_on()
                return True
    return False
