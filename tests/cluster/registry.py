"""Decides how one real schema registry runs here: Apicurio, in Confluent's REST dialect, its data on disk.

Must never forget a schema that it has confirmed: a restart, in order or by kill, keeps every id.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.cluster.artefacts import fetch
from tests.cluster.jvm import QUICK, Jvm, free_port

DIALECT = "/apis/ccompat/v7"


class Registry(Jvm):
    """One Apicurio registry on 127.0.0.1."""

    def __init__(self, folder: Path, port: int = 0, *, java: Sequence[str] = QUICK) -> None:
        """`port` 0 takes a free one, and keeps it."""
        super().__init__(folder, java)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}{DIALECT}"

    @property
    def name(self) -> str:
        """What people call it."""
        return "The registry"

    def command(self) -> list[str]:
        """Nothing to make ready: it makes its database itself."""
        options = {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": self.port,
            "quarkus.http.access-log.enabled": "false",
            # With a delay, what was confirmed in the last half second would be lost by a kill.
            "apicurio.datasource.url": f"jdbc:h2:file:{self.folder / 'schemas'};WRITE_DELAY=0",
            "apicurio.datasource.jdbc.initial-size": 2,
            "apicurio.datasource.jdbc.min-size": 2,
        }
        flags = (f"-D{key}={value}" for key, value in options.items())
        return ["java", *self.java, *flags, "-jar", str(fetch().registry)]

    def answers(self, within: float = 5) -> bool:
        """Whether it can list what it holds, within so many seconds."""
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/subjects", timeout=within) as answer:
            return bool(answer.status == 200)
        return False
