"""Requests to any HTTP API: each value stays a value, wherever a template puts it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.destinations.calls import Call
from sinks.destinations.connection import Request
from sinks.destinations.http import HttpSender, write_request
from sinks.destinations.protocol import Answer, Row, Sending, Unavailable
from sinks.destinations.rounds import Unfit
from sinks.destinations.senders import sender_of
from sinks.destinations.settings import read_destination
from sinks.destinations.template import fill, read_template, read_text
from tests.tool import Tool

HEAD = """
kind = "http"
segment = "lapsed"
purpose = "newsletter"
contact = "email"
[fields]
city = "city"
orders = "orders"
[http]
"""
ENVIRON = {"TOKEN": "s3cret/+ ", "LIST": "T0/B1"}
AT = datetime(2026, 3, 1)  # noqa: DTZ001
ANNA = Row("anna+1@shop.example", "add", {"city": "Köln", "orders": 3})
BEN = Row("ben@shop.example", "remove", {})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@contextmanager
def sender(tool: Tool, folder: Path, text: str, environ: Mapping[str, str] = ENVIRON) -> Iterator[HttpSender]:
    file = folder / "crm.toml"
    file.write_text(HEAD + text.replace("URL", tool.url), "utf-8")
    made = sender_of(read_destination(file), environ, folder)
    assert isinstance(made, HttpSender)
    with closing(made):
        yield made


def sending(*rows: Row) -> Sending:
    return Sending("crm-7", "crm", "lapsed", "newsletter", "email", AT, rows)


def paths(tool: Tool) -> list[tuple[str, str]]:
    return [(one.method, one.path) for one in tool.told()]


ONE = """
method = "PUT"
url = "URL/lists/{env:LIST}/people/{contact}"
headers = { Authorization = "Bearer {env:TOKEN}", X-What = "{action} {field.city}" }
remove = { method = "DELETE", accept = [404] }
[http.body]
email = "{contact}"
town = "in {field.city}"
orders = "{field.orders}"
none = "{{x}}"
list = [1, true]
"""


def test_one_request_a_row_with_values_of_their_own_type(tool: Tool, tmp_path: Path) -> None:
    with sender(tool, tmp_path, ONE) as made:
        assert made.send(sending(ANNA, BEN)) == Answer()
    gone, here = tool.told()  # removals first
    assert (gone.method, gone.path, gone.body) == ("DELETE", "/lists/T0/B1/people/ben%40shop.example", "")
    assert "content-type" not in gone.headers
    assert (here.method, here.path) == ("PUT", "/lists/T0/B1/people/anna%2B1%40shop.example")
    assert here.json == {
        "email": ANNA.contact, "town": "in Köln", "orders": 3, "none": "{x}", "list": [1, True],
    }  # fmt: skip
    assert here.headers["authorization"] == "Bearer s3cret/+"
    assert here.headers["x-what"].encode("latin-1").decode() == "add Köln"
    assert here.headers["content-type"] == "application/json"
    assert (gone.headers["idempotency-key"], here.headers["idempotency-key"]) == ("crm-7/1-1", "crm-7/0-0")


def test_statuses_that_count_as_done_do_so_where_they_are_said(tool: Tool, tmp_path: Path) -> None:
    tool.behave(status=404, body="nobody")
    with sender(tool, tmp_path, ONE) as made:
        (refusal,) = made.send(sending(ANNA, BEN)).refused
    assert refusal == (0, 404, "nobody")


def test_statuses_that_count_as_done_for_all_do_so_for_removals(tool: Tool, tmp_path: Path) -> None:
    tool.behave(status=409)
    with sender(tool, tmp_path, ONE.replace('method = "PUT"', "accept = [409]")) as made:
        assert made.send(sending(ANNA, BEN)) == Answer()


BATCH = """
url = "URL/import"
batch = 2
body = { people = "{rows}", key = "{id}" }
row = { mail = "{contact}", orders = "{field.orders}" }
[http.remove]
url = "URL/forget"
body = '["{rows}"]'
row = "{contact}"
"""


def test_several_rows_a_request(tool: Tool, tmp_path: Path) -> None:
    rows = [ANNA._replace(contact=f"p{at}@x.example", fields={"orders": at}) for at in range(3)]
    with sender(tool, tmp_path, BATCH) as made:
        assert made.send(sending(rows[0], BEN, *rows[1:])) == Answer()
    assert [(one.path, one.json) for one in tool.told()] == [
        ("/forget", [["ben@shop.example"]]),
        (
            "/import",
            {
                "people": [{"mail": "p0@x.example", "orders": 0}, {"mail": "p1@x.example", "orders": 1}],
                "key": "crm-7/0-2",
            },
        ),
        ("/import", {"people": [{"mail": "p2@x.example", "orders": 2}], "key": "crm-7/3-3"}),
    ]


def test_a_bad_row_of_several_is_refused_alone(tool: Tool, tmp_path: Path) -> None:
    tool.behave(status=422, contacts=["p1@"])
    rows = [ANNA._replace(contact=f"p{at}@x.example") for at in range(4)]
    with sender(tool, tmp_path, BATCH.replace("batch = 2", "batch = 100")) as made:
        assert [one.row for one in made.send(sending(*rows)).refused] == [1]
    assert {one.headers["idempotency-key"] for one in tool.told()} == {
        "crm-7", "crm-7/0", "crm-7/0/0", "crm-7/0/1", "crm-7/1",
    }  # fmt: skip


def test_the_action_may_be_told_in_one_request(tool: Tool, tmp_path: Path) -> None:
    text = 'url = "URL/people"\nbody = """{"a": "{action}", "c": "{contact}", "o": "{field.orders}"}"""'
    with sender(tool, tmp_path, text) as made:
        made.send(sending(ANNA, BEN))
    assert [one.json for one in tool.told()] == [
        {"a": "add", "c": ANNA.contact, "o": 3},
        {"a": "remove", "c": BEN.contact, "o": None},
    ]


def test_what_cannot_stand_in_an_address_or_header_is_refused_unsent(tool: Tool, tmp_path: Path) -> None:
    text = """
