"""The README is true: its commands exist, its files are there, its make targets too."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from streams import cli

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text("utf-8")
COMMANDS = sorted(set(re.findall(r"^rundum .+|(?<=`)rundum [^`]+", TEXT, re.MULTILINE)))
TABLE = re.findall(r"^\| (`rundum .+?) \|", TEXT, re.MULTILINE)
PATHS = sorted(set(re.findall(r"`((?:schemas|streams|sinks)/[\w/.]+)`|\]\(([\w/.]+)\)", TEXT)))


def resolve(words: list[str]) -> click.Command:
    """The command that words name, as far as they do."""
    command: click.Command = cli.main
    for word in words:
        if not isinstance(command, click.Group):
            break
        inner = command.get_command(click.Context(command), word)
        assert inner, f"there is no `rundum {' '.join(words)}`"
        command = inner
    return command


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_in_the_readme_exists(line: str) -> None:
    words = line.split("&&")[0].split()[1:]
    command = resolve(words[:1] if words[0] not in ("rejected", "schemas") else words[:2])
    known = {name for option in command.params for name in option.opts}
    for option in re.findall(r"--[\w-]+", line):
        assert option in known, f"{line} has no {option}"
    shown = CliRunner().invoke(cli.main, [words[0], "--help"])
    assert shown.exit_code == 0


def test_every_command_is_in_the_readme() -> None:
    listed = {words.split()[1] for row in TABLE for words in re.findall(r"`([^`]+)`", row) if " " in words}
    assert listed == set(cli.COMMANDS)
    for row in TABLE:
        first, *others = re.findall(r"`([^`]+)`", row)
        for word in (word for word in others if " " not in word):
            resolve([first.split()[1], word])


@pytest.mark.parametrize("path", ["".join(pair) for pair in PATHS])
def test_every_file_in_the_readme_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_make_target_in_the_readme_is_there() -> None:
    for target in set(re.findall(r"make (\w+)", TEXT)):
        dry = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert dry.returncode == 0, dry.stderr
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
