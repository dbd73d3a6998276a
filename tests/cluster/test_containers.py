"""What is said to Docker, where no engine runs to hear it."""

from __future__ import annotations

from tests.cluster.artefacts import POM
from tests.cluster.containers import KAFKA, REGISTRY, environment, script


def test_containers_are_of_the_versions_that_maven_fetches() -> None:
    pom = POM.read_text("utf-8")
    for image in (KAFKA, REGISTRY):
        assert f"<version>{image.partition(':')[2]}</version>" in pom


def test_a_container_is_told_the_same_settings() -> None:
    told = environment()
    assert told["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert told["KAFKA_CONTROLLER_QUORUM_VOTERS"] == "1@localhost:9094"
    assert len(told["CLUSTER_ID"]) == 22
    assert "OUTSIDE://engine.example:32768,INSIDE://localhost:9093\n" in script("engine.example:32768")
