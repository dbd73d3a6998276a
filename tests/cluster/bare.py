"""Decides what commands a test finds on PATH: those that it puts there. Must never change the real ones."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.artefacts import java_version


class BarePath:
    """The only folder of PATH, with nothing in it but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        """An empty folder."""
        self.folder = folder

    def put(self, name: str, script: str) -> None:
        """A command that does what this shell script says."""
        file = self.folder / name
        file.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        file.chmod(0o755)

    def put_java(self, version: str) -> None:
        """A Java that says this is its version."""
        self.put("java", f"echo 'openjdk version \"{version}\" 2025-04-15' >&2")
        java_version.cache_clear()
