"""Decides how Kafka and the registry run where a Docker engine does: as the publishers' images.

Must never leave a container behind: testcontainers' reaper removes them when this process is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from tests.cluster.broker import ALONE, PROMPT, knows_itself, new_cluster
from tests.cluster.jvm import PATIENCE, wait_for
from tests.cluster.registry import DIALECT

KAFKA = "apache/kafka:4.3.0"
REGISTRY = "apicurio/apicurio-registry:3.0.9"
OUTSIDE, INSIDE, CONTROLLER, HTTP = 9092, 9093, 9094, 8080
BEGIN, LAST = "/tmp/begin.sh", "/etc/kafka/docker/run"


@contextmanager
def containers() -> Iterator[tuple[str, str]]:
    """Both of them, answering: the broker's HOST:PORT and the registry's URL."""
    with registry() as apicurio, kafka() as broker:
        yield (
            bootstrap(broker),
            f"http://{apicurio.get_container_host_ip()}:{apicurio.get_exposed_port(HTTP)}{DIALECT}",
        )


def registry() -> DockerContainer:
    """A registry in memory; entering it waits until it answers."""
    answering = HttpWaitStrategy(HTTP, f"{DIALECT}/subjects").with_startup_timeout(int(PATIENCE))
    return DockerContainer(REGISTRY).with_exposed_ports(HTTP).waiting_for(answering)


@contextmanager
def kafka() -> Iterator[DockerContainer]:
    """A broker that answers.

    It has to advertise the port that Docker gives it, which is known only when it runs: so it waits for a
    script. testcontainers' own KafkaContainer does the same, but for Confluent's image only.
    """
    waiting = f"until grep -qs {LAST} {BEGIN}; do sleep 0.1; done; exec bash {BEGIN}"
    container = DockerContainer(KAFKA).with_exposed_ports(OUTSIDE).with_envs(**environment())
    with container.with_kwargs(entrypoint=["bash", "-c"]).with_command([waiting]) as broker:
        broker.copy_into_container(script(bootstrap(broker)).encode(), BEGIN, 0o755)
        wait_for(lambda: knows_itself(bootstrap(broker)), f"Kafka in {KAFKA}")
        yield broker


def environment() -> dict[str, str]:
    """The broker's settings as its image takes them: KAFKA_LOG_DIRS is log.dirs."""
    settings = {
        **ALONE,
        **PROMPT,
        "controller.quorum.voters": f"1@localhost:{CONTROLLER}",
        "listeners": f"OUTSIDE://:{OUTSIDE},INSIDE://:{INSIDE},CONTROLLER://:{CONTROLLER}",
        "listener.security.protocol.map": "OUTSIDE:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INSIDE",
    }
    named = {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in settings.items()}
    return {"CLUSTER_ID": new_cluster(), **named}


def script(address: str) -> str:
    """What the container does once its address outside is known."""
    listeners = f"OUTSIDE://{address},INSIDE://localhost:{INSIDE}"
    return f"export KAFKA_ADVERTISED_LISTENERS={listeners}\nexec {LAST}\n"


def bootstrap(broker: DockerContainer) -> str:
    """HOST:PORT of a broker that runs."""
    return f"{broker.get_container_host_ip()}:{broker.get_exposed_port(OUTSIDE)}"
