"""Decides which Kafka and registry the tests of a run use, and that all its processes use the same.

The order: addresses given in the environment, a Docker engine that answers, Maven and Java. What has to be
started is started by a process of its own, the keeper, which ends when nobody holds the users' lock any more;
the kernel drops it with its holders, so nobody has to say goodbye. Must never skip where CI is set.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from tests.cluster.artefacts import ROOT, Unavailable, locked, need_tools

KAFKA, REGISTRY = "RUNDUM_TEST_KAFKA", "RUNDUM_TEST_REGISTRY"
ENGINE_ANSWERS = 10.0  # seconds at most
STARTING, USERS, ANSWER, LOG = "starting.lock", "users.lock", "answer.json", "keeper.log"


class Cluster(NamedTuple):
    """Where a broker and a registry answer."""

    bootstrap: str  # HOST:PORT
    registry: str  # the URL that the Confluent dialect begins at


def given(environ: Mapping[str, str]) -> Cluster | None:
    """The addresses in the environment, if they are there.

    Raises:
        Unavailable: only one of them is.
    """
    bootstrap, registry = environ.get(KAFKA, ""), environ.get(REGISTRY, "")
    if bool(bootstrap) != bool(registry):
        raise Unavailable(f"{KAFKA} (HOST:PORT) and {REGISTRY} (URL) go together; set both or neither.")
    return Cluster(bootstrap, registry) if bootstrap else None


def ways() -> tuple[list[str], list[str]]:
    """What can be tried to start them, best first: "docker", "maven"; and why the rest cannot."""
    can: list[str] = []
    cannot: list[str] = []
    try:
        subprocess.run(["docker", "info"], capture_output=True, timeout=ENGINE_ANSWERS, check=True)
        can.append("docker")
    except (OSError, subprocess.SubprocessError):
        cannot.append("No Docker engine answers.")
    try:
        need_tools()
        can.append("maven")
    except Unavailable as error:
        cannot.append(str(error))
    return can, cannot


def give_up(why: str) -> NoReturn:
    """Skips the test for that reason; in CI, fails it."""
    sentence = f"{why} Or set {KAFKA} and {REGISTRY} to a broker and a registry that run."
    if os.environ.get("CI"):
        pytest.fail(f"Kafka cannot be tested, and CI must: {sentence}", pytrace=False)
    pytest.skip(sentence)


def need_maven() -> None:
    """Gives up unless a broker of the test's own can be started here."""
    try:
        need_tools()
    except Unavailable as error:
        give_up(str(error))


def folder_of_run(basetemp: Path) -> Path:
    """The folder that all processes of this test run, and no other run, know."""
    # With pytest-xdist the parent is the run's; without, it is everybody's.
    run = basetemp.parent if "PYTEST_XDIST_WORKER" in os.environ else basetemp
    return run / "kafka"


@contextmanager
def shared(folder: Path) -> Iterator[Cluster]:
    """The run's broker and registry, for as long as needed; whoever comes first starts them.

    Raises:
        Unavailable: there is no way to have them, or none succeeded.
    """
    if cluster := given(os.environ):
        yield cluster
        return
    keeper: subprocess.Popen[bytes] | None = None
    try:
        with locked(folder / USERS, fcntl.LOCK_SH):  # waits while one that stops is still at it
            with locked(folder / STARTING):
                if not (folder / ANSWER).exists():
                    keeper = _keeper(folder)
                answer = _answer(folder)
            yield answer
    finally:
        if keeper:
            keeper.wait()


def _keeper(folder: Path) -> subprocess.Popen[bytes]:
    """Starts the keeper and waits for its answer."""
    command = [sys.executable, "-m", "tests.cluster.keeper", str(folder)]
    with (folder / LOG).open("ab") as log:
        keeper = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    assert keeper.stdout
    with keeper.stdout:
        keeper.stdout.readline()
    return keeper


def _answer(folder: Path) -> Cluster:
    try:
        answer = json.loads((folder / ANSWER).read_text("utf-8"))
    except FileNotFoundError as error:
        raise Unavailable(f"Kafka's keeper ended before it said anything; see {folder / LOG}.") from error
    if "why" in answer:
        raise Unavailable(answer["why"])
    return Cluster(**answer)
