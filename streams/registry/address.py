"""How a schema registry is reached over HTTP.

Decides how settings become those of the client. Must never connect, nor load the client.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 4.0  # for an answer


@dataclass(frozen=True)
class Address:
    """How a registry is reached."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None

    def settings(self) -> dict[str, Any]:
        """The settings of confluent-kafka's client."""
        told: dict[str, Any] = {"url": self.url, "timeout": SECONDS, "max.retries": 0}
        if self.username:
            told["basic.auth.user.info"] = f"{self.username}:{self.password}"
        if self.ca:
            told["ssl.ca.location"] = str(self.ca)
        return told
