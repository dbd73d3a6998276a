"""The demo: a shop from nothing, again and again, and never on top of something else."""

from __future__ import annotations

from pathlib import Path

from tests.streams.cli.conftest import Run


def test_the_demo_tells_a_story_and_can_be_repeated(rundum: Run, tmp_path: Path) -> None:
    Path("demo").mkdir()
    shown = rundum("demo", "demo")
    assert shown.exit_code == 0, shown.output
    assert "events of a generated shop" in shown.stdout
    assert " 0 conflicting, 0 rejected." in shown.stdout
    ledger = [line.split() for line in shown.stdout.splitlines() if line.startswith(("web.", "shop."))]
    assert [line[-1] for line in ledger] == ["yes", "yes"]
    assert rundum("sql", "SELECT count(*) AS n FROM customers", "--project", "demo").exit_code == 0
    (tmp_path / "demo" / "store.duckdb").write_bytes(b"broken")
    assert rundum("demo", "demo").exit_code == 0


def test_the_demo_never_removes_what_is_no_demo(rundum: Run) -> None:
    rundum("init", "demo-shop")
    Path("photos").mkdir()
    Path("photos/a.jpg").touch()
    for name in ("demo-shop", "photos", "photos/a.jpg"):
        said = rundum("demo", name)
        assert said.exit_code == 1
        assert "holds something that is no demo; name a new folder" in said.stderr
        assert Path(name).exists()
