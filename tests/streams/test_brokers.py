"""What a project may say of Kafka, and what it is told where that is wrong."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from streams.brokers import NUMBERS, PASSWORD, REGISTRY_PASSWORD, TEXTS, Kafka
from streams.settings import TEMPLATE, Project, SettingsError, grown, read_project
from tests.living import new_project

HERE: dict[str, Any] = {"bootstrap": "a:9092,b:9092", "registry": "http://c:8081"}


def project(folder: Path, **keys: Any) -> Project:
    return new_project(folder / "shop", kafka={**HERE, **keys})


def kafka(folder: Path, **keys: Any) -> Kafka:
    found = project(folder, **keys).kafka
    assert found
    return found


def test_without_a_cluster_there_is_no_kafka(tmp_path: Path) -> None:
    assert project(tmp_path, bootstrap="").kafka is None


def test_every_setting_stands_in_the_file_that_init_makes() -> None:
    told = TEMPLATE.partition("[kafka]")[2]
    assert [key for key in (*TEXTS, *NUMBERS) if f"\n{key} = " not in told] == []


def test_topics_are_made_by_what_may_be_trimmed(tmp_path: Path) -> None:
    found = kafka(tmp_path, partitions=12, replication=3, retention_hours=2, prefix="eu.")
    assert found.named("shop.standard") == "eu.shop.standard"
    shop, own, clock = map(found.wish, ("shop.standard", "own.rundum", "own.clock"))
    assert (shop.partitions, shop.replication, shop.retention_ms) == (12, 3, 7_200_000)
    assert (own.partitions, own.replication, own.retention_ms) == (1, 3, -1)
    assert clock.retention_ms == 7_200_000


def test_secrets_come_from_the_environment_and_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, "geheim")
    monkeypatch.setenv(REGISTRY_PASSWORD, "auch geheim")
    found = kafka(
        tmp_path, security="SASL_SSL", mechanism="SCRAM-SHA-512", username="rundum", registry_username="reg"
    )
    assert "geheim" not in repr(found)
    told = found.cluster.for_librdkafka()
    assert (told["security.protocol"], told["sasl.mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (told["sasl.username"], told["sasl.password"]) == ("rundum", "geheim")
    ours = found.cluster.for_aiokafka()
    assert (ours["sasl_plain_username"], ours["sasl_plain_password"]) == ("rundum", "geheim")
    assert isinstance(ours["ssl_context"], ssl.SSLContext)
    assert found.registry.settings()["basic.auth.user.info"] == "reg:auch geheim"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"registry": ""}, "kafka.registry: must be the address of a schema registry"),
        ({"partitions": 0}, "kafka.partitions: must be a whole number above 0"),
        ({"security": "TLS"}, "kafka.security: must be one of PLAINTEXT, SSL"),
        ({"security": "SASL_SSL"}, "kafka.username: SASL_SSL needs it, and the password in the environment"),
        ({"ca": "none.pem"}, "kafka.ca: there is no file"),
        ({"bootstrap": 9092}, "kafka.bootstrap: must be a text"),
        ({"boostrap": "a"}, "kafka.boostrap: unknown key"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        project(tmp_path, **keys)


def test_the_command_line_names_another_cluster(tmp_path: Path) -> None:
    other = grown(project(tmp_path, partitions=7), "d:9092", None).kafka
    assert other
    assert (other.cluster.bootstrap, other.registry.url, other.partitions) == ("d:9092", "http://c:8081", 7)
    none = read_project(new_project(tmp_path / "plain").root)
    both = grown(none, "d:9092", "http://e").kafka
    assert both
    assert (both.cluster.bootstrap, both.registry.url) == ("d:9092", "http://e")
    with pytest.raises(SettingsError, match="name the cluster and its registry"):
        grown(none, "d:9092", None)
