import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from streams.cli.schemas import schemas


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "schemas").mkdir()
    return tmp_path / "schemas"


ERP = """\
KdNr;E-Mail;Telefon;Vorname;PLZ;Geburtstag;Betrag;Datum
0001001;anna@mueller.de;0171 2345678;Anna;01067;01.02.1980;1.234,50;31.12.2025
0001002;uwe@jaeger.de;0171 2345679;Uwe;10115;;19,90;01.01.2026
"""
POINTS = (
    '{"id": "1", "at": "2026-05-01T10:00:00Z", "points": 5, "member": {"email": "a@b.de", "city": "X"}}\n'
)


def settle(root: Path) -> None:
    """Answers every question as a person would who agrees."""
    for file in root.glob("*/*/*"):
        text = re.sub(r" ?TODO:[^\n]*?(?=\"[,}\n])", " Settled.", file.read_text("utf-8"))
        file.write_text(re.sub(r"# TODO.*", "", text), "utf-8")


def run(root: Path | None, *words: str) -> Result:
    return CliRunner().invoke(schemas, words, obj=SimpleNamespace(schemas=root))


def test_new_then_check_then_release(root: Path) -> None:
    made = run(root, "new", "loyalty/app/points_earned")
    assert made.exit_code == 0, made.output
    assert "schemas/loyalty/app/points_earned.avsc" in made.output.splitlines()
    early = run(root, "check", "--release")
    assert early.exit_code == 1
    assert "not released, for 6 TODO are left" in early.output
    assert not (root / "released.json").exists()
    settle(root)
    checked = run(root, "check", "--release")
    assert checked.exit_code == 0, checked.output
    assert "Released: schemas/released.json" in checked.output
    assert "loyalty.app.PointsEarned" in json.loads((root / "released.json").read_text())


@pytest.mark.parametrize(
    ("name", "text", "encoding"), [("erp export.csv", ERP, "cp1252"), ("p.jsonl", POINTS, "utf-8")]
)
def test_a_guessed_contract_passes_with_questions(root: Path, name: str, text: str, encoding: str) -> None:
    Path(name).write_text(text, encoding)
    new = run(root, "new", "erp/sap/invoiced", "--from", name)
    assert new.exit_code == 0, new.output
    shown = f"'{name}'" if " " in name else name
    assert new.output.endswith(f"See its rows by: rundum ingest {shown} --as erp/sap/invoiced --dry-run\n")
    checked = run(root, "check")
    assert checked.exit_code == 0, checked.output
    assert ", 0 to mend, " in checked.output
    [question] = [line for line in checked.output.splitlines() if "email: advice" in line]
    assert question.startswith("schemas/erp/sap/invoiced.avsc: ")
    assert "email: advice: TODO: is it the customer's own?" in question
    assert question.endswith("; settle it and take the TODO out")
    assert run(root, "check", "--release").exit_code == 1
    settle(root)
    assert "TODO" not in run(root, "check").output
    assert run(root, "check", "--release").exit_code == 0


def test_what_cannot_be_guessed_leaves_nothing_behind(root: Path) -> None:
    Path("empty.csv").touch()
    Path("archive.csv").write_bytes(b"PK\x03\x04")
    for file, reason in (("empty.csv", "is empty"), ("archive.csv", "ZIP"), ("none.csv", "does not exist")):
        refused = run(root, "new", "erp/sap/invoiced", "--from", file)
        assert refused.exit_code == 1
        assert refused.output.startswith(f"Error: {file} ")
        assert reason in refused.output
    Path("good.csv").write_text("kunde,datum\n007,2026-05-01\n")
    assert "channel/source/event" in run(root, "new", "invoiced", "--from", "good.csv").output
    assert list(root.iterdir()) == []


def test_check_lists_every_finding_and_fails(root: Path) -> None:
    run(root, "new", "loyalty/app/points_earned")
    file = root / "loyalty" / "app" / "points_earned.avsc"
    file.write_text(
        file.read_text().replace('"pii": "indirect"', '"pii": "none"').replace("id:customer", "id:custmer")
    )
    checked = run(root, "check", "--release")
    assert checked.exit_code == 1
    assert (
        "points_earned.avsc: customer_no: the kind 'custmer_no' is not declared; declare it" in checked.output
    )
    assert "points_earned.avsc: customer_no: id:custmer_no without pii; add" in checked.output
    assert "2 to mend" in checked.output
    assert not (root / "released.json").exists()


def test_check_compares_with_what_was_released(root: Path) -> None:
    run(root, "new", "loyalty/app/points_earned")
    settle(root)
    run(root, "check", "--release")
    file = root / "loyalty" / "app" / "points_earned.avsc"
    schema = json.loads(file.read_text())
    schema["fields"].append({"name": "points", "type": "long", "doc": "How many."})
    file.write_text(json.dumps(schema))
    checked = run(root, "check")
    assert checked.exit_code == 1
    assert "points_earned.avsc: points: is new and has no default; add one" in checked.output


def test_broken_files_are_one_sentence(root: Path) -> None:
    run(root, "new", "loyalty/app/points_earned")
    (root / "loyalty" / "app" / "points_earned.avsc").write_text("{")
    for words in (["check"], ["show", "shop/standard/order_placed"]):
        result = run(root, *words)
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")
        assert "points_earned.avsc: is not JSON" in result.output
        assert len(result.output.splitlines()) == 1
    (root / "loyalty" / "app" / "points_earned.avsc").unlink()
    (root / "released.json").write_text("{")
    result = run(root, "check")
    assert result.exit_code == 1
    assert "released.json: is not JSON" in result.output


def test_show_is_one_page(root: Path) -> None:
    run(root, "new", "loyalty/app/points_earned")
    shown = run(root, "show", "loyalty/app/points_earned")
    assert shown.exit_code == 0, shown.output
    said = ["loyalty/app/points_earned", "loyalty_app.points_earned", "who answers for this source"]
    fields = ["timestamp-micros", "id:customer_no", "indirect", "When it happened"]
    assert [text for text in [*said, *fields, '"customer_no": "1001"'] if text not in shown.output] == []


def test_show_of_what_ships_needs_no_project() -> None:
    shown = run(None, "show", "shop/standard/order_placed")
    assert shown.exit_code == 0, shown.output
    assert "id:order" in shown.output


def test_show_suggests_a_name(root: Path) -> None:
    shown = run(root, "show", "shop/standard/order_place")
    assert shown.exit_code == 1
    assert "did you mean shop/standard/order_placed?" in shown.output


def test_new_explains_what_it_refuses(root: Path) -> None:
    assert "channel/source/event" in run(root, "new", "points").output
    run(root, "new", "loyalty/app/points_earned")
    again = run(root, "new", "loyalty/app/points_earned")
    assert again.exit_code == 1
    assert "exists already" in again.output
    outside = run(None, "new", "loyalty/app/points_earned")
    assert outside.exit_code == 1
    assert "rundum init" in outside.output


@pytest.mark.parametrize("words", [["--help"], ["check", "--help"], ["show", "--help"], ["new", "--help"]])
def test_every_help_ends_with_an_example(words: list[str]) -> None:
    lines = run(None, *words).output.splitlines()
    at = lines.index("  Example:")
    assert lines[at + 1].startswith("    rundum schemas ")
