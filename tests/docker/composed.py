"""Decides what the compose files say, and how a container's part of them runs where there is no container.

Must never start anything with other settings than theirs: only addresses and folders are replaced.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any, Self

import yaml

from tests.cluster.artefacts import ROOT, Unavailable, fetch
from tests.cluster.broker import LOGGING, Broker
from tests.cluster.jvm import free_port
from tests.cluster.registry import Registry

FOLDER = ROOT / "docker"
ONE, THREE = ("compose.yaml",), ("compose.yaml", "compose.three.yaml")
FILES = {"one": ONE, "three": THREE}
DATA = "/var/lib/kafka/data"
# The image has these two, and its code refuses to set anything up without them.
LOGS = "Configuration: {Loggers: {Root: {level: INFO}, Logger: []}}\n"
DEFAULTS = {"log4j2.yaml": LOGS, "tools-log4j2.yaml": LOGS, "server.properties": ""}


@cache
def services(*files: str) -> dict[str, dict[str, Any]]:
    """The services of compose files by name; later files add to earlier ones and override them."""
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        for name, said in document(file)["services"].items():
            found[name] = _merged(found.get(name, {}), said)
    return found


def document(file: str) -> dict[str, Any]:
    """What a YAML file of docker/ says."""
    said: dict[str, Any] = yaml.safe_load((FOLDER / file).read_text("utf-8"))
    return said


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """As Compose merges services: mappings by key, volumes by where they are mounted, ports by adding."""
    both = {**one, **other}
    for key in one.keys() & other.keys():
        if isinstance(other[key], dict):
            both[key] = {**one[key], **other[key]}
        elif key == "volumes":
            both[key] = list({mounted(said)[1]: said for said in (*one[key], *other[key])}.values())
        elif key == "ports":
            both[key] = [*one[key], *other[key]]
    return both


def mounted(volume: str) -> tuple[str, str]:
    """Source and target of a volume."""
    source, target, *_ = volume.split(":")
    return source, target


def brokers(files: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The services that are brokers."""
    return {name: said for name, said in services(*files).items() if name.partition("-")[0] == "kafka"}


def environment(service: Mapping[str, Any], outside: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service, with each address replaced by what it is out here."""
    return {name: replaced(str(value), outside) for name, value in service["environment"].items()}


def replaced(text: str, outside: Mapping[str, str]) -> str:
    """A text with addresses of containers replaced."""
    known = "|".join(re.escape(inside) for inside in sorted(outside, key=len, reverse=True))
    return re.sub(known, lambda found: outside[found[0]], text) if known else text


def is_healthy(service: Mapping[str, Any], outside: Mapping[str, str]) -> bool:
    """Runs the health check of a service, as its container would."""
    kind, program, *words = service["healthcheck"]["test"]
    assert kind == "CMD"
    here = [replaced(word, {"$$": "$", **outside}) for word in words]
    command = [{"python": sys.executable}.get(program, program), *here]
    seconds = int(service["healthcheck"]["timeout"].removesuffix("s"))
    with suppress(subprocess.TimeoutExpired):
        return not subprocess.run(command, capture_output=True, timeout=seconds, check=False).returncode
    return False


class Node(Broker):
    """A broker that the code of its image has set up from a service's environment."""

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str]) -> None:
        """`settings` is the environment, with addresses of this machine; `port` is for clients."""
        super().__init__(folder, port)
        self._environment = {**settings, "KAFKA_LOG_DIRS": str(self.data)}

    def command(self) -> list[str]:
        """Settings and data folder are made by Kafka's own KafkaDockerWrapper."""
        java = ["java", *self.java, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", f"{fetch().broker}/*"]
        words = ["kafka.docker.KafkaDockerWrapper", "setup"]
        for name in ("default", "mounted", "final"):
            (self.folder / name).mkdir(exist_ok=True)
            words += [f"--{name}-configs-dir", str(self.folder / name)]
        for name, text in DEFAULTS.items():
            (self.folder / "default" / name).write_text(text, "utf-8")
        ours = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
        done = subprocess.run(
            [*java, *words], env={**ours, **self._environment}, capture_output=True, text=True, check=False
        )
        if done.returncode and "already formatted" not in done.stdout + done.stderr:
            raise Unavailable(f"Kafka's image would not start: {done.stdout}{done.stderr}")
        return [*java, "kafka.Kafka", str(self.folder / "final" / "server.properties")]

    def is_healthy(self) -> bool:
        """What the health check of the service says."""
        return is_healthy(services(*ONE)["kafka"], {"127.0.0.1/9092": f"127.0.0.1/{self.port}"})


class SchemaNode(Registry):
    """A registry with the settings of a service's environment."""

    def __init__(self, folder: Path, service: Mapping[str, Any], outside: Mapping[str, str]) -> None:
        """`outside` has the addresses of the brokers."""
        super().__init__(folder)
        self._service, self._outside = service, {**outside, "127.0.0.1/8080": f"127.0.0.1/{self.port}"}

    def command(self) -> list[str]:
        """As the image does, but for address and port."""
        told = [f"{name}={value}" for name, value in environment(self._service, self._outside).items()]
        place = ["-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={self.port}"]
        return ["env", *told, "java", *self.java, *place, "-jar", str(fetch().registry)]

    def answers(self, within: float = 5) -> bool:
        """Whether the health check of the service says so; it has a patience of its own."""
        del within
        return is_healthy(self._service, self._outside)


class Composed:
    """Brokers and registry of compose files, without containers. `outside` has their addresses here."""

    def __init__(self, folder: Path, files: Iterable[str]) -> None:
        """Nothing is started yet."""
        own: dict[str, dict[str, str]] = {}
        ports: dict[str, int] = {}
        self.outside: dict[str, str] = {}
        for name, service in brokers(files).items():
            inside, beyond, controller = (f"127.0.0.1:{free_port()}" for _ in range(3))
            published = service["ports"][0].rpartition(":")[0]
            self.outside |= {f"{name}:9092": inside, f"{name}:9093": controller, published: beyond}
            ports[name] = int(inside.rpartition(":")[2])
            own[name] = {
                "INSIDE://:9092": f"INSIDE://{inside}",
                "OUTSIDE://:19092": f"OUTSIDE://{beyond}",
                "CONTROLLER://:9093": f"CONTROLLER://{controller}",
            }
        self.nodes = {
            name: Node(folder / name, ports[name], environment(service, self.outside | own[name]))
            for name, service in brokers(files).items()
        }
        self.registry = SchemaNode(folder / "registry", services(*files)["registry"], self.outside)
        self.outside["registry:8080"] = f"127.0.0.1:{self.registry.port}"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Starts the brokers, all at once, then the registry."""
        with self._stack:
            for node in (*self.nodes.values(), self.registry):
                self._stack.callback(node.kill)
            for node in self.nodes.values():
                node.launch()
            for node in self.nodes.values():
                node.wait()
            self.registry.start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Kills all of them."""
        self._stack.close()
