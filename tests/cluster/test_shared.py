"""All processes of a run share one broker and registry, which end with the last; the order of choice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster import shared as sharing
from tests.cluster.artefacts import ROOT, Unavailable, fetch
from tests.cluster.bare import BarePath
from tests.cluster.broker import knows_itself
from tests.cluster.jvm import wait_for
from tests.cluster.shared import Cluster, folder_of_run, give_up, given, need_maven, shared, ways

USER = """
    import sys
    from pathlib import Path
    from tests.cluster.shared import shared
    with shared(Path(sys.argv[1])) as cluster:
        print(*cluster, flush=True)
        sys.stdin.read()
"""
OWNER = """
    import sys
    from pathlib import Path
    from tests.cluster.registry import Registry
    Registry(Path(sys.argv[1])).launch()
    print("launched", flush=True)
    sys.stdin.read()
"""


@contextmanager
def running(program: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that uses or owns something until its input ends."""
    command = [sys.executable, "-c", textwrap.dedent(program), str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield process
        process.kill()


def told(process: subprocess.Popen[str]) -> Cluster:
    """What such a process was given."""
    assert process.stdout
    return Cluster(*process.stdout.readline().split())


def processes(word: Path) -> list[int]:
    """Processes with such a folder on their command line."""
    found = subprocess.run(
        ["ps", "-eww", "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    return [int(line.split()[0]) for line in found.splitlines() if str(word) in line]


@pytest.fixture
def no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no broker."""
    for name in (sharing.KAFKA, sharing.REGISTRY):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_addresses")
def test_the_last_of_a_run_ends_what_the_first_has_started(tmp_path: Path) -> None:
    need_maven()
    folder = tmp_path / "run"
    with running(USER, folder) as first, running(USER, folder) as second:
        cluster = told(first)
        assert told(second) == cluster
        first.kill()  # the one that started it, or the other: none has to say goodbye
        first.wait()
        assert knows_itself(cluster.bootstrap)
        assert len(processes(folder)) == 4  # keeper, Kafka, registry, and the second
        second.communicate()
        wait_for(lambda: not processes(folder), "The end")
    assert not knows_itself(cluster.bootstrap)
    assert not (folder / sharing.ANSWER).exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_no_jvm_outlives_a_process_that_is_ended(tmp_path: Path, how: signal.Signals) -> None:
    need_maven()
    fetch()
    with running(OWNER, tmp_path) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "launched\n"
        assert len(processes(tmp_path)) == 2
        owner.send_signal(how)
        owner.wait()
        wait_for(lambda: not processes(tmp_path), "The end")


def test_addresses_in_the_environment_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = Cluster("kafka.example:9092", "http://registry.example/apis/ccompat/v7")
    monkeypatch.setenv(sharing.KAFKA, theirs.bootstrap)
    monkeypatch.setenv(sharing.REGISTRY, theirs.registry)
    with shared(tmp_path / "run") as cluster:
        assert cluster == theirs
    assert not (tmp_path / "run").exists()
    with pytest.raises(Unavailable, match="set both or neither"):
        given({sharing.KAFKA: "kafka.example:9092"})
    assert given({}) is None


def test_an_engine_comes_before_maven(bare_path: BarePath) -> None:
    assert ways()[0] == []
    bare_path.put("docker", "exit 1")  # a client without an engine
    bare_path.put_java("1.8.0_402")
    can, cannot = ways()
    assert can == []
    assert "the java on PATH is 8" in " ".join(cannot)
    bare_path.put_java("21.0.2")
    bare_path.put("mvn", "")
    assert ways()[0] == ["maven"]
    bare_path.put("docker", "exit 0")
    assert ways() == (["docker", "maven"], [])
    bare_path.put_java("")
    assert ways()[0] == ["docker"]


@pytest.mark.usefixtures("bare_path", "no_addresses")
def test_without_any_way_tests_are_skipped_but_fail_in_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in ("first", "second"):  # the second is told what the first has found out
        with pytest.raises(Unavailable) as why, shared(tmp_path / "run"):
            pass
    assert "No Docker engine answers" in str(why.value)
    assert "there is no java on PATH" in str(why.value)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="there is no java on PATH"):
        need_maven()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no way"):
        give_up("There is no way.")


def test_runs_with_workers_share_the_folder_above_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert folder_of_run(Path("/tmp/run-1")) == Path("/tmp/run-1/kafka")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    assert folder_of_run(Path("/tmp/run-1/gw1")) == Path("/tmp/run-1/kafka")
