"""`make kafka`: decides where a broker and a registry for use by hand keep their data, and how they end.

Must never lose topics or schemas between runs, nor leave one running when the other, or itself, has ended.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from tests.cluster.artefacts import HOME, Unavailable, fetch, fetched_folder
from tests.cluster.broker import Broker
from tests.cluster.registry import Registry

JAVA = ("-Xmx512m", "-XX:+UseSerialGC")  # a slower start than in tests, for more records a second


def main() -> None:
    """Runs both until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser("make kafka", description="A Kafka broker and a registry to work with.")
    parser.add_argument("--kafka", type=int, default=19092, metavar="PORT")
    parser.add_argument("--registry", type=int, default=18081, metavar="PORT")
    parser.add_argument("--folder", type=Path, default=HOME, help="what they keep between runs")
    said = parser.parse_args()
    try:
        run(
            Broker(said.folder / "broker", said.kafka, java=JAVA),
            Registry(said.folder / "registry", said.registry),
        )
    except Unavailable as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("\nStopped; topics and schemas are kept.", flush=True)


def run(broker: Broker, registry: Registry) -> None:
    """Starts both, says how to use them, and stops both in order, however it ends.

    Raises:
        Unavailable: one cannot start, or ended by itself.
    """
    need_port("KAFKA_PORT", broker.port)
    need_port("REGISTRY_PORT", registry.port)
    if not fetched_folder().exists():
        print("Fetching Kafka and the registry by Maven, once: 150 MB.", flush=True)
    fetch()
    with ExitStack() as stack:
        for jvm in (registry, broker):
            stack.callback(jvm.stop)
            jvm.log.unlink(missing_ok=True)
            jvm.launch()
        broker.wait()
        registry.wait()
        print(f"Kafka {broker.address}, registry {registry.url}; Ctrl-C stops both. Now:")
        print(f"rundum worker --kafka {broker.address} --registry {registry.url}", flush=True)
        while broker.lives and registry.lives:
            time.sleep(0.2)
        gone = registry if broker.lives else broker
        raise Unavailable(f"{gone.name} ended by itself, so both stop; the reason is in {gone.log}.")


def need_port(variable: str, port: int) -> None:
    """Says so if somebody listens there already."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise Unavailable(
                f"Port {port} is taken, perhaps by another `make kafka`; "
                f"choose one: make kafka {variable}={port + 1}"
            )


if __name__ == "__main__":
    main()
