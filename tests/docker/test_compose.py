"""The compose files and the image: what they name exists, and means what they take it for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sinks.duckdb.database import MEMORY_LIMIT
from streams.brokers import PASSWORD, REGISTRY_PASSWORD
from streams.cli import main
from streams.cli.run import GRACE_SECONDS
from streams.settings import FILE, KEYS, PORT, Project, read_project
from tests.cluster.artefacts import ROOT, fetch
from tests.cluster.containers import KAFKA, REGISTRY
from tests.cluster.registry import DIALECT
from tests.cluster.shared import need_maven
from tests.docker.composed import FILES, FOLDER, ONE, THREE, brokers, document, mounted, services
from tests.docker.test_systemd import OWN_MIB

DOCKERFILE = (FOLDER / "Dockerfile").read_text("utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SERVICES = [(files, name) for files in FILES.values() for name in services(*files)]
JVM = {"KAFKA_HEAP_OPTS"}  # read by Kafka's scripts


def binds(service: dict[str, Any]) -> dict[str, Path]:
    """What a service mounts of this repository, by where."""
    volumes = [mounted(volume) for volume in service.get("volumes", ())]
    return {target: FOLDER / source for source, target in volumes if source.startswith(".")}


def settings_of(files: tuple[str, ...], folder: Path) -> Project:
    """The project that the worker's container reads."""
    (file,) = (file for file in binds(services(*files)["worker"]).values() if file.suffix == ".toml")
    shutil.copy(file, folder / FILE)
    return read_project(folder)


@cache
def broker_settings() -> frozenset[str]:
    """The names of all settings of a broker, as it tells them itself."""
    need_maven()
    command = ["java", "-cp", f"{fetch().broker}/*", "kafka.server.KafkaConfig"]
    page = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return frozenset(re.findall(r'<h4><a id="([\w.]+)"', page))


@pytest.mark.parametrize(("files", "name"), SERVICES)
def test_images_are_pinned(files: tuple[str, ...], name: str) -> None:
    image, _, tag = services(*files)[name]["image"].partition(":")
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag), f"{image} has no version"
    expected = {"apache/kafka": KAFKA, "apicurio/apicurio-registry": REGISTRY, "rundum": PYPROJECT["version"]}
    assert f"{image}:{tag}".endswith(expected.get(image, tag)), "tests and packages have another version"


@pytest.mark.parametrize(("files", "name"), SERVICES)
def test_what_is_mounted_exists(files: tuple[str, ...], name: str) -> None:
    declared = {volume for file in files for volume in document(file)["volumes"]}
    service = services(*files)[name]
    assert all(file.exists() for file in binds(service).values())
    named = {mounted(volume)[0] for volume in service.get("volumes", ())} - {
        volume.split(":")[0] for volume in service.get("volumes", ()) if volume.startswith(".")
    }
    assert named <= declared
    for word in [*service.get("command", ()), *service.get("environment", {}).values()]:
        for path in re.findall(r"(?:^|=)(/etc/(?:prometheus|grafana)/[\w./]+)", str(word)):
            folder = next(target for target in binds(service) if path.startswith(target))
            assert (FOLDER / f"{binds(service)[folder]}{path.removeprefix(folder)}").exists(), path


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_every_volume_is_used_by_one_service(files: tuple[str, ...]) -> None:
    declared = sorted(volume for file in files for volume in document(file)["volumes"])
    used = [mounted(volume)[0] for one in services(*files).values() for volume in one.get("volumes", ())]
    assert sorted(volume for volume in used if not volume.startswith(".")) == declared


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_ports_are_this_machines_only_and_no_two_alike(files: tuple[str, ...]) -> None:
    ports = [port for one in services(*files).values() for port in one.get("ports", ())]
    taken = [port.split(":")[1] for port in ports]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len(set(taken)) == len(taken)