url = "URL/people/{field.city}/x"
headers = { X-Orders = "{field.orders}" }
body = ["{contact}"]
remove = { url = "URL/gone/{contact}" }
"""
    bad: list[dict[str, Any]] = [{"city": city, "orders": 1} for city in ("", None, ".", "..")]
    bad.append({"city": "a", "orders": "1\r\nX-Evil: yes"})
    fine: dict[str, Any] = {"city": "../../admin?x=1#y", "orders": 1}
    rows = [ANNA._replace(fields=one) for one in (*bad, fine)]
    with sender(tool, tmp_path, text) as made:
        refused = made.send(sending(*rows)).refused
    assert [(one.row, one.status) for one in refused] == [(at, None) for at in range(5)]
    assert "{field.city} is ''" in refused[0].answer
    assert "line break" in refused[4].answer
    assert paths(tool) == [("POST", "/people/..%2F..%2Fadmin%3Fx%3D1%23y/x")]


@pytest.mark.parametrize(
    ("environ", "mend"), [({}, "lacks LIST"), ({"LIST": "a", "TOKEN": "a\r\nb: c"}, "TOKEN .* line break")]
)
def test_nothing_goes_without_its_secrets(
    tool: Tool, tmp_path: Path, environ: dict[str, str], mend: str
) -> None:
    with sender(tool, tmp_path, ONE, environ) as made, pytest.raises(Unavailable, match=mend):
        made.send(sending(ANNA))
    assert tool.told() == []


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_what_says_nothing_of_a_row_refuses_none(tool: Tool, tmp_path: Path, status: int) -> None:
    tool.behave(status=status, times=1)
    with sender(tool, tmp_path, ONE) as made:
        with pytest.raises(Unavailable):
            made.send(sending(ANNA, BEN))
        assert made.send(sending(ANNA, BEN)) == Answer()
    assert [one.status for one in tool.told()] == [status, 200, 200]


TEMPLATE = {
    "own": "{field.x}", "amid": "<{field.x}> {contact}", "list": ["{contact}", {"deep": "{field.y}"}], "n": 1,
}  # fmt: skip


@given(contact=st.text(), x=JSON, y=JSON)
def test_any_value_in_a_body_stays_that_value(contact: str, x: Any, y: Any) -> None:
    template = read_template(TEMPLATE, ("x", "y"))
    call = Call("POST", read_text("https://tool.example/", ()), template)
    values = {"contact": contact, "field.x": x, "field.y": y, "id": "1"}
    request = write_request(call, {}, values)
    assert request.body is not None
    said = json.loads(request.body)
    assert said.keys() == TEMPLATE.keys()
    assert (said["own"], said["list"], said["n"]) == (x, [contact, {"deep": y}], 1)
    assert said["amid"].startswith("<")
    assert said["amid"].endswith(f"> {contact}")
    if isinstance(x, str):
        assert said["amid"] == f"<{x}> {contact}"


@given(value=st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_text_in_an_address_stays_in_its_place(value: str) -> None:
    call = Call("POST", read_text("https://tool.example/a/{contact}/b?c={field.x}", ("x",)))
    try:
        request = write_request(call, {}, {"contact": value, "field.x": value, "id": "1"})
    except Unfit:
        assert value in (".", "..") or len(value) > 1_000
        return
    parts = urlsplit(request.url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "tool.example", "")
    first, a, contact, b = parts.path.split("/")
    assert (first, a, unquote(contact), b) == ("", "a", value, "b")
    assert unquote(parts.query.removeprefix("c=")) == value
    assert "&" not in parts.query


@given(value=st.text())
def test_any_text_in_a_header_is_one_line_or_refused(value: str) -> None:
    call = Call("POST", read_text("https://tool.example/", ()))
    try:
        request = write_request(call, {"X": read_text("a {contact}", ())}, {"contact": value, "id": "1"})
    except Unfit:
        assert not value.isprintable()
    else:
        assert request == Request(
            "POST", "https://tool.example/", {"Idempotency-Key": "1", "X": f"a {value}".strip()}
        )


@given(text=st.text())
def test_text_without_placeholders_is_itself(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert fill(read_template({"a": doubled}, ()), {}) == {"a": text}


def test_the_idempotency_key_may_be_the_tools_own(tool: Tool, tmp_path: Path) -> None:
    text = 'url = "URL/{contact}/{action}"\nheaders = { idempotency-key = "k-{id}" }'
    with sender(tool, tmp_path, text) as made:
        made.send(sending(ANNA))
    assert tool.told()[0].headers["idempotency-key"] == "k-crm-7"
