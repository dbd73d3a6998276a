import json
import subprocess
import sys
from pathlib import Path

import pytest

from streams.log.protocol import Outgoing
from streams.log.sqlite import SqliteLog
from streams.registry.protocol import Registry, RegistryError
from streams.registry.sqlite import SqliteRegistry

SUBJECT = "shop.standard-shop.standard.OrderPlaced"
SCHEMA = {"type": "record", "name": "OrderPlaced", "namespace": "shop.standard", "fields": [], "doc": "ü"}


def test_a_schema_has_one_id_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    other = {**SCHEMA, "means": "nothing yet"}
    with SqliteRegistry(path) as registry:
        first = registry.register(SUBJECT, json.dumps(SCHEMA))
        assert first == 1
        backwards = json.dumps(dict(reversed(SCHEMA.items())), indent=2, ensure_ascii=False)
        assert registry.register("another subject", backwards) == first
        assert registry.register(SUBJECT, json.dumps(other)) == 2
    with SqliteRegistry(path) as registry:
        assert registry.register(SUBJECT, json.dumps(other)) == 2
        assert json.loads(registry.fetch(first) or "") == SCHEMA
        assert json.loads(registry.fetch(2) or "") == other


@pytest.mark.parametrize("schema_id", [-5, 0, 2, 2**31 - 1])
def test_an_unknown_id_gives_none(tmp_path: Path, schema_id: int) -> None:
    with SqliteRegistry(tmp_path / "log.sqlite") as opened:
        registry: Registry = opened
        registry.register(SUBJECT, json.dumps(SCHEMA))
        assert registry.fetch(schema_id) is None


def test_what_is_not_json_is_refused_by_name(tmp_path: Path) -> None:
    with SqliteRegistry(tmp_path / "log.sqlite") as registry:
        with pytest.raises(RegistryError, match=rf"{SUBJECT}: the schema is not JSON"):
            registry.register(SUBJECT, "record OrderPlaced {}")
        assert registry.fetch(1) is None


def test_it_shares_the_file_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with SqliteLog(path) as log, SqliteRegistry(path) as registry:
        log.append([Outgoing("shop.standard", b"a")])
        schema_id = registry.register(SUBJECT, json.dumps(SCHEMA))
        log.append([Outgoing("shop.standard", b"b")])
        assert len(log.poll({}, 10).records) == 2
        assert registry.fetch(schema_id) is not None


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk, eggs" * 1000)
    with pytest.raises(RegistryError, match=r"notes\.txt: it is not a Rundum log"):
        SqliteRegistry(path)


def test_processes_agree_on_ids(tmp_path: Path) -> None:
    program = """
import sys
from streams.registry.sqlite import SqliteRegistry
with SqliteRegistry(sys.argv[1]) as registry:
    print([registry.register("s", '{"name": "n%d"}' % number) for number in range(20)])
"""
    command = [sys.executable, "-c", program, str(tmp_path / "log.sqlite")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0] * 4
    assert len(answers) == 1
    assert sorted(json.loads(answers.pop())) == list(range(1, 21))
