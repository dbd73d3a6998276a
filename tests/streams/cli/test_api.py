"""`rundum api`: started first, killed, started again, its copy replaced beneath; and the tokens it makes."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sinks.serving.copy import ServingCopy, copy_of
from sinks.serving.tokens import grant_of, written
from sinks.serving.update import Member, Name, Profile, Update
from streams.cli import main
from streams.settings import FILE, Project, read_project
from tests.living import typed, wait_for
from tests.sinks.serving.asking import ALL, api_project, serving

STORE, A = "5f0e6b3a", "0000000a-0000-4000-8000-000000000000"
ANNA = "/v1/customers/email/anna@beispiel.de"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return api_project(tmp_path / "shop")


@contextmanager
def copy_for(project: Project, store: str = STORE) -> Iterator[ServingCopy]:
    copy = ServingCopy(copy_of(project.store), store)
    yield copy
    copy.close()


def anna(number: int) -> Update:
    member = Member("vip", A, "2026-01-01T00:00:00+00:00", "{}")
    profiles, names = [Profile(A, f'{{"n": {number}}}')], [Name("email", "anna@beispiel.de", A)]
    return Update(number, profiles=profiles, names=names, members=[member])


def invoke(project: Project, *words: str) -> Result:
    return CliRunner().invoke(main, ["api", *words, "--project", str(project.root)])


def test_it_starts_before_there_is_a_copy(project: Project) -> None:
    with serving(project) as api:
        answer = api.ask(ANNA)
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert "rundum run" in answer.json["detail"]
        health = api.ask("/v1/health", None)
        assert (health.status, health.json["status"]) == (503, "waiting")
        with copy_for(project) as copy:
            copy.apply(anna(1))
            assert api.ask(ANNA).json["profile"] == {"n": 1}
            assert api.ask("/v1/health").json["status"] == "ready"
            api.process.until("the copy is there")


def test_it_goes_on_with_the_copy_that_takes_the_place(project: Project) -> None:
    with copy_for(project) as copy, serving(project) as api:
        copy.apply(anna(1))
        statuses: list[int] = []
        over = threading.Event()

        def ask() -> None:
            while not over.is_set():
                statuses.append(api.ask(ANNA).status)

        asking = threading.Thread(target=ask)
        asking.start()
        for number in range(2, 30):
            with copy.rebuild() as fresh:
                fresh.apply(anna(number))
            assert api.ask(ANNA).json["profile"] == {"n": number}
        over.set()
        asking.join()
        assert {*statuses} == {200}
    with serving(project) as api:
        assert api.ask(ANNA).json["profile"] == {"n": 29}
        with copy_for(project, "another") as copy:
            assert api.ask(ANNA).status == 503
            copy.apply(Update(1))
            assert api.ask(ANNA).status == 404


def test_killed_and_started_again_it_answers_the_same(project: Project) -> None:
    with copy_for(project) as copy:
        for number in range(1, 4):
            copy.apply(anna(number))
            with serving(project) as api:
                assert api.ask(ANNA).json["profile"] == {"n": number}
                assert api.process.end(signal.SIGKILL) == -signal.SIGKILL
            copy.apply(anna(number))
        assert copy.cursor() == (3, 0)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_seconds(project: Project, how: signal.Signals) -> None:
    with serving(project) as api, socket.create_connection(("127.0.0.1", api.port)) as idle:
        idle.sendall(b"GET /v1/health HTTP/1.1\r\n")  # and never the rest
        assert api.process.end(how) == 0
        assert "stopped\n" in api.process.said
        assert "Traceback" not in api.process.said


def test_it_refuses_to_start_without_a_token(tmp_path: Path) -> None:
    project = api_project(tmp_path / "shop", "")
    code, said = typed(project.root, "api", "serve")
    assert code == 1
    mend = "run `rundum api token NAME` and add the line that it prints"
    assert said.error.endswith(f"{FILE}: api.tokens: names nobody who may ask: {mend}")


def test_a_port_that_is_taken_is_a_sentence(project: Project) -> None:
    with serving(project) as api:
        code, said = typed(project.root, "api", "serve", "--port", str(api.port))
    assert code == 1
    assert "Address already in use" in said.error
    assert "--port" in said.error


@pytest.mark.parametrize(
    ("options", "scope", "segments"),
    [
        ([], {"segments", "customers"}, None),
        (["--scope", "customers"], {"customers"}, None),
        (["--scope", "segments", "--segment", "vip", "--segment", "new"], {"segments"}, {"vip", "new"}),
    ],
)
def test_the_line_of_a_token_lets_it_in(
    project: Project, options: list[str], scope: set[str], segments: set[str] | None
) -> None:
    said = invoke(project, "token", "shop_website", *options)
    assert said.exit_code == 0
    token, line = said.stdout.splitlines()
    assert re.fullmatch(r"rundum_[\w-]{43}", token)
    assert token not in line
    with (project.root / FILE).open("a") as file:
        file.write(line)
    grant = grant_of(read_project(project.root).api.grants, token)
    assert grant
    assert grant.name == "shop_website"
    assert (grant.scope, grant.segments) == (frozenset(scope), segments and frozenset(segments))
    again = invoke(project, "token", "shop_website")
    assert again.exit_code == 1
    assert "there is a token shop_website already" in again.output


def test_no_token_is_made_twice(project: Project) -> None:
    assert len({invoke(project, "token", "one").stdout for _ in range(20)}) == 20
    assert "a name is letters" in invoke(project, "token", "a b").output


HASH = written(ALL)


@pytest.mark.parametrize(
    ("told", "key", "mend"),
    [
        ('host = ""', "api.host", "not empty"),
        ("port = 0", "api.port", "above 0"),
        ("keep_days = true", "api.keep_days", "above 0"),
        ("access_log = 1", "api.access_log", "path of a file"),
        ("tokens = 1", "api.tokens", "must be a table"),
        ("prot = 1", "api.prot", "did you mean port"),
        ('[api.tokens]\none = "secret"', "api.tokens.one", "sha256: and 64 digits"),
        ("[api.tokens]\none = 1", "api.tokens.one", "as `rundum api token` prints"),
        (f'[api.tokens]\n"a b" = "{HASH}"', "api.tokens.a b", "letters, digits"),
        (
            f'[api.tokens.one]\nhash = "{HASH}"\nscope = ["all"]',
            "api.tokens.one.scope",
            "segments, customers",
        ),
        (f'[api.tokens.one]\nhash = "{HASH}"\nscope = []', "api.tokens.one.scope", "segments, customers"),
        (f'[api.tokens.one]\nhash = "{HASH}"\nsegments = "vip"', "api.tokens.one.segments", "list of names"),
        (f'[api.tokens.one]\nhash = "{HASH}"\nscop = []', "api.tokens.one.scop", "did you mean scope"),
        ('[api.tokens.one]\nscope = ["segments"]', "api.tokens.one", "sha256: and 64 digits"),
    ],
)
def test_what_is_no_setting_is_said(project: Project, told: str, key: str, mend: str) -> None:
    (project.root / FILE).write_text(f"[api]\n{told}\n")
    said = invoke(project, "serve")
    assert said.exit_code == 1
    assert f"{FILE}: {key}: " in said.output
    assert mend in said.output
    assert json.dumps("secret") not in said.output


def test_the_access_log_lies_in_the_project(tmp_path: Path) -> None:
    project = api_project(tmp_path / "shop", access_log="access.jsonl", port=7399)
    assert project.api.access_log == project.root / "access.jsonl"
    assert (project.api.port, project.api.keep_days) == (7399, 30)
    with serving(project) as api:
        api.ask(ANNA, None)
        wait_for(lambda: (project.root / "access.jsonl").exists())
        assert not api.log
