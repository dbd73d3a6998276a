from pathlib import Path

from schemas.catalogue import load
from schemas.todo import find_todos
from tests.schemas.conftest import Write


def test_a_todo_is_found_wherever_it_stands(root: Path, write: Write) -> None:
    def ask(schema: dict[str, object]) -> None:
        schema["doc"] = "Points. TODO: say what happened."
        fields = schema["fields"]
        assert isinstance(fields, list)
        fields[4]["doc"] = "How many TODO"
        inner = {"name": "a", "type": "string", "doc": "TODOS are no questions. TODO: which?"}
        record = {"type": "record", "name": "Inner", "fields": [inner]}
        fields.append({"name": "inner", "type": ["null", record], "default": None, "doc": "TODOS."})

    file = write(ask)
    folder = file.parent
    write(lambda schema: schema.update(name="PointsSpent"), event="points_spent")
    source = folder / "source.toml"
    source.write_text(source.read_text().replace('"Marketing"', '"TODO: who?"'))
    (folder / "points_earned.map.toml").write_text('[fields]\n# TODO\npoints = "p"  # TODO: these?\n')
    examples = folder / "points_earned.examples.jsonl"
    examples.write_text(examples.read_text() + '{"event": {"note": "TODO: a second one"}}\n')
    found = find_todos(load([root]).events.values())
    assert [(one.file.name, one.place, one.problem) for one in found if one.file.is_relative_to(root)] == [
        ("points_earned.avsc", "doc", "TODO: say what happened"),
        ("points_earned.avsc", "points", "TODO"),
        ("points_earned.avsc", "inner.a", "TODO: which"),
        ("source.toml", "owner", "TODO: who"),
        ("points_earned.map.toml", "line 2", "TODO"),
        ("points_earned.map.toml", "points", "TODO: these"),
        ("points_earned.examples.jsonl", "line 3", 'TODO: a second one"}}'),
    ]
    assert {one.level for one in found} == {"advice"}


def test_what_ships_has_none() -> None:
    assert find_todos(load().events.values()) == []
