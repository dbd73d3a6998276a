import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import pytest

from schemas.catalogue import ContractError, load
from schemas.evolution import canonical, compare, compatible, next_released, read_released, write_released

Schema = dict[str, Any]
Write = Callable[..., Path]


def record(*types: Any, name: str = "R") -> Schema:
    fields = [{"name": f"f{at}", "type": avro} for at, avro in enumerate(types)]
    return {"type": "record", "name": name, "namespace": "a.b", "fields": fields}


def enum(*symbols: str, **keys: Any) -> Schema:
    return {"type": "enum", "name": "E", "symbols": list(symbols), **keys}


def fixed(size: int) -> Schema:
    return {"type": "fixed", "name": "F", "size": size}


def items(avro: Any) -> Schema:
    return {"type": "array", "items": avro}


def logical(base: str, name: str, **keys: Any) -> Schema:
    return {"type": base, "logicalType": name, **keys}


MICROS = logical("long", "timestamp-micros")


@pytest.mark.parametrize(
    ("old", "new", "datum"),
    [
        ("int", "long", 5),
        ("int", "double", 5),
        ("float", "double", 0.5),
        ("string", "bytes", "x"),
        ("bytes", "string", b"x"),
        ("string", ["null", "string"], "x"),
        (["null", "int"], ["null", "long"], 5),
        (["null", "int"], ["null", "string", "long"], 5),
        (enum("a"), enum("a", "b"), "a"),
        (enum("a"), enum("a", name="F", aliases=["E"]), "a"),
        (items("int"), items(["null", "long"]), [5]),
        ({"type": "map", "values": "int"}, {"type": "map", "values": "long"}, {"k": 5}),
        (record("int", name="I"), record("long", name="I"), {"f0": 5}),
        (MICROS, MICROS, 5),
    ],
)
def test_what_may_change_is_read_by_avro_too(old: Any, new: Any, datum: Any) -> None:
    before, after = record(old), record(new)
    assert compatible(before, after) == []
    writer, reader = (fastavro.parse_schema(schema, named_schemas={}) for schema in (before, after))
    body = io.BytesIO()
    fastavro.schemaless_writer(body, writer, {"f0": datum})
    body.seek(0)
    read = fastavro.schemaless_reader(body, writer, reader)
    assert isinstance(read, dict)
    assert read["f0"] is not None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("long", "int", "f0: was long and cannot become int"),
        ("long", "double", "f0: long to double would round"),
        ("long", "float", "f0: long to float would round"),
        ("int", "float", "f0: int to float would round"),
        ("double", "float", "f0: was double"),
        ("string", "long", "f0: was string"),
        (["null", "string"], "string", "f0: was optional"),
        (["null", "string"], "null", "f0: was string and cannot become null"),
        (["null", "long"], ["null", "int"], "f0: was long and cannot become int"),
        (["null", "string", "long"], ["null", "string"], "f0: was long and cannot become string"),
        (enum("a", "b"), enum("a"), "f0: the symbol b is gone"),
        (enum("a"), enum("a", name="F"), "f0: the type was called E"),
        (enum("a"), "string", "f0: was enum"),
        (items("string"), items("int"), "f0[]: was string"),
        (items(record("int", name="I")), items(record("string", name="I")), "f0[].f0: was int"),
        (items(record(name="I")), items(record("int", name="I")), "f0[].f0: is new and has no default"),
        ({"type": "map", "values": "string"}, {"type": "map", "values": "int"}, "f0.{}: was string"),
        (record("int", name="I"), record("int", name="J"), "f0: the type was called I"),
        (MICROS, logical("long", "timestamp-millis"), "f0: was timestamp-micros"),
        (MICROS, "long", "f0: was timestamp-micros"),
        (logical("bytes", "decimal", precision=9, scale=2), logical("bytes", "decimal", precision=9, scale=3),
         "f0: was decimal"),
        (fixed(2), fixed(3), "f0: was 2 bytes"),
    ],
)  # fmt: skip
def test_what_may_not_change(old: Any, new: Any, problem: str) -> None:
    (found,) = compatible(record(old), record(new))
    assert found.startswith(problem)


def test_fields_come_and_go() -> None:
    old, new = record("string", "int"), record("string")
    assert compatible(old, new) == []
    assert compatible(new, old) == ["f1: is new and has no default; add one, or an alias if it was renamed"]
    old["fields"][1]["default"] = 0
    assert compatible(new, old) == []
    renamed = copy.deepcopy(record("string", "int"))
    renamed["fields"][1] |= {"name": "count", "aliases": ["f1"]}
    assert compatible(record("string", "int"), renamed) == []


def test_key_time_and_name_are_for_ever() -> None:
    old = record("string", MICROS, "string")
    old["fields"][0]["means"] = "event_id"
    old["fields"][1]["means"] = ["occurred_at"]
    assert compatible(old, copy.deepcopy(old)) == []
    new = copy.deepcopy(old)
    del new["fields"][0]["means"]
    new["fields"][2]["means"] = "event_id"
    del new["fields"][1]["means"]
    new["name"] = "S"
    assert [problem[:26] for problem in compatible(old, new)] == [
        "the record was called a.b.", "f0: was the event_id; it m", "f1: was the occurred_at; i"
    ]  # fmt: skip


def test_release_remembers_every_version(root: Path, write: Write) -> None:
    write()
    first = load([root]).events
    assert compare(root, first.values()) == []
    file = write_released(root, next_released(root, first.values()))
    text = file.read_text()
    assert write_released(root, next_released(root, first.values())).read_text() == text

    def optional(schema: Schema) -> None:
        schema["doc"] = "Other words are no new version."
        schema["fields"][4]["type"] = ["null", "long"]
        schema["fields"][4]["default"] = None

    write(optional)
    second = load([root]).events
    assert compare(root, second.values()) == []
    write_released(root, next_released(root, second.values()))
    assert [len(versions) for versions in read_released(root).values()] == [2]
    assert compare(root, second.values()) == []

    write()
    (finding,) = compare(root, load([root]).events.values())
    assert (finding.place, finding.file.name) == ("points", "points_earned.avsc")
    assert "was optional" in finding.problem
    assert finding.mend == "keep it optional"


def test_a_released_contract_may_not_vanish(root: Path, write: Write) -> None:
    file = write()
    write_released(root, next_released(root, load([root]).events.values()))
    file.unlink()
    (finding,) = compare(root, load([root]).events.values())
    assert "loyalty.app.PointsEarned was released and is gone" in finding.problem


@pytest.mark.parametrize("text", ["{", "[]", '{"a": {}}', '{"a": ["x"]}', '{"a": [{}]}'])
def test_a_broken_released_file_is_named(root: Path, text: str) -> None:
    (root / "released.json").write_text(text)
    with pytest.raises(ContractError, match=r"released\.json"):
        read_released(root)


def test_canonical_keeps_meaning_and_drops_prose() -> None:
    schema = record({"type": "map", "values": "string", "doc": "x"})
    schema |= {"doc": "x"}
    schema["fields"][0] |= {"doc": "x", "default": {"doc": "kept"}, "means": "text"}
    assert json.dumps(canonical(schema)).count("doc") == 1
    assert canonical(schema)["fields"][0]["means"] == "text"
