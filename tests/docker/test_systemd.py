"""The units for systemd name commands, options and paths that there are, and limits that leave room."""

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
from streams.brokers import PASSWORD, REGISTRY_PASSWORD
from streams.cli import main
from streams.settings import STORE

ROOT = Path(__file__).parents[2]
FILES = {"run": ROOT / "docker" / "rundum.service", "worker": ROOT / "docker" / "rundum-worker.service"}
OWN_MIB = 350  # what a process takes beyond store.memory_limit
STOPS_WITHIN = 5
NETWORK = {"IPAddressDeny", "IPAddressAllow", "RestrictAddressFamilies"}

Sections = dict[str, dict[str, str]]


def read(file: Path) -> Sections:
    """The settings of each section; each stands there once."""
    found: Sections = defaultdict(dict)
    name = ""
    for line in file.read_text("utf-8").splitlines():
        if head := re.fullmatch(r"\[(\w+)\]", line):
            name = head[1]
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            assert key not in found[name], f"{key} stands there twice"
            found[name][key] = value
    assert set(found) == {"Unit", "Service", "Install"}
    return found


@pytest.fixture(params=FILES)
def name(request: pytest.FixtureRequest) -> str:
    """The command that a unit starts."""
    return str(request.param)


@pytest.fixture
def unit(name: str) -> Sections:
    return read(FILES[name])


@pytest.fixture
def service(unit: Sections) -> dict[str, str]:
    return unit["Service"]


def test_it_starts_a_command_that_there_is(unit: Sections, service: dict[str, str]) -> None:
    program = service["ExecStart"].split()[0]
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    home = Path(program.partition("/.venv/")[0])
    assert Path(program).relative_to(home / ".venv" / "bin").name in scripts
    assert "BIN := .venv/bin\n" in (ROOT / "Makefile").read_text("utf-8")
    documented = Path(unit["Unit"]["Documentation"].removeprefix("file://"))
    assert (ROOT / documented.relative_to(home)).is_file()


def test_its_options_are_of_the_command(name: str, service: dict[str, str]) -> None:
    words = service["ExecStart"].split()[1:]
    assert words == [name, "$RUNDUM_OPTIONS"]  # a word of its own: systemd leaves it out where it is empty
    examples = re.findall(r"RUNDUM_OPTIONS=(--\S+ \d+)", FILES[name].read_text("utf-8"))
    assert examples
    context = click.Context(main)
    command = main.get_command(context, name)
    assert command
    for example in examples:
        assert command.make_context(name, example.split(), parent=context)


def test_all_that_is_written_is_in_the_folder_that_may_be_written(service: dict[str, str]) -> None:
    folder = Path("/var/lib") / service["StateDirectory"]
    assert Path(service["WorkingDirectory"]) == folder
    assert service["ProtectSystem"] == "strict"
    assert place_of(folder / STORE) == folder / f"{STORE}.door"
    assert service["UMask"] == "0077"
    assert service["StateDirectoryMode"] == "0700"


def test_the_door_is_outside_of_the_folder_just_where_the_unit_says_so(name: str) -> None:
    longest = re.search(r"more than (\d+) characters", FILES[name].read_text("utf-8"))
    assert longest
    fits, too_long = (Path("/".ljust(int(longest[1]) + more, "x")) for more in (0, 1))
    assert place_of(fits / STORE).parent == fits
    assert place_of(too_long / STORE).parent != too_long


def test_the_limits_leave_room(unit: Sections, service: dict[str, str]) -> None:
    own = int(MEMORY_LIMIT.removesuffix("MB")) * 10**6 / 2**20 + OWN_MIB
    assert mebibytes(service["MemoryMax"]) >= 1.5 * own
    assert int(service["TimeoutStopSec"]) >= 2 * STOPS_WITHIN
    assert service["Restart"] == "on-failure"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"  # a record that kills is found on the third start


def mebibytes(size: str) -> int:
    """A size as systemd takes it, in MiB."""
    return int(size[:-1]) * {"M": 1, "G": 1024}[size[-1]]


def test_the_two_differ_only_in_what_they_reach() -> None:
    run, worker = (read(file)["Service"] for file in FILES.values())
    differ = {key for key in run.keys() | worker.keys() if run.get(key) != worker.get(key)}
    assert differ - NETWORK == {"ExecStart", "EnvironmentFile", "MemoryMax"}
    assert mebibytes(worker["MemoryMax"]) > mebibytes(run["MemoryMax"])
    assert "IPAddressDeny" not in worker, "brokers are on other machines"
    assert read(FILES["worker"])["Unit"]["Conflicts"] == FILES["run"].name


def test_the_passwords_are_those_of_the_program() -> None:
    named = re.findall(r"RUNDUM_\w+PASSWORD", FILES["worker"].read_text("utf-8"))
    assert set(named) == {PASSWORD, REGISTRY_PASSWORD}


def test_systemd_takes_it(name: str, service: dict[str, str], tmp_path: Path) -> None:
    if not (analyze := shutil.which("systemd-analyze")):
        pytest.skip("systemd-analyze is not there")
    program = tmp_path / "rundum"
    program.touch(mode=0o755)
    file = tmp_path / FILES[name].name
    text = FILES[name].read_text("utf-8").replace(service["ExecStart"].split()[0], str(program))
    file.write_text(text, "utf-8")
    environment = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}
    done = subprocess.run(
        [analyze, "verify", "--man=no", file], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
