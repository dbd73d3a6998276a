"""The worked pages, tried word for word: files are written, commands run, answers compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from schemas.catalogue import SHIPPED

GUIDES = SHIPPED / "guides"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LONGEST_PAGE = 120


class Block(NamedTuple):
    """A fenced block: its language, the keys beside it, its text."""

    language: str
    keys: dict[str, str]
    text: str


def blocks(page: Path) -> Iterator[Block]:
    for language, info, text in FENCE.findall(page.read_text("utf-8")):
        yield Block(language, dict(key.split("=", 1) for key in info.split()), text)


class Reader:
    """Somebody who follows a page in an empty folder, in one shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "empty"
        self.folder.mkdir()
        self.where = folder / "where"
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environment = {**os.environ, "PATH": path, "WHERE": str(self.where)}

    def write(self, block: Block) -> None:
        file = self.folder / block.keys["file"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, block.keys.get("encoding", "utf-8"))

    def run(self, commands: str) -> str:
        """What the commands say; the next ones go on in the folder where these ended."""
        script = f'set -eo pipefail\n{commands}\npwd > "$WHERE"\n'
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        self.folder = Path(self.where.read_text().strip())
        return done.stdout


def pattern(text: str) -> str:
    """An expected answer: `...` stands for anything, spaces at the end of a line for nothing."""
    return ".*?".join(re.escape(part) for part in clean(text).split("..."))


def clean(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


@pytest.mark.parametrize("page", sorted(GUIDES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_is_true_word_for_word(page: Path, tmp_path: Path) -> None:
    reader, answer = Reader(tmp_path), ""
    for block in blocks(page):
        if "file" in block.keys:
            reader.write(block)
        elif block.language == "sh":
            answer = reader.run(block.text)
        else:
            assert block.language == "text"
            assert re.fullmatch(pattern(block.text), clean(answer), re.DOTALL), answer


@pytest.mark.parametrize("page", sorted(GUIDES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_is_short_and_can_be_found(page: Path) -> None:
    assert len(page.read_text("utf-8").splitlines()) <= LONGEST_PAGE
    assert f"guides/{page.name}" in (SHIPPED / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\(([\w/.]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists()
