"""A cluster that wants TLS and a password: reached with them, and refused without."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from streams.brokers import PASSWORD
from streams.log.cluster import Cluster, Wish
from streams.log.kafka import KafkaLog
from streams.log.protocol import LogError, LogUnreachable, Outgoing
from streams.log.topics import Topics
from tests.cluster.broker import Broker
from tests.cluster.jvm import free_port
from tests.cluster.shared import Cluster as Served
from tests.cluster.shared import need_maven
from tests.grown import await_landed, grown_project, heads, produce, working
from tests.living import landed, pages
from tests.streams.log.conformance import read_on, values

USER, SECRET = "rundum", "geheim"
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"


def keys(folder: Path) -> tuple[Path, Path]:
    """A broker's key of its own, and the certificate that clients trust."""
    store, certificate = folder / "broker.p12", folder / "ca.pem"
    tool = ["keytool", "-keystore", str(store), "-storepass", SECRET, "-alias", "broker"]
    make = [
        "-genkeypair",
        "-keyalg",
        "EC",
        "-storetype",
        "PKCS12",
        "-dname",
        "CN=broker",
        "-ext",
        "SAN=IP:127.0.0.1",
    ]
    subprocess.run([*tool, *make], check=True, capture_output=True)
    subprocess.run([*tool, "-exportcert", "-rfc", "-file", str(certificate)], check=True, capture_output=True)
    return store, certificate


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker with a door of each kind, and the way through the locked one."""
    need_maven()
    folder = tmp_path_factory.mktemp("secured")
    store, certificate = keys(folder)
    plain, locked, controller = (f"127.0.0.1:{free_port()}" for _ in range(3))
    settings = {
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{plain},SASL_SSL://{locked},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{plain},SASL_SSL://{locked}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": f'{LOGIN} user_{USER}="{SECRET}";',
        "ssl.keystore.location": str(store),
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.password": SECRET,
    }
    with Broker(folder / "broker", int(plain.rpartition(":")[2]), settings=settings) as broker:
        yield Cluster(locked, "SASL_SSL", certificate, username=USER, password=SECRET)
    shutil.rmtree(broker.data, ignore_errors=True)


def test_both_clients_get_in(secured: Cluster) -> None:
    Topics(secured).create({"shop.secured": Wish(2)})
    with KafkaLog(secured, {"shop.secured": "shop.secured"}) as log:
        log.append([Outgoing("shop.secured", b"%d" % at, b"k") for at in range(50)])
        assert values(read_on(log, {})) == [b"%d" % at for at in range(50)]


def test_a_wrong_password_is_refused_in_words(secured: Cluster) -> None:
    with pytest.raises(LogError, match="refuses this user"):
        Topics(replace(secured, password="falsch")).create({"shop.other": Wish()})


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(secured: Cluster) -> None:
    with pytest.raises(LogUnreachable):
        Topics(replace(secured, ca=None)).cluster_id()


def test_the_whole_worker_gets_in(
    secured: Cluster, kafka: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, SECRET)
    told = {"bootstrap": secured.bootstrap, "security": "SASL_SSL", "username": USER, "ca": str(secured.ca)}
    project = grown_project(tmp_path / "shop", kafka, **told)
    produce(project, pages(30))
    with working(project) as worker:
        await_landed(project, heads(project))
        assert landed(project) == 30
        assert worker.end(signal.SIGTERM) == 0
