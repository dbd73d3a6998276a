"""What the API answers and refuses, asked in another process."""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI

from sinks.serving.accesses import to_stdout
from sinks.serving.api import make_api
from sinks.serving.copy import ServingCopy, copy_of
from sinks.serving.reader import CopyReader
from sinks.serving.server import Server
from sinks.serving.update import Change, Member, Name, Profile, Update
from tests.living import wait_for
from tests.sinks.serving.asking import ALL, CUSTOMERS, NEWS, Serving, api_project, serving

STORE, SINCE = "5f0e6b3a11112222", "2026-01-01T00:00:00+00:00"
IDS = [f"{number:08x}-0000-4000-8000-00000000000a" for number in range(5)]
ANNA = "/v1/customers/email/anna@beispiel.de"
NEWSLETTER = "/v1/segments/newsletter_readers"


def members(*customers: str, segment: str = "newsletter_readers") -> list[Member]:
    return [Member(segment, one, SINCE, '{"orders": 3}') for one in customers]


def change(number: int, customer: str, entered: bool = True, segment: str = "newsletter_readers") -> Change:
    return Change(number, segment, customer, entered, "2999-01-01T00:00:00+00:00", "{}")


FIRST = Update(
    1,
    profiles=[Profile(one, json.dumps({"city": "Köln", "number": number})) for number, one in enumerate(IDS)],
    names=[
        Name("email", "anna@beispiel.de", IDS[0]), Name("phone", "+4930901820", IDS[0]),
        Name("order", "2026/17", IDS[1]), Name("customer_id", IDS[4].replace("a", "b"), IDS[0]),
    ],
    members=[*members(*IDS), *members(IDS[0], segment="vip")],
    changes=[change(number + 11, one) for number, one in enumerate(IDS)],
    segments=["newsletter_readers", "vip", "empty"],
)  # fmt: skip


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    project = api_project(tmp_path_factory.mktemp("api") / "shop")
    copy = ServingCopy(copy_of(project.store), STORE)
    copy.apply(FIRST)
    with serving(project) as running:
        yield running
    copy.close()


def problem(api: Serving, path: str, status: int, token: str | None = ALL, **query: Any) -> dict[str, Any]:
    """The document of a refusal."""
    answer = api.ask(path, token, **query)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    document: dict[str, Any] = answer.json
    assert document["status"] == status
    assert document["type"].startswith("urn:rundum:")
    assert {"title", "detail"} <= document.keys()
    return document


@pytest.mark.parametrize(
    "path",
    [
        "email/anna@beispiel.de", "email/ANNA%40Beispiel.de", "email/Anna%20%3Canna@beispiel.de%3E",
        "phone/030%20901820", "phone/+49%2030%20901820", f"customer_id/{IDS[0]}",
        f"customer_id/{IDS[0].replace('-', '').upper()}", f"customer_id/{IDS[4].replace('a', 'b')}",
    ],
)  # fmt: skip
def test_a_customer_is_found_by_any_spelling_of_any_identifier(api: Serving, path: str) -> None:
    answer = api.ask(f"/v1/customers/{path}")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json == {
        "customer_id": IDS[0],
        "profile": {"city": "Köln", "number": 0},
        "segments": [
            {"name": "newsletter_readers", "since": SINCE, "reason": {"orders": 3}},
            {"name": "vip", "since": SINCE, "reason": {"orders": 3}},
        ],
    }


def test_an_identifier_may_hold_slashes(api: Serving) -> None:
    for written in ("2026/17", "2026%2F17"):
        assert api.ask(f"/v1/customers/order/{written}").json["customer_id"] == IDS[1]


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("email/paula@beispiel.de", "unknown_customer", "no customer has this email"),
        ("e-mail/anna@beispiel.de", "unknown_kind", "email, .*phone.*, customer_id"),
        ("email/noreply@beispiel.de", "blocked", "email blocks all values of the pattern"),
        ("email/anna", "blocked", "is no e-mail address"),
        ("phone/12", "blocked", "is no phone number"),
        ("customer_no/null", "blocked", "stands for nobody"),
        ("customer_no/", "blocked", "is empty"),
        (f"customer_no/{'x' * 2000}", "blocked", "too long"),
        ("customer_id/17", "blocked", "no customer id"),
    ],
)
def test_why_no_customer_is_found(api: Serving, path: str, kind: str, words: str) -> None:
    document = problem(api, f"/v1/customers/{path}", 404)
    assert document["type"] == f"urn:rundum:{kind}"
    assert document["field"] in ("kind", "identifier")
    assert re.search(words, document["detail"])


