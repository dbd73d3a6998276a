from pathlib import Path

import pytest

from schemas.catalogue import SHIPPED, load
from schemas.conform import conform
from schemas.examples import read_examples
from schemas.lint import lint
from schemas.scaffold import ScaffoldError, write_scaffold
from streams.sources.maps import read_map


def test_a_fresh_contract_passes_the_linter(root: Path) -> None:
    files = write_scaffold(root, "loyalty/app/points_earned")
    assert [file.name for file in files] == [
        "source.toml", "points_earned.avsc", "points_earned.examples.jsonl", "points_earned.map.toml"
    ]  # fmt: skip
    catalogue = load([root])
    event = catalogue.events["loyalty/app/points_earned"]
    assert [str(one) for one in lint(catalogue) if not one.file.is_relative_to(SHIPPED)] == []
    assert event.full_name == "loyalty.app.PointsEarned"
    assert [conform(event.schema, example.event)["event_id"] for example in read_examples(event)] == [
        "1",
        "2",
    ]
    filled = read_map(event.file.with_name("points_earned.map.toml"), event)
    assert filled.id_from == "row"
    assert set(filled.fields or {}) == {("occurred_at",), ("customer_no",)}


def test_the_template_s_commented_lines_are_right(root: Path) -> None:
    file = write_scaffold(root, "loyalty/app/points_earned")[-1]
    head, tables = file.read_text().split("[event_id]")
    file.write_text(
        head.split("\n", 1)[1].replace("# format", "format").replace("\n# ", "\n") + f"[event_id]{tables}"
    )
    event = load([root]).events["loyalty/app/points_earned"]
    filled = read_map(file, event)
    assert (filled.format, filled.delimiter, filled.encoding) == ("csv", ";", "cp1252")


def test_a_second_contract_keeps_the_source(root: Path) -> None:
    source = write_scaffold(root, "loyalty/app/points_earned")[0]
    source.write_text(source.read_text() + "# mine\n")
    assert len(write_scaffold(root, "loyalty/app/points_spent")) == 3
    assert source.read_text().endswith("# mine\n")
    assert set(load([root]).events) > {"loyalty/app/points_earned", "loyalty/app/points_spent"}


def test_nothing_is_overwritten(root: Path) -> None:
    examples = root / "loyalty" / "app" / "points_earned.examples.jsonl"
    examples.parent.mkdir(parents=True)
    examples.write_text("mine")
    with pytest.raises(ScaffoldError, match=r"examples\.jsonl exists already"):
        write_scaffold(root, "loyalty/app/points_earned")
    assert [file.name for file in examples.parent.iterdir()] == [examples.name]
    assert examples.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("points", "channel/source/event"),
        ("a/b/c/d", "channel/source/event"),
        ("../../x", "channel/source/event"),
        ("a//b", "channel/source/event"),
        ("Loyalty/app/x", "small letters"),
        ("loyalty/app/1st", "small letters"),
        ("loyalty/app/x\n", "small letters"),
        ("own/rundum/x", "choose another channel"),
        ("shop/standard/order_placed", "ships with Rundum"),
    ],
)
def test_bad_names_are_explained(root: Path, name: str, reason: str) -> None:
    with pytest.raises(ScaffoldError, match=reason):
        write_scaffold(root, name)
    assert list(root.iterdir()) == []
