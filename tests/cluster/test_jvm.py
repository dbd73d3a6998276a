"""Ports that are free and stay so, and what a process that cannot start says."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.cluster.artefacts import Unavailable
from tests.cluster.jvm import LOWEST_PORT, PORTS, Jvm, free_port


def test_what_starts_and_fails_says_why(tmp_path: Path) -> None:
    class Failing(Jvm):
        def command(self) -> list[str]:
            return ["sh", "-c", "echo 'ERROR the disk is full' >&2; echo and so on; exit 3"]

        def answers(self) -> bool:
            return False

    with pytest.raises(Unavailable, match=r"Failing ended at its start; see .*log: ERROR the disk is full"):
        Failing(tmp_path, ()).start()


def test_ports_are_free_and_not_the_kernels_to_give() -> None:
    with socket.create_server(("127.0.0.1", free_port() + 1)) as theirs:
        taken = theirs.getsockname()[1]
        ports = [free_port() for _ in range(20)]
    assert taken not in ports
    assert len(set(ports)) == len(ports)
    assert all(LOWEST_PORT <= port < LOWEST_PORT + PORTS for port in ports)
