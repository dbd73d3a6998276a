"""Decides where the jars of the real Kafka and registry lie; Maven fetches them once for each pom.xml.

Must never leave half a download where a whole one is looked for, nor let two processes fetch at once.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
HOME = ROOT / "build" / "kafka"  # git ignores it
POM = Path(__file__).with_name("pom.xml")
OLDEST_JAVA = 17
PATIENCE = 900.0  # seconds; 150 MB over a slow line


class Unavailable(RuntimeError):
    """What cannot be started here; its text is a sentence with the reason and what to do."""


class Artefacts(NamedTuple):
    """What Maven has fetched."""

    broker: Path  # a folder of jars
    registry: Path  # one jar, which finds its libraries beside it


@contextmanager
def locked(file: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Holds a lock on a file, waiting for it; the kernel drops it with the process. Its folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as held:
        fcntl.flock(held, how)
        yield


def need_tools() -> None:
    """Says what is missing to start anything here.

    Raises:
        Unavailable: Java is missing or too old; or Maven is missing, and never fetched anything.
    """
    version = java_version(os.environ.get("PATH", ""))
    if version < OLDEST_JAVA:
        found = f"the java on PATH is {version}" if version else "there is no java on PATH"
        raise Unavailable(f"Kafka needs Java {OLDEST_JAVA} or newer, but {found}; install a JDK or JRE.")
    if not fetched_folder().exists() and not shutil.which("mvn"):
        raise Unavailable("Kafka's jars are fetched by Maven, but there is no mvn on PATH; install Maven.")


def fetch() -> Artefacts:
    """The jars, after fetching them if this pom.xml's were never fetched.

    Raises:
        Unavailable: tools are missing (need_tools), or Maven could not fetch.
    """
    need_tools()
    whole = fetched_folder()
    with locked(HOME / "fetching.lock"):
        if not whole.exists():
            part = whole.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            _download(part / "broker")
            _unpack(part)
            part.rename(whole)
    return Artefacts(whole / "broker", next((whole / "registry").glob("*-runner.jar")))


def fetched_folder() -> Path:
    """Where the jars of today's pom.xml are, once they are there."""
    return HOME / f"jars-{sha256(POM.read_bytes()).hexdigest()[:12]}"


@cache
def java_version(path: str) -> int:
    """The major version of the java on such a PATH; 0 if there is none that says so."""
    java = shutil.which("java", path=path)
    if not java:
        return 0
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else 0


def _download(jars: Path) -> None:
    goals = ("dependency:copy-dependencies", "dependency:copy")
    command = ["mvn", "-B", "-q", "-f", str(POM), *goals, f"-DoutputDirectory={jars}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"Maven did not fetch Kafka's jars within {PATIENCE:.0f} s; try again.") from error
    if done.returncode:
        reason = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stderr.strip())
        raise Unavailable(f"Maven could not fetch Kafka's jars; mend this and try again: {reason}")


def _unpack(folder: Path) -> None:
    """The registry's archive lies among the broker's jars; both have libraries of the same names."""
    archive = next((folder / "broker").glob("*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "registry", filter="data")
    archive.unlink()
