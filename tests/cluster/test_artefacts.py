"""Jars are fetched once, whole or not at all, and whoever cannot says what is missing."""

from __future__ import annotations

import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cluster import artefacts
from tests.cluster.artefacts import Unavailable, fetch, need_tools
from tests.cluster.bare import BarePath

MAVEN = """
for word in "$@"; do case $word in -DoutputDirectory=*) to=${{word#*=}};; esac; done
echo once >> {count}
/bin/mkdir -p $to; echo jar > $to/kafka.jar
/bin/sleep 0.2
/bin/cp {archive} $to/
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where nothing was ever fetched to."""
    monkeypatch.setattr(artefacts, "HOME", tmp_path / "home")
    return tmp_path / "home"


def test_many_who_want_them_fetch_them_once(tmp_path: Path, home: Path, bare_path: BarePath) -> None:
    (tmp_path / "app-runner.jar").write_text("jar")
    with tarfile.open(tmp_path / "app.tar.gz", "w:gz") as packed:
        packed.add(tmp_path / "app-runner.jar", "app-runner.jar")
    bare_path.put_java("17.0.15")
    bare_path.put("mvn", MAVEN.format(count=tmp_path / "count", archive=tmp_path / "app.tar.gz"))
    with ThreadPoolExecutor() as many:
        first, *others = many.map(lambda _: fetch(), range(4))
    assert (tmp_path / "count").read_text() == "once\n"
    assert [other == first for other in others] == [True] * 3
    assert [file.name for file in first.broker.iterdir()] == ["kafka.jar"]
    assert first.registry.name == "app-runner.jar"
    assert not list(home.glob("*.part"))


def test_half_a_download_is_not_taken_for_a_whole_one(home: Path, bare_path: BarePath) -> None:
    bare_path.put_java("17.0.15")
    with pytest.raises(Unavailable, match="install Maven"):
        need_tools()
    bare_path.put("mvn", "echo '[ERROR] no route to the repository'; exit 1")
    for _ in ("first", "second"):
        with pytest.raises(Unavailable, match=r"mend this and try again: .*no route to the repository"):
            fetch()
    assert not artefacts.fetched_folder().exists()
    assert home.exists()


@pytest.mark.parametrize(
    ("version", "reason"), [("", "there is no java on PATH"), ("1.8.0_402", "is 8"), ("11.0.2", "is 11")]
)
def test_java_is_missing_or_too_old(bare_path: BarePath, version: str, reason: str) -> None:
    bare_path.put_java(version)
    with pytest.raises(Unavailable, match=f"needs Java 17 or newer, but .*{reason}"):
        need_tools()
