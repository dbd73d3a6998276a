"""What the compose files start does its work outside of containers: brokers, registry, worker."""

from __future__ import annotations

import shutil
import signal
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.schema_registry import SchemaRegistryClient
from prometheus_client.parser import text_string_to_metric_families

from streams.log.protocol import LogUnreachable
from streams.registry.address import Address
from streams.registry.protocol import RegistryError
from streams.registry.remote import RemoteRegistry
from streams.settings import FILE, Project, read_project
from tests.cluster.jvm import wait_for
from tests.cluster.shared import need_maven
from tests.cluster.topics import new_name
from tests.docker.composed import FOLDER, ONE, THREE, Composed, is_healthy, mounted, replaced, services
from tests.grown import produce, working
from tests.living import Started, health, landed, pages

SCHEMA = '{"type":"record","name":"A","fields":[]}'


def composed(folder: Path, files: tuple[str, ...]) -> Iterator[Composed]:
    """Brokers and registry of compose files while a test needs them."""
    need_maven()
    with Composed(folder, files) as running:
        yield running
    for node in running.nodes.values():
        shutil.rmtree(node.data, ignore_errors=True)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    yield from composed(tmp_path_factory.mktemp("one"), ONE)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Composed]:
    yield from composed(tmp_path / "three", THREE)


def project_of(running: Composed, folder: Path, files: tuple[str, ...]) -> Project:
    """The project of the worker's container, with the settings that are mounted into it."""
    sources = {
        Path(target).name: source for source, target in map(mounted, services(*files)["worker"]["volumes"])
    }
    folder.mkdir()
    settings = (FOLDER / sources[FILE]).read_text("utf-8")
    (folder / FILE).write_text(replaced(settings, running.outside), "utf-8")
    project = read_project(folder)
    return project


def port_of(worker: Started) -> int:
    """Where a worker can be asked that listens at every address."""
    return int(worker.until(r"on 0\.0\.0\.0:(\d+)")[1])


def admin_of(running: Composed) -> AdminClient:
    return AdminClient({"bootstrap.servers": ",".join(one.address for one in running.nodes.values())})


def settings_of(running: Composed, topic: str) -> dict[str, str]:
    """The settings of a topic."""
    admin = admin_of(running)  # gone, it answers no more
    asked = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)])
    return {name: entry.value for name, entry in next(iter(asked.values())).result().items()}


def copies_of(running: Composed, topic: str) -> set[int]:
    """How many brokers have each partition of a topic."""
    found = admin_of(running).list_topics(topic, timeout=20).topics[topic]
    return {len(partition.replicas) for partition in found.partitions.values()}


def register(running: Composed) -> int:
    """The id of a schema under a subject of its own."""
    registry = RemoteRegistry(Address(running.registry.url))
    try:
        return registry.register(new_name(), SCHEMA)
    finally:
        registry.close()


def is_done(work: Callable[[], object]) -> bool:
    """Whether something can be done now: for seconds the others do not know that a broker is gone."""
    try:
        work()
    except (LogUnreachable, RegistryError):
        return False
    return True


def test_what_the_registry_confirmed_is_kept_for_ever(one: Composed) -> None:
    (broker,) = one.nodes.values()
    known = register(one)
    one.registry.kill()
    assert not one.registry.answers()
    broker.restart()
    assert broker.is_healthy()
    one.registry.start()
    with SchemaRegistryClient({"url": one.registry.url}) as client:
        assert client.get_schema(known).schema_str == SCHEMA
    kept = settings_of(one, "kafkasql-journal")
    assert (kept["retention.ms"], kept["retention.bytes"]) == ("-1", "-1")


def test_the_worker_lands_and_tells_how_it_is(one: Composed, tmp_path: Path) -> None:
    project, service = project_of(one, tmp_path / "project", ONE), services(*ONE)["worker"]
    produce(project, pages(100))
    with working(project) as worker:
        wait_for(lambda: landed(project) == 100, "What was told")
        port = port_of(worker)
        wait_for(lambda: health(port)[1]["status"] == "ready", "A worker that is ready")
        assert is_healthy(service, {"127.0.0.1:7300": f"127.0.0.1:{port}"})
        with urllib.request.urlopen(f"http://127.0.0.2:{port}/metrics", timeout=30) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        lag = next(family for family in families if family.name == "rundum_lag_records")
        partitions = [one.labels["partition"] for one in lag.samples if one.labels["topic"] == "web.tracking"]
        assert partitions == ["0", "1", "2", "3"]
        assert worker.end(signal.SIGTERM) == 0
    assert not is_healthy(service, {"127.0.0.1:7300": f"127.0.0.1:{port}"})


def test_one_of_three_brokers_can_go(three: Composed, tmp_path: Path) -> None:
    project = project_of(three, tmp_path / "project", THREE)
    produce(project, pages(100))
    with working(project):
        wait_for(lambda: landed(project) == 100, "What was told to three brokers")
        for topic in ("web.tracking", "own.rundum", "__consumer_offsets", "kafkasql-journal"):
            assert copies_of(three, topic) == {3}, topic
            assert settings_of(three, topic)["min.insync.replicas"] == "2", topic
        three.nodes["kafka-2"].kill()
        wait_for(lambda: is_done(lambda: produce(project, pages(100, first=100))), "A topic of two brokers")
        wait_for(lambda: landed(project) == 200, "What was told to two brokers")
        wait_for(lambda: is_done(lambda: register(three)), "The registry on two brokers")
