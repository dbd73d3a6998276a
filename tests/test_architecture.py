"""The house rules that a parser can see: who imports whom, what the core may not name, lengths."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(file for folder in ("schemas", "streams", "sinks") for file in (ROOT / folder).rglob("*.py"))
CORE = [file for file in FILES if file.is_relative_to(ROOT / "streams" / "core")]

# From below to above. Parts of one layer do not know each other, layers below never know those above.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("schemas",),
    ("streams.core", "streams.rules"),
    ("streams.embedded",),  # the one file that the embedded log and the registry share
    (
        "streams.log",
        "streams.registry",
        "streams.sources",
        "sinks.duckdb",
        "sinks.destinations",
        "sinks.serving",
    ),
    (
        "sinks.gateway",
        "streams.attempts",
        "streams.copying",
        "streams.backup",
        "streams.restore",
        "streams.upgrade",
        "streams.pipeline",
        "streams.settings",
        "streams.careful",
        "streams.owner",
        "streams.tidy",
        "streams.house",
        "streams.state",
        "streams.running",
        "streams.segmentation",
        "streams.activation",
        "streams.outlet",
        "streams.serving",
        "streams.reach",
        "streams.definitions",
        "streams.worker",
        "streams.health",
        "streams.ingest",
        "streams.rejects",
        "streams.resend",
        "streams.apis",
        "streams.brokers",
        "streams.inlet",
        "streams.positions",
        "streams.replaying",
        "streams.standing",
        "streams.publish",
        "streams.decisions",
        "streams.trial",
        "streams.check",
        "streams.cli",
    ),
)
SHELLS = {"streams.embedded", *LAYERS[3]}
WIRING = len(LAYERS) - 1
SHARES_EMBEDDED = {"streams.log", "streams.registry"}

BANNED_MODULES = {"time", "random", "secrets", "os", "logging", "socket", "subprocess"}
BANNED_NAMES = {"now", "utcnow", "today", "uuid1", "uuid4", "urandom", "open", "read_text", "write_text"}

LONGEST_MODULE = 300
LONGEST_FUNCTION = 60


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"), str(file))


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(file: Path) -> Iterator[str]:
    """Every module of the house that a file imports, in functions and under conditions too."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(file)} imports relatively; write the whole name"
            base = node.module or ""
            yield from (f"{base}.{alias.name}" for alias in node.names)


def part_of(module: str) -> tuple[int, str] | None:
    """Layer and part of a module; None for packages that are not the house's."""
    if module.split(".")[0] not in ("schemas", "streams", "sinks"):
        return None
    for layer, parts in enumerate(LAYERS):
        for part in parts:
            if module == part or module.startswith(f"{part}."):
                return layer, part
    raise AssertionError(f"{module} has no place in LAYERS; put it into one")


def is_allowed(importer: tuple[int, str], imported: tuple[int, str]) -> bool:
    (above, part), (below, other) = importer, imported
    if part == other or above == below == WIRING:
        return True
    if other in SHELLS and part in SHELLS:
        return other == "streams.embedded" and part in SHARES_EMBEDDED
    return above > below


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_run_one_way(file: Path) -> None:
    name = name_of(file)
    if name in ("streams", "sinks"):
        assert not list(imports(file)), f"{name} is only a name; import where it is used"
        return
    mine = part_of(name)
    assert mine
    for module in imports(file):
        theirs = part_of(module)
        assert not theirs or is_allowed(mine, theirs), f"{name} must not import {module}"


def test_the_rule_of_imports_can_fail() -> None:
    def allowed(importer: str, imported: str) -> bool:
        above, below = part_of(importer), part_of(imported)
        assert above
        assert below
        return is_allowed(above, below)

    assert not allowed("schemas.catalogue", "streams.core.read")
    assert not allowed("streams.core.read", "sinks.duckdb.store")
    assert not allowed("sinks.duckdb.store", "streams.log.sqlite")
    assert not allowed("sinks.duckdb.store", "streams.embedded")
    assert not allowed("streams.log.sqlite", "streams.registry")
    assert not allowed("sinks.duckdb.store", "streams.settings")
    assert allowed("streams.registry", "streams.embedded")
    assert allowed("streams.pipeline", "sinks.duckdb.store")


@pytest.mark.parametrize("file", CORE, ids=name_of)
def test_the_core_is_pure(file: Path) -> None:
    for module in imports(file):
        assert module.split(".")[0] not in BANNED_MODULES, f"{name_of(file)} imports {module}"
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Attribute | ast.Name):
            word = node.attr if isinstance(node, ast.Attribute) else node.id
            assert word not in BANNED_NAMES, f"{name_of(file)}:{node.lineno} names {word}"


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_modules_are_short_and_say_what_they_decide(file: Path) -> None:
    module = tree(file)
    assert len(file.read_text("utf-8").splitlines()) <= LONGEST_MODULE
    if module.body:
        assert ast.get_docstring(module), f"{name_of(file)} has no docstring"
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{name_of(file)}.{node.name} has {length} lines"


def test_tests_are_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
