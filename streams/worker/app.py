"""START HERE for Kafka: the Faust application of `rundum worker`.

Decides what runs when: landing and timers as services, what people ask for by agents. Must never keep state
of its own: what the application knows is in the store, so it can end at any moment.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faust
from mode import Service
from yarl import URL

from streams.brokers import Kafka
from streams.log.cluster import Cluster
from streams.owner import Owner
from streams.running import Runner
from streams.worker.control import Control
from streams.worker.landing import LandingService
from streams.worker.quiet import Sparse, logging_config
from streams.worker.timers import TimersService

GRACE_SECONDS = 4.0  # from a signal to the end: Faust waits for a broker that does not answer
REQUESTS = "own.rundum"  # what people decide, and ask for


def build_app(kafka: Kafka, control: Control, timers: TimersService) -> faust.App:
    """The application: its agents, beside its services."""
    app = faust.App(
        f"{kafka.named(kafka.group)}-control",
        broker=[URL(f"kafka://{one.strip()}") for one in kafka.cluster.bootstrap.split(",")],
        broker_credentials=_credentials(kafka.cluster),
        datadir=Path("/nonexistent"),
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="latest",
    )

    @app.agent(app.topic(kafka.named(REQUESTS), key_serializer="raw", value_serializer="raw"))
    async def listen(records: faust.StreamT[bytes]) -> None:
        """Looks at once for what people ask for; the timer would find it later."""
        async for _ in records:
            await timers.do(control.retry_unknown)

    return app


def serve(
    runner: Runner,
    kafka: Kafka,
    control: Control,
    ready: Callable[[Owner], None],
    is_there: Callable[[], bool],
) -> None:
    """Lands until a signal ends it. `is_there` waits for the cluster; False if it is to stop before.

    Faust gives up on a cluster that goes while it starts, and is started again. Raises what ended landing.
    """
    sparse = Sparse(runner.tell)
    while is_there():
        landing, aside = LandingService(runner, ready, leave_soon), ThreadPoolExecutor(1, "control")
        timers = TimersService(control, aside)
        worker = _worker(build_app(kafka, control, timers), (landing, timers), sparse)
        worker.stop_landing = runner.state.stop.set
        try:
            worker.execute_from_commandline()
        except SystemExit as end:
            if landing.failure:
                landing.is_heard = True
                raise landing.failure from None
            if not end.code or worker.is_asked:
                return
            aside.shutdown(cancel_futures=True)  # two would use one client at the same time
            landing.end()
            runner.wait_for(f"Faust ended ({end.__context__}) and is started again")
            runner.renew()
        finally:
            aside.shutdown(wait=False, cancel_futures=True)
            control.close()
            logging.shutdown()


class _Worker(faust.Worker):
    """What runs the application, and ends within seconds of a signal, whatever the cluster does."""

    is_asked = False
    stop_landing: Callable[[], None]

    def _schedule_shutdown(self, number: signal.Signals) -> None:
        if not self.is_asked:
            self.is_asked = True
            self.stop_landing()
            leave_soon(None)
        super()._schedule_shutdown(number)


def leave_soon(landing: LandingService | None) -> None:
    """Ends the process, if it does not end by itself: Faust can wait for ever for a broker.

    Killed at any moment, it loses nothing. `landing` has failed, which is said then.
    """

    def leave() -> None:
        time.sleep(GRACE_SECONDS)
        if landing and not landing.is_heard:
            print(f"Error: {landing.failure}", file=sys.stderr, flush=True)
        os._exit(1 if landing else 0)

    threading.Thread(target=leave, daemon=True).start()


def _worker(app: faust.App, services: tuple[Service, ...], sparse: Sparse) -> _Worker:
    """A worker of the application, with a loop of its own."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = _Worker(
        app,
        *services,
        loop=loop,
        quiet=True,
        loglevel="WARNING",
        redirect_stdouts=False,
        logging_config=logging_config(sparse),
        blocking_timeout=0,
    )
    worker.spinner = None  # there is a line of progress already
    return worker


def _credentials(cluster: Cluster) -> faust.types.auth.CredentialsT | None:
    """How Faust's own clients prove who they are."""
    told = cluster.for_aiokafka()
    context = told.get("ssl_context")
    if cluster.security.startswith("SASL"):
        return faust.SASLCredentials(
            username=cluster.username, password=cluster.password, ssl_context=context,
            mechanism=cluster.mechanism,
        )  # fmt: skip
    return faust.SSLCredentials(context) if context else None