@pytest.mark.parametrize(("files", "name"), SERVICES)
def test_who_waits_for_whom_can_be_told(files: tuple[str, ...], name: str) -> None:
    for other, how in services(*files)[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert services(*files)[other]["healthcheck"]["test"]


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_all_services_are_alike_in_what_all_need(files: tuple[str, ...]) -> None:
    for name, service in services(*files).items():
        assert service["restart"] == "unless-stopped", name
        assert service["init"] is True, name
        assert service["logging"]["options"]["max-size"], name


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_broker_settings_exist(files: tuple[str, ...]) -> None:
    for service in brokers(files).values():
        for name in service["environment"].keys() - {"CLUSTER_ID", *JVM}:
            assert name.removeprefix("KAFKA_").replace("_", ".").lower() in broker_settings(), name
    assert "log.retention.millis" not in broker_settings()


def test_three_brokers_are_like_one_but_for_their_number() -> None:
    (one,) = (service["environment"] for service in brokers(ONE).values())
    three = brokers(THREE)
    for name, service in three.items():
        told = service["environment"]
        differ = {key for key in one.keys() | told.keys() if one.get(key) != told.get(key)}
        assert differ - {"KAFKA_NODE_ID", "KAFKA_ADVERTISED_LISTENERS"} == {
            "CLUSTER_ID", "KAFKA_CONTROLLER_QUORUM_VOTERS", "KAFKA_MIN_INSYNC_REPLICAS",
            *(key for key in one if key.endswith(("REPLICATION_FACTOR", "MIN_ISR"))),
        }  # fmt: skip
        voter = f"{told['KAFKA_NODE_ID']}@{name}:9093"
        assert voter in told["KAFKA_CONTROLLER_QUORUM_VOTERS"].split(",")
        assert f"INSIDE://{name}:9092," in told["KAFKA_ADVERTISED_LISTENERS"]
        assert {key: service[key] for key in service if key not in ("environment", "ports", "volumes")} == {
            key: three["kafka"][key] for key in service if key not in ("environment", "ports", "volumes")
        }
        (port,) = service["ports"]
        assert f"OUTSIDE://{port.rpartition(':')[0]}" in told["KAFKA_ADVERTISED_LISTENERS"]


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_the_settings_of_the_project_fit_the_services(files: tuple[str, ...], tmp_path: Path) -> None:
    project = settings_of(files, tmp_path)
    assert project.kafka
    assert project.kafka.cluster.bootstrap == ",".join(f"{name}:9092" for name in brokers(files))
    assert project.kafka.registry.url == f"http://registry:8080{DIALECT}"
    assert project.host == "0.0.0.0"
    assert project.port == PORT
    for service in brokers(files).values():
        assert service["environment"]["KAFKA_DEFAULT_REPLICATION_FACTOR"] == project.kafka.replication
    assert project.kafka.replication == len(brokers(files))
    asked = services(*files)["registry"]["environment"]["APICURIO_KAFKASQL_BOOTSTRAP_SERVERS"]
    assert asked == project.kafka.cluster.bootstrap


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_no_setting_is_unknown(files: tuple[str, ...], tmp_path: Path) -> None:
    settings_of(files, tmp_path)
    told = tomllib.loads((tmp_path / FILE).read_text("utf-8"))
    assert all(key in KEYS[table] for table, keys in told.items() for key in keys)


def test_settings_of_the_registry_exist() -> None:
    need_maven()
    with zipfile.ZipFile(fetch().registry) as jar:
        known = re.findall(r"^([\w.-]+)=", jar.read("application.properties").decode(), re.MULTILINE)
    for name in services(*ONE)["registry"]["environment"]:
        assert name in {key.upper().replace(".", "_").replace("-", "_") for key in known}


def test_the_worker_is_a_command_with_room_and_time() -> None:
    worker = services(*ONE)["worker"]
    assert worker["command"] == ["worker"]
    assert main.get_command(main.make_context("rundum", ["worker"]), "worker")
    assert worker["environment"].keys() == {PASSWORD, REGISTRY_PASSWORD}
    assert f"127.0.0.1:{PORT}/health" in worker["healthcheck"]["test"][-1]
    assert all(port.endswith(f":{PORT}") for port in worker["ports"])
    assert int(worker["stop_grace_period"].removesuffix("s")) >= 2 * GRACE_SECONDS
    needs = int(MEMORY_LIMIT.removesuffix("MB")) * 10**6 / 2**20 + OWN_MIB
    assert int(worker["mem_limit"].removesuffix("g")) * 1024 >= 1.5 * needs


def test_the_image_runs_it_in_the_volume_as_nobody_special() -> None:
    def told(word: str) -> list[str]:
        return re.findall(rf"^{word} (.+)$", DOCKERFILE, re.MULTILINE)

    worker = services(*ONE)["worker"]
    targets = [mounted(volume)[1] for volume in worker["volumes"]]
    assert [*told("VOLUME"), *told("WORKDIR")[-1:]] == [targets[0]] * 2
    assert targets[1] == f"{targets[0]}/{FILE}"
    assert told("USER") == ["rundum"]
    assert told("ENTRYPOINT") == ['["rundum"]']
    assert "rundum" in PYPROJECT["scripts"]
    assert told("EXPOSE") == [str(PORT)]
    assert {image.split()[0] for image in told("FROM")} == {"python:3.11.14-slim-bookworm"}
    assert worker["build"] == {"context": "..", "dockerfile": "docker/Dockerfile"}


def test_the_image_holds_the_whole_program(tmp_path: Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) (?:\./|\w+)$", DOCKERFILE, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert sorted(f"!{name}" for name in names) == sorted(line for line in ignored if line.startswith("!"))
    for name in names:
        source, target = ROOT / name, tmp_path / "build" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(exist_ok=True)
            shutil.copy(source, target)
    command = re.search(r"tools/bin/pip (wheel .+) --wheel-dir wheels \.", DOCKERFILE)
    assert command
    done = subprocess.run(
        [sys.executable, "-m", "pip", *command[1].split(), "--wheel-dir", tmp_path, "."],
        cwd=tmp_path / "build", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = zipfile.ZipFile(wheel).namelist()
    for part in ("schemas", "streams", "sinks"):
        for file in (tmp_path / "build" / part).rglob("*"):
            assert file.is_dir() or str(file.relative_to(tmp_path / "build")) in packed


def test_the_image_installs_what_the_lock_file_says() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for text in (makefile, DOCKERFILE):
        assert re.search(r"pip install --quiet .*--require-hashes --no-deps -r requirements\.lock", text)
    assert "--constraint requirements.lock" in DOCKERFILE
    locked = (ROOT / "requirements.lock").read_text("utf-8")
    assert re.search(r"^uv==", locked, re.MULTILINE)


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_docker_compose_takes_it(files: tuple[str, ...]) -> None:
    words = [word for file in files for word in ("-f", str(FOLDER / file))]
    command = ["docker", "compose", *words, "config", "--quiet"]
    docker = shutil.which("docker")
    if (
        not docker
        or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("docker compose is not there")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
