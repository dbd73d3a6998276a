from pathlib import Path

import pytest

from streams.settings import FILE, SettingsError, find_project, init_project, loose_project, read_project


def test_a_new_project_holds_the_defaults(tmp_path: Path) -> None:
    folder = tmp_path / "läden" / 'Anna\'s "Shop"'
    project = init_project(folder)
    assert project.name == folder.name
    assert (project.store, project.log) == (folder / "store.duckdb", folder / "log.sqlite")
    assert project.schemas == folder / "schemas"
    assert project.memory_limit == "1200MB"
    for part in ("schemas", "kpis", "segments", "traits", "destinations"):
        assert len((folder / part / "README.md").read_text().splitlines()) == 2
    assert "*.duckdb" in (folder / ".gitignore").read_text().splitlines()


def test_the_template_says_what_an_empty_file_says(tmp_path: Path) -> None:
    written = init_project(tmp_path / "shop")
    (tmp_path / "shop" / FILE).write_text("")
    assert read_project(tmp_path / "shop") == written


def test_a_project_is_never_overwritten(tmp_path: Path) -> None:
    init_project(tmp_path)
    (tmp_path / FILE).write_text('[project]\nname = "mine"\n')
    with pytest.raises(SettingsError, match="is there already; choose another folder"):
        init_project(tmp_path)
    assert read_project(tmp_path).name == "mine"


def test_what_lies_in_the_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "README.md").write_text("ours")
    (tmp_path / ".gitignore").write_text("build/\n*.duckdb")
    init_project(tmp_path)
    assert (tmp_path / "schemas" / "README.md").read_text() == "ours"
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines[:2] == ["build/", "*.duckdb"]
    assert lines.count("*.duckdb") == 1
    assert "*.sqlite" in lines


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="choose another folder"):
        init_project(tmp_path / "file" / "project")


def test_the_nearest_project_upwards(tmp_path: Path) -> None:
    assert find_project(tmp_path) is None
    init_project(tmp_path / "a")
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    assert find_project(inner) == tmp_path / "a"
    init_project(tmp_path / "a" / "b")
    assert find_project(inner) == tmp_path / "a" / "b"


def test_paths_start_at_the_project(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(f'[store]\npath = "data/s.duckdb"\n[log]\npath = "{tmp_path}/x/l.sqlite"\n')
    project = read_project(tmp_path)
    assert project.store == tmp_path / "data" / "s.duckdb"
    assert project.log == tmp_path / "x" / "l.sqlite"
    assert project.schemas is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sotre]\n", "sotre: unknown key; did you mean store?"),
        ('[store]\npaht = "x"\n', "store.paht: unknown key; did you mean path?"),
        ('store = "x"\n', "store: must be a table"),
        ("[store]\npath = 7\n", 'store.path: must be a text that is not empty, such as "store.duckdb"'),
        ('[project]\nname = " "\n', "project.name: must be a text"),
        ('[store]\nmemory_limit = "viel"\n', 'store.memory_limit: must be a size such as "1200MB"'),
        ('[store]\nmemory_limit = "0MB"\n', "store.memory_limit: must be a size"),
        ('[log]\npath = "store.duckdb"\n', "log.path: is the store's file"),
        ("[store", "is not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_file_key_and_mend(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SettingsError) as failure:
        read_project(tmp_path)
    assert str(failure.value).startswith(f"{tmp_path / FILE}: {said}")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not there; make a project with `rundum init"):
        read_project(tmp_path)
    (tmp_path / FILE).write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="is not TOML"):
        read_project(tmp_path)


def test_a_store_outside_any_project(tmp_path: Path) -> None:
    project = loose_project(tmp_path / "cdnow.duckdb")
    assert (project.name, project.log) == ("cdnow", tmp_path / "cdnow.log.sqlite")
    assert project.schemas is None
