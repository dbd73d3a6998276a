"""Decides how long the broker and registry of a test run live: until the last of its processes is gone.

Run by tests/cluster/shared.py, once a run. Must never end while a test uses them, nor outlive the last one.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.cluster.artefacts import Unavailable, fetch, locked
from tests.cluster.broker import Broker
from tests.cluster.registry import Registry
from tests.cluster.shared import ANSWER, USERS, Cluster, ways


@contextmanager
def by_maven(folder: Path) -> Iterator[Cluster]:
    """Both as processes of ours, with topics that go with them."""
    fetch()
    broker, registry = Broker(folder / "broker"), Registry(folder / "registry")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, broker.data, ignore_errors=True)  # the logs stay
        for jvm in (registry, broker):
            stack.callback(jvm.kill)
            jvm.launch()
        broker.wait()
        registry.wait()
        yield Cluster(broker.address, registry.url)


@contextmanager
def by_docker(_: Path) -> Iterator[Cluster]:
    """Both as containers."""
    from tests.cluster.containers import containers  # it wants to find an engine

    with containers() as addresses:
        yield Cluster(*addresses)


WAYS = {"docker": by_docker, "maven": by_maven}


def keep(folder: Path) -> None:
    """Starts them, answers in a file whether and where, and stops them when nobody holds the users' lock."""
    can, reasons = ways()
    with ExitStack() as stack:
        for way in can:
            try:
                cluster = stack.enter_context(WAYS[way](Path(tempfile.mkdtemp(dir=folder))))
            except Exception as error:  # whatever it is, the next way may work
                traceback.print_exc()
                reasons.append(str(error) if isinstance(error, Unavailable) else f"By {way}: {error!r}.")
            else:
                answer(folder, cluster._asdict())
                with locked(folder / USERS):
                    stack.close()
                    (folder / ANSWER).unlink()
                return
    answer(folder, {"why": " ".join(reasons)})


def answer(folder: Path, what: dict[str, str]) -> None:
    """Tells those who wait; a file that is there is whole."""
    part = folder / f"{ANSWER}.part"
    part.write_text(json.dumps(what), "utf-8")
    part.rename(folder / ANSWER)
    print("answered", flush=True)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
