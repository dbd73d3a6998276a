"""`make kafka` says where both are, keeps what they hold, and ends both when it is ended."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from tests.cluster.artefacts import ROOT
from tests.cluster.broker import knows_itself
from tests.cluster.jvm import PATIENCE, free_port
from tests.cluster.shared import need_maven
from tests.cluster.topics import Raw, create, produce, read

SCHEMA = Schema('{"type":"record","name":"A","fields":[]}', "AVRO")


@contextmanager
def up(folder: Path, kafka: int, registry: int) -> Iterator[subprocess.Popen[str]]:
    """What `make kafka` runs."""
    command = [sys.executable, "-m", "tests.cluster.up", "--folder", str(folder)]
    with subprocess.Popen(
        [*command, "--kafka", str(kafka), "--registry", str(registry)],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield process
        process.kill()


def addresses(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Broker and registry, as said in the line to copy."""
    assert process.stdout
    for line in process.stdout:
        if found := re.match(r"rundum worker --kafka (\S+) --registry (\S+)$", line):
            return found[1], found[2]
    raise AssertionError(process.communicate())


def test_topics_and_schemas_are_kept(tmp_path: Path) -> None:
    need_maven()
    kafka, registry = free_port(), free_port()
    for run, how in enumerate((signal.SIGINT, signal.SIGTERM)):
        with up(tmp_path, kafka, registry) as process:
            broker, url = addresses(process)
            assert broker == f"127.0.0.1:{kafka}"
            with SchemaRegistryClient({"url": url}) as client:
                assert client.get_subjects() == ["kept"][:run]
                assert client.register_schema("kept", SCHEMA) == 1
            if not run:
                create(broker, "kept")
            produce(broker, "kept", [Raw(b"one")])
            assert len(read(broker, "kept")) == run + 1
            process.send_signal(how)
            said, complaint = process.communicate(timeout=PATIENCE)
        assert (process.returncode, complaint) == (0, "")
        assert "topics and schemas are kept" in said
        assert not knows_itself(broker)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        port = theirs.getsockname()[1]
        with up(tmp_path, port, free_port()) as process:
            said, complaint = process.communicate()
    assert (process.returncode, said) == (1, "")
    assert complaint == (
        f"Error: Port {port} is taken, perhaps by another `make kafka`; "
        f"choose one: make kafka KAFKA_PORT={port + 1}\n"
    )
