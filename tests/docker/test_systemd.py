"""The unit for systemd names commands, options and paths that there are, and limits that leave room."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections import defaultdict
from pathlib import Path

import click
import pytest

from sinks.duckdb.database import MEMORY_LIMIT
from sinks.gateway.door import place_of
from streams.cli import main
from streams.settings import STORE

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker" / "rundum.service"
OWN_MIB = 350  # what a process takes beyond store.memory_limit
STOPS_WITHIN = 5


def settings(section: str) -> dict[str, str]:
    """The settings of a section; each stands there once."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    name = ""
    for line in FILE.read_text("utf-8").splitlines():
        if head := re.fullmatch(r"\[(\w+)\]", line):
            name = head[1]
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            assert key not in found[name], f"{key} stands there twice"
            found[name][key] = value
    assert set(found) == {"Unit", "Service", "Install"}
    return found[section]


SERVICE = settings("Service")
PROGRAM, *WORDS = SERVICE["ExecStart"].split()


def test_it_starts_a_command_that_there_is() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    home = Path(SERVICE["ExecStart"].partition("/.venv/")[0])
    assert Path(PROGRAM).relative_to(home / ".venv" / "bin").name in scripts
    assert "BIN := .venv/bin\n" in (ROOT / "Makefile").read_text("utf-8")
    documented = Path(settings("Unit")["Documentation"].removeprefix("file://"))
    assert (ROOT / documented.relative_to(home)).is_file()


def test_its_options_are_of_the_command() -> None:
    name, *more = WORDS
    assert more == ["$RUNDUM_OPTIONS"]  # a word of its own: systemd leaves it out where it is empty
    examples = re.findall(r"RUNDUM_OPTIONS=(.+?)\.?$", FILE.read_text("utf-8"), re.MULTILINE)
    assert examples
    context = click.Context(main)
    command = main.get_command(context, name)
    assert command
    for example in examples:
        assert command.make_context(name, example.split(), parent=context)


def test_all_that_is_written_is_in_the_folder_that_may_be_written() -> None:
    folder = Path("/var/lib") / SERVICE["StateDirectory"]
    assert Path(SERVICE["WorkingDirectory"]) == folder
    assert SERVICE["ProtectSystem"] == "strict"
    assert place_of(folder / STORE) == folder / f"{STORE}.door"
    assert SERVICE["UMask"] == "0077"
    assert SERVICE["StateDirectoryMode"] == "0700"


def test_the_door_is_outside_of_the_folder_just_where_the_unit_says_so() -> None:
    longest = re.search(r"more than (\d+) characters", FILE.read_text("utf-8"))
    assert longest
    fits, too_long = (Path("/".ljust(int(longest[1]) + more, "x")) for more in (0, 1))
    assert place_of(fits / STORE).parent == fits
    assert place_of(too_long / STORE).parent != too_long


def test_the_limits_leave_room() -> None:
    own = int(MEMORY_LIMIT.removesuffix("MB")) * 10**6 / 2**20 + OWN_MIB
    assert int(SERVICE["MemoryMax"].removesuffix("M")) >= 1.5 * own
    assert int(SERVICE["TimeoutStopSec"]) >= 2 * STOPS_WITHIN
    assert SERVICE["Restart"] == "on-failure"
    assert settings("Unit")["StartLimitIntervalSec"] == "0"  # a record that kills is found on the third start


def test_systemd_takes_it(tmp_path: Path) -> None:
    if not (analyze := shutil.which("systemd-analyze")):
        pytest.skip("systemd-analyze is not there")
    program = tmp_path / "rundum"
    program.touch(mode=0o755)
    unit = tmp_path / FILE.name
    unit.write_text(FILE.read_text("utf-8").replace(PROGRAM, str(program)), "utf-8")
    environment = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}
    done = subprocess.run(
        [analyze, "verify", "--man=no", unit], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
