"""docker/README.md says what a running process really says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.catalogue import load
from sinks.gateway.door import place_of
from streams.brokers import CHOICES, NUMBERS, PASSWORD, REGISTRY_PASSWORD, TEXTS
from streams.core.model import Place
from streams.health import WELL
from streams.inlet import embedded_inlet
from streams.log.protocol import Ends, PositionError, check_life, check_start
from streams.settings import FILE, KEEP_HOURS, LIMITS, LOG, PORT, STORE, init_project
from streams.state import BEHIND, STANDBY, STARTING, STOPPING
from streams.worker.control import UNKNOWN
from tests.beside import Running
from tests.cluster.registry import DIALECT
from tests.docker.composed import ONE, services
from tests.test_readme import resolve

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker" / "README.md").read_text("utf-8")
SUFFIX = {"counter": "_total"}
COMMANDS = sorted(
    set(
        re.findall(
            r"(?<=`)rundum [a-z][^`]*|(?<=rundum )rundum .+|(?<=worker )rundum .+|^rundum .+", TEXT, re.M
        )
    )
)
assert len(COMMANDS) > 5
LINKS = sorted({*re.findall(r"\]\(([^)#]+)\)", TEXT), *re.findall(r"\b(docker/[\w.-]+\w)", TEXT)})


def rows(header: str) -> list[list[str]]:
    """The cells of the table with a header."""
    lines = TEXT[TEXT.index(header) :].splitlines()[2:]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[: next(number for number, line in enumerate(lines) if not line)]
    ]


def test_every_metric_is_told_and_every_told_metric_is_there(tmp_path: Path) -> None:
    project = init_project(tmp_path / "shop")
    with embedded_inlet(project.log, load()) as inlet:
        inlet.log.append(
            [inlet.outgoing(load().events["own/clock/ticked"], {"event_id": "x", "occurred_at": 0})]
        )
    with Running(project.root) as run:
        run.await_health(lambda health: health["landed"] and not health["waiting"])
        families = [*text_string_to_metric_families(run.metrics())]
    told = {(name.strip("`"), kind) for name, kind, _ in rows("| Metric |")}
    there = {(family.name + SUFFIX.get(family.type, ""), family.type) for family in families}
    assert told == {(name, kind) for name, kind in there if not name.endswith("_created")}


def test_the_labels_are_told() -> None:
    told = {name.strip("`"): text for name, _, text in rows("| Metric |")}
    source = (ROOT / "streams" / "health.py").read_text("utf-8")
    for name, labels in re.findall(r'"(rundum_\w+)",\s*"[^"]+",\s*labels=\[([^\]]+)\]', source):
        text = told.get(name) or told[f"{name}_total"]
        for label in re.findall(r"\w+", labels):
            assert f"`{label}`" in text, f"{name} has a label {label}"


def test_every_status_is_told_with_its_code() -> None:
    told = {status.strip("`"): int(code) for status, code, *_ in rows("| `status` |")}
    assert {status for status, code in told.items() if code == 200} == set(WELL)
    assert {STARTING, STANDBY, STOPPING, "behind", "stuck"} <= set(told)
    assert set(told) == set(re.findall(r"`(\w+)`", read_verdicts())), "of State.verdict"
    assert BEHIND == 60


def read_verdicts() -> str:
    source = (ROOT / "streams" / "state.py").read_text("utf-8")
    found = re.search(r'"""(.+), and why\."""', source)
    assert found
    return found[1]


def test_the_numbers_are_those_of_the_settings() -> None:
    assert f"127.0.0.1:{PORT}/health" in TEXT
    assert f"after {LIMITS.seconds} seconds or {LIMITS.rows:,} rows" in " ".join(TEXT.split())
    assert f"up to {LIMITS.patience} seconds" in " ".join(TEXT.split())
    assert LIMITS.queries == 2, "two run at once"
    assert KEEP_HOURS == 24, "the log keeps a day"


def test_the_files_are_told() -> None:
    told = {name for row in rows("| File |") for name in re.findall(r"`([^`]+)`", row[0])}
    assert {STORE, LOG, FILE, place_of(ROOT / STORE).name} <= told
    code = "".join(
        file.read_text("utf-8") for part in ("sinks", "streams") for file in (ROOT / part).rglob("*.py")
    )
    for ending in (name.removeprefix(STORE).rstrip("/") for name in told if name.startswith(f"{STORE}.")):
        assert ending == ".tmp" or ending in code, f"nothing writes {STORE}{ending}"  # .tmp is DuckDB's own


def test_the_settings_of_kafka_are_told() -> None:
    found = re.search(r"```toml\n(.+?)```", TEXT, re.DOTALL)
    assert found
    told = tomllib.loads(found[1])["kafka"]
    defaults = {**TEXTS, **NUMBERS}
    assert {type(value) for value in told.values()} == {str, int}
    assert {key: type(defaults[key]) for key in told} == {key: type(value) for key, value in told.items()}
    assert set(defaults) - set(told) == {"registry_ca"}, "which is named in a comment"
    for key in told.keys() & CHOICES.keys():
        assert all(f'"{word}"' in found[1] or f" {word}" in found[1] for word in CHOICES[key])
    assert f"`{PASSWORD}` and `{REGISTRY_PASSWORD}`" in TEXT


def test_what_the_worker_says_before_it_ends_is_said_by_the_code() -> None:
    place = Place("shop.standard", 0)
    with pytest.raises(PositionError) as trimmed:
        check_start("k", place, 1, Ends(5, 9))
    with pytest.raises(PositionError) as anew:
        check_life("k", place, "before", "after")
    ends = [row[1] for row in rows("| When |") if row[1].startswith("ends")]
    for said, failure in zip(ends, (trimmed, anew), strict=True):
        for part in said.split('"')[1].split(" ... "):
            assert part in str(failure.value)
        assert "`rundum topics accept shop.standard" in str(failure.value)
    assert UNKNOWN == "schema_unknown"
    assert f"`{UNKNOWN}`" in TEXT


def test_kafka_is_at_the_same_address_with_and_without_docker() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    ports = {name: services(*ONE)[name]["ports"][0].split(":")[1] for name in ("kafka", "registry")}
    assert f"KAFKA_PORT ?= {ports['kafka']}\n" in makefile
    assert f"REGISTRY_PORT ?= {ports['registry']}\n" in makefile
    assert f"`127.0.0.1:{ports['kafka']}`" in TEXT
    assert f"`http://127.0.0.1:{ports['registry']}{DIALECT}`" in TEXT


@pytest.mark.parametrize("path", LINKS)
def test_every_file_is_there(path: str) -> None:
    folder = ROOT if path.startswith("docker/") else ROOT / "docker"
    assert (folder / path).exists()


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_exists(line: str) -> None:
    words = line.split()[1:]
    command = resolve(words)
    known = {name for option in command.params for name in option.opts}
    for option in re.findall(r"--[\w-]+", line):
        assert option in known, f"{line} has no {option}"