def test_segments_and_their_counts(api: Serving) -> None:
    told = [{"name": "empty", "members": 0}, {"name": "newsletter_readers", "members": 5},
            {"name": "vip", "members": 1}]  # fmt: skip
    assert api.ask("/v1/segments").json == {"segments": told}
    assert api.ask("/v1/segments", NEWS).json == {"segments": [told[1]]}


def test_members_page_by_page(api: Serving) -> None:
    found: list[str] = []
    after: dict[str, str] = {}
    pages = 0
    while True:
        page = api.ask(f"{NEWSLETTER}/members", limit=2, **after).json
        found += [member["customer_id"] for member in page["members"]]
        pages += 1
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert (found, pages) == (IDS, 3)
    assert page["members"] == [{"customer_id": IDS[4], "since": SINCE, "reason": {"orders": 3}}]
    followed = api.ask(f"{NEWSLETTER}/changes", after=page["changes"]).json
    assert (followed["changes"], followed["next"]) == ([], page["changes"])
    assert api.ask("/v1/segments/empty/members").json["members"] == []


def test_changes_page_by_page(api: Serving) -> None:
    first = api.ask(f"{NEWSLETTER}/changes", limit=3).json
    assert [one["change_id"] for one in first["changes"]] == [11, 12, 13]
    assert first["changes"][0] == {
        "change_id": 11, "customer_id": IDS[0], "entered": True, "at": "2999-01-01T00:00:00+00:00",
        "reason": {},
    }  # fmt: skip
    assert first["more"]
    rest = api.ask(f"{NEWSLETTER}/changes", after=first["next"]).json
    assert ([one["change_id"] for one in rest["changes"]], rest["more"]) == ([14, 15], False)
    empty = api.ask(f"{NEWSLETTER}/changes", after=rest["next"]).json
    assert empty == {"segment": "newsletter_readers", "changes": [], "next": rest["next"], "more": False}


def _cursor(*place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@pytest.mark.parametrize("place", [("c", STORE[:8], 3), ("c", STORE[:8], 99), ("c", "another", 12)])
def test_a_cursor_that_cannot_go_on_says_how_to_begin_anew(api: Serving, place: tuple[Any, ...]) -> None:
    document = problem(api, f"{NEWSLETTER}/changes", 410, after=_cursor(*place))
    assert f"read {NEWSLETTER}/members anew" in document["detail"]
    assert document["field"] == "after"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"), ({"limit": 1001}, "limit"), ({"limit": "x"}, "limit"),
        ({"after": "x"}, "after"),
        ({"after": "ä" * 9}, "after"), ({"after": _cursor("c", STORE[:8], -1)}, "after"),
        ({"after": _cursor("c", STORE[:8], 2**80)}, "after"), ({"after": _cursor([[]])}, "after"),
    ],
)  # fmt: skip
def test_what_is_no_query_is_said(api: Serving, query: dict[str, Any], field: str) -> None:
    for path in ("members", "changes"):
        assert problem(api, f"{NEWSLETTER}/{path}", 422, **query)["field"] == field


def test_cursors_of_one_list_are_not_those_of_another(api: Serving) -> None:
    page = api.ask(f"{NEWSLETTER}/members", limit=2).json
    problem(api, f"{NEWSLETTER}/changes", 422, after=page["next"])
    problem(api, f"{NEWSLETTER}/members", 422, after=page["changes"])


def test_segments_that_are_not_there(api: Serving) -> None:
    for path in ("members", "changes"):
        assert "did you mean vip" in problem(api, f"/v1/segments/vipp/{path}", 404)["detail"]


@pytest.mark.parametrize("token", [None, "", "rundum_wrong", ALL[:-1], f"{ALL}x", "ü"])
@pytest.mark.parametrize("path", [ANNA, "/v1/segments", f"{NEWSLETTER}/members", f"{NEWSLETTER}/changes"])
def test_nobody_is_answered_without_a_token(api: Serving, token: str | None, path: str) -> None:
    answer = api.ask(path, token)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="rundum"'
    assert "rundum api token NAME" in answer.json["detail"]


