"""/health and /metrics of a running process, on this machine only unless the project says otherwise.

Decides what supervisors and Prometheus are told. Must never change anything, nor hold up what lands.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from time import monotonic
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Histogram, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sinks.duckdb.reader import QueryError, Reader
from streams.pipeline import utc_now
from streams.reach import figures_of
from streams.settings import Project
from streams.state import LANDING, State

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  UTC without a zone, as the store keeps it
WELL = ("ready", "standby")
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16)


class Figures(Collector):
    """What is counted: the process's own state, and what the store says of itself."""

    def __init__(self, project: Project, state: State) -> None:
        """Reads the state; asks the store once it has been given a reader."""
        self.project, self.state = project, state
        self.reader: Reader | None = None
        self.running: Callable[[], int] = lambda: 0

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        state = self.state
        owns = state.role == LANDING
        yield GaugeMetricFamily("rundum_owner", "1 if this process has the store open, 0 on standby.", owns)
        yield GaugeMetricFamily(
            "rundum_waiting_records", "Records in the log that have not landed.", state.waiting
        )
        yield GaugeMetricFamily(
            "rundum_freshness_seconds",
            "Since when all that was appended has landed.",
            state.freshness if owns else 0,
        )
        lag = GaugeMetricFamily(
            "rundum_lag_records",
            "Records of a partition that have not landed.",
            labels=["topic", "partition"],
        )
        for place, left in sorted(state.lag.items()):
            lag.add_metric([place.topic, str(place.partition)], left)
        yield lag
        yield GaugeMetricFamily(
            "rundum_trouble", "1 while something that landing needs is out of reach.", bool(state.trouble)
        )
        yield GaugeMetricFamily(
            "rundum_unbalanced", "Hours of topics whose records are not all accounted for.", state.unbalanced
        )
        yield GaugeMetricFamily("rundum_queries_running", "Questions at the door now.", self.running())
        sizes = GaugeMetricFamily("rundum_file_bytes", "Size of a file.", labels=["file"])
        for file in (self.project.store, self.project.log):
            for one in (file, *file.parent.glob(f"{file.name}?wal")):
                sizes.add_metric([one.name], _size(one))
        yield sizes
        if self.reader:
            yield from _told(self.reader)


def _told(reader: Reader) -> Iterator[Metric]:
    """What the store says; nothing while it cannot be asked."""
    try:
        events = reader.query("metrics_events")
        rejects = reader.query("metrics_rejects")
        records = reader.query("metrics_records")
        reached = [*figures_of(reader, utc_now())]
    except QueryError:
        return
    landed = CounterMetricFamily("rundum_events", "Events in the store.", labels=["event_type"])
    last = GaugeMetricFamily(
        "rundum_last_landed_timestamp_seconds", "When the last landed.", labels=["event_type"]
    )
    for row in events:
        landed.add_metric([row["event_type"]], row["events"])
        last.add_metric([row["event_type"]], (row["landed_at"] - EPOCH).total_seconds())
    refused = CounterMetricFamily("rundum_rejects", "Records that were rejected.", labels=["topic", "reason"])
    for row in rejects:
        refused.add_metric([row["topic"], row["reason"]], row["rejects"])
    accepted = CounterMetricFamily("rundum_accepted", "Records that the log gave.", labels=["topic"])
    again = CounterMetricFamily("rundum_duplicates", "Records said before to the letter.", labels=["topic"])
    for row in records:
        accepted.add_metric([row["topic"]], row["accepted"])
        again.add_metric([row["topic"]], row["duplicate"])
    yield from (landed, last, refused, accepted, again, *reached)


class Health:
    """The web server; answers from threads of its own."""

    def __init__(self, project: Project, state: State, port: int) -> None:
        """Listens on the port of the project's host. Raises OSError if it is taken."""
        self.state, self.host = state, project.host
        self.figures = Figures(project, state)
        self._registry = CollectorRegistry()
        self._registry.register(self.figures)
        self._batches = Histogram(
            "rundum_batch_seconds",
            "How long a batch took, commit included.",
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._metrics = make_wsgi_app(self._registry)
        self._server = make_server(project.host, port, self._answer, _Server, _Quiet)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Answers no more."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            batches, self.state.seconds = self.state.seconds, []
            for seconds in batches:
                self._batches.observe(seconds)
            body: Iterable[bytes] = self._metrics(environ, start)
            return body
        if environ["PATH_INFO"] == "/health":
            verdict, why = self.state.verdict()
            return _say(
                start, "200 OK" if verdict in WELL else "503 Service Unavailable", _health(self, verdict, why)
            )
        return _say(start, "404 Not Found", {"error": "there is /health and /metrics"})


def _health(health: Health, verdict: str, why: str) -> dict[str, Any]:
    state = health.state
    return {
        "status": verdict,
        "why": why,
        "live": verdict != "stuck",
        "ready": verdict == "ready",
        "standby": verdict == "standby",
        "pid": os.getpid(),
        "store": str(health.figures.project.store),
        "waiting": state.waiting,
        "freshness_seconds": round(state.freshness, 3) if state.role == LANDING else None,
        "landed": state.landed,
        "up_seconds": round(monotonic() - state.began, 1),
    }


def _say(start: Callable[..., Any], status: str, document: dict[str, Any]) -> list[bytes]:
    start(status, [("Content-Type", "application/json")])
    return [json.dumps(document).encode() + b"\n"]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: every scrape would be a line."""