def test_a_token_sees_what_its_scope_says(api: Serving) -> None:
    assert api.ask(ANNA, CUSTOMERS).status == 200
    for path in ("/v1/segments", f"{NEWSLETTER}/members", f"{NEWSLETTER}/changes"):
        assert '"segments"' in problem(api, path, 403, CUSTOMERS)["detail"]
    for path in ("vip/members", "vip/changes", "unheard/members"):
        assert "may not see the segment" in problem(api, f"/v1/segments/{path}", 403, NEWS)["detail"]
    assert [one["name"] for one in api.ask(ANNA, NEWS).json["segments"]] == ["newsletter_readers"]


def test_what_is_open_to_all(api: Serving) -> None:
    health = api.ask("/v1/health", None)
    assert (health.status, health.json["status"]) == (200, "ready")
    assert health.json["age_seconds"] >= 0
    for path in ("/docs", "/redoc", "/", "/v1/customers"):
        problem(api, path, 404)
    assert api.ask(ANNA, method="DELETE").status == 405


def test_the_openapi_document_is_whole(api: Serving) -> None:
    answer = api.ask("/openapi.json", None)
    document = OpenAPI.model_validate(answer.json)
    assert document.paths
    assert {*document.paths} == {
        "/v1/segments", "/v1/segments/{name}/members", "/v1/segments/{name}/changes",
        "/v1/customers/{kind}/{identifier}", "/v1/health",
    }  # fmt: skip
    for path, item in answer.json["paths"].items():
        refusals = {status: one for status, one in item["get"]["responses"].items() if status != "200"}
        assert path == "/v1/health" or {"401", "403", "422", "503"} <= refusals.keys()
        assert bool(item["get"].get("security")) == (path != "/v1/health")
        if path != "/v1/health":
            assert all([*one["content"]] == ["application/problem+json"] for one in refusals.values())


def test_each_access_is_a_line_without_the_identifier(api: Serving) -> None:
    before = len(api.log)
    for path in (ANNA, "/v1/customers/email/ANNA@beispiel.de", "/v1/customers/email/berta@beispiel.de"):
        api.ask(path, CUSTOMERS)
    api.ask(f"{NEWSLETTER}/members", NEWS)
    api.ask(ANNA, None)
    api.ask("/v1/health", None)
    wait_for(lambda: len(api.log) >= before + 5)
    lines = api.log[before:]
    assert len(lines) == 5
    route = "/v1/customers/{kind}/{identifier}"
    anna, again, berta, read, refused = lines
    assert anna == again | {"at": anna["at"]}
    assert anna | {"at": "", "value": ""} == {
        "at": "", "route": route, "token": "website", "kind": "email", "value": "", "customer": IDS[0],
        "status": 200,
    }  # fmt: skip
    assert re.fullmatch("[0-9a-f]{16}", anna["value"])
    assert (berta["status"], berta["value"] == anna["value"], "customer" in berta) == (404, False, False)
    assert (read["token"], read["segment"], read["rows"]) == ("news", "newsletter_readers", 5)
    assert (refused["token"], refused["status"]) == (None, 401)
    said = api.process.said.lower()
    assert not [word for word in ("anna@", "berta@", *map(str.lower, (ALL, CUSTOMERS, NEWS))) if word in said]


def test_what_cannot_be_logged_is_not_answered(tmp_path: Path) -> None:
    project = api_project(tmp_path / "shop", access_log="log/access.jsonl")
    copy = ServingCopy(copy_of(project.store), STORE)
    copy.apply(FIRST)
    with serving(project) as api:
        assert "access log" in problem(api, ANNA, 503)["detail"]
        assert api.ask("/v1/health").status == 200
        (project.root / "log").mkdir()
        assert api.ask(ANNA).status == 200
        file = project.root / "log" / "access.jsonl"
        assert file.stat().st_mode & 0o777 == 0o600
        file.rename(file.with_name("moved"))
        assert api.ask(ANNA).status == 200
        assert json.loads(file.read_text())["customer"] == IDS[0]
    copy.close()


def test_an_answer_is_not_held_back_until_its_head_is_confirmed() -> None:
    server = Server(make_api(CopyReader(Path("none")), {}, (), to_stdout), "127.0.0.1", 0)
    server.start(ended=lambda: None)
    assert server._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    server.stop()
