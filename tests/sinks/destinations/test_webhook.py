"""Webhooks to a receiver in another process: signed, bounded, and each bad row refused alone."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from sinks.destinations.kinds import Webhook
from sinks.destinations.protocol import Refusal, Row, Sending, Unavailable
from sinks.destinations.webhook import WebhookSender, write_body
from tests.tool import Tool

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
AT = datetime(2026, 3, 1, 12, 30)  # noqa: DTZ001


def rows(count: int) -> tuple[Row, ...]:
    return tuple(Row(f"p{at}@shop.example", "add", {"city": "Köln", "orders": at}) for at in range(count))


def sending(*given: Row, name: str = "news-1") -> Sending:
    return Sending(name, "news", "lapsed", "newsletter", "email", AT, given)


@contextmanager
def sender(tool: Tool, path: str = "/hook", **how: Any) -> Iterator[WebhookSender]:
    how = {"batch": 100, "timeout": 10.0} | how
    with closing(WebhookSender(Webhook(f"{tool.url}{path}", "SECRET", **how), {"SECRET": SECRET})) as made:
        yield made


def contacts(body: Any) -> list[str]:
    return [row["contact"] for row in body["data"]["rows"]]


def test_the_receivers_library_verifies_what_is_sent(tool: Tool) -> None:
    change = sending(
        Row("anna@shop.example", "update", {"b": 1, "a": None}), Row("ben@x.example", "remove", {})
    )
    with sender(tool) as made:
        assert made.send(change).refused == ()
    (one,) = tool.told()
    assert (one.method, one.path, one.headers["webhook-id"]) == ("POST", "/hook", "news-1")
    assert abs(int(one.headers["webhook-timestamp"]) - time.time()) < 60
    assert Verifier(SECRET).verify(one.body, dict(one.headers)) == {
        "type": "segment.changed",
        "timestamp": "2026-03-01T12:30:00Z",
        "data": {
            "destination": "news", "segment": "lapsed", "purpose": "newsletter",
            "rows": [
                {"contact": "anna@shop.example", "kind": "email", "action": "update",
                 "fields": {"a": None, "b": 1}},
                {"contact": "ben@x.example", "kind": "email", "action": "remove", "fields": {}},
            ],
        },
    }  # fmt: skip
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(one.body.replace("anna", "eve"), dict(one.headers))
    assert tool.held() == {"anna@shop.example": {"a": None, "b": 1}}


def test_the_same_rows_are_the_same_bytes(tool: Tool) -> None:
    with sender(tool) as made:
        made.send(sending(Row("a@x.example", "add", {"b": 1, "a": 2})))
        made.send(sending(Row("a@x.example", "add", {"a": 2, "b": 1})))
    first, second = tool.told()
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_more_rows_than_a_batch_go_in_several_requests(tool: Tool) -> None:
    with sender(tool, batch=2) as made:
        made.send(sending(*rows(5)))
    assert [one.headers["webhook-id"] for one in tool.told()] == ["news-1/0-1", "news-1/2-3", "news-1/4-4"]
    assert len(tool.held()) == 5


@pytest.mark.parametrize("status", [400, 404, 410, 413, 422])
def test_only_the_bad_row_is_refused(tool: Tool, status: int) -> None:
    tool.behave(status=status, contacts=["p5@"], body="no such \x1b[31mmailbox")
    with sender(tool) as made:
        assert made.send(sending(*rows(8))).refused == (Refusal(5, status, "no such \ufffd[31mmailbox"),)
    assert sorted(tool.held()) == sorted({row.contact for row in rows(8)} - {"p5@shop.example"})
    names = {one.headers["webhook-id"]: one.status for one in tool.told()}
    assert names["news-1/1/0/1"] == status
    assert names["news-1/1/0/0"] == names["news-1/0"] == 200
    assert len(names) == len(tool.told()) == 7


def test_a_receiver_may_name_the_rows_that_it_refuses(tool: Tool) -> None:
    wrong = [{"index": 9}, {"index": "1"}, {"index": -1}, {"index": True}, 7]
    said = {"refused": [{"index": 2, "error": "unknown\nmailbox"}, *wrong]}
    tool.behave(body=json.dumps(said))
    with sender(tool) as made:
        assert made.send(sending(*rows(4))).refused == (Refusal(2, 200, "unknown\nmailbox"),)
    assert len(tool.told()) == 1


@pytest.mark.parametrize("body", ["", "OK", "[1]", '{"refused": 3}', "[" * 50_000, "\x00" * 100_000])
def test_any_other_answer_with_a_good_status_is_good(tool: Tool, body: str) -> None:
    tool.behave(body=body)
    with sender(tool) as made:
        assert made.send(sending(*rows(3))).refused == ()
    assert len(tool.told()) == 1


def test_refusals_too_long_to_read_are_asked_for_in_halves(tool: Tool) -> None:
    said = {"refused": [{"index": 0, "error": "x" * 100_000}]}
    tool.behave(body=json.dumps(said), contacts=["p1@"])
    with sender(tool) as made:
        (refusal,) = made.send(sending(*rows(4))).refused
    assert (refusal.row, refusal.status, len(refusal.answer)) == (1, 200, 2_000)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
def test_a_tool_that_cannot_now_is_asked_later(tool: Tool, status: int) -> None:
    tool.behave(status=status, times=1, body="come back")
    with sender(tool) as made:
        with pytest.raises(Unavailable, match=f"127.0.0.1 answered {status}: come back") as later:
            made.send(sending(*rows(3)))
        assert later.value.retry_after is None
        assert made.send(sending(*rows(3))).refused == ()
    first, second = tool.told()
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "news-1"


def test_it_says_when_to_come_back(tool: Tool) -> None:
    def asked(value: str) -> float | None:
        tool.behave(status=429, headers={"Retry-After": value})
        with sender(tool) as made, pytest.raises(Unavailable) as later:
            made.send(sending(*rows(1)))
        return later.value.retry_after

    assert asked("7") == 7
    in_an_hour = asked(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    assert in_an_hour is not None
    assert 3_500 < in_an_hour <= 3_600
    assert asked("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert asked("9" * 400) == 86_400
    assert asked("soon") is asked("-3") is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_secret_refuses_no_row(tool: Tool, status: int) -> None:
    tool.behave(status=status)
    with sender(tool) as made, pytest.raises(Unavailable, match="check the secret"):
        made.send(sending(*rows(2)))
    assert len(tool.told()) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(tool: Tool, status: int) -> None:
    tool.behave(status=status, headers={"Location": f"{tool.url}/elsewhere"})
    with sender(tool) as made, pytest.raises(Unavailable, match=r"/elsewhere.*mend the url"):
        made.send(sending(*rows(2)))
    assert [one.path for one in tool.told()] == ["/hook"]


@pytest.mark.parametrize("how", ["garbage", "close"])
def test_what_is_no_answer_is_none(tool: Tool, how: str) -> None:
    tool.behave(how, times=1)
    with sender(tool) as made:
        with pytest.raises(Unavailable, match=r"127.0.0.1 cannot be asked: \w"):
            made.send(sending(*rows(2)))
        assert made.send(sending(*rows(2))).refused == ()


def test_an_answer_cut_in_the_middle_is_none(tool: Tool) -> None:
    tool.behave("cut", body='{"refused": ', times=1)
    with sender(tool) as made, pytest.raises(Unavailable, match="cannot be asked"):
        made.send(sending(*rows(2)))


@pytest.mark.parametrize("how", ["hang", "drip"])
def test_the_timeout_is_that_of_the_whole(tool: Tool, how: str) -> None:
    tool.behave(how, body="x" * 10_000, times=1)
    with sender(tool, timeout=0.5) as made:
        began = time.monotonic()
        with pytest.raises(Unavailable, match=r"within 0\.5 seconds"):
            made.send(sending(*rows(2)))
        assert time.monotonic() - began < 5
        assert made.send(sending(*rows(2))).refused == ()


def test_a_dead_tool_is_asked_again_when_it_lives(own_tool: Tool) -> None:
    own_tool.behave("die")
    with sender(own_tool) as made:
        for _ in range(2):
            with pytest.raises(Unavailable):
                made.send(sending(*rows(2)))
            own_tool.wait()
        own_tool.start()
        assert made.send(sending(*rows(2))).refused == ()
    assert [one.status for one in own_tool.told()] == [0, 200]
    assert len(own_tool.held()) == 2


def test_it_goes_on_where_the_tool_became_unavailable(tool: Tool) -> None:
    tool.behave(status=429, contacts=["p4@"])
    with sender(tool, batch=2) as made:
        with pytest.raises(Unavailable):
            made.send(sending(*rows(6)))
        tool.behave(status=400, contacts=["p4@"])
        assert [one.row for one in made.send(sending(*rows(6))).refused] == [4]
        names = [one.headers["webhook-id"] for one in tool.told()]
        assert names == [
            "news-1/0-1",
            "news-1/2-3",
            "news-1/4-5",
            "news-1/4-5",
            "news-1/4-5/0",
            "news-1/4-5/1",
        ]
        tool.behave()
        made.send(sending(*rows(6)))  # decided again: nothing is remembered of what was settled
    assert len(tool.told()) == 9


def test_other_rows_under_the_same_id_are_not_taken_for_the_same(tool: Tool) -> None:
    tool.behave(status=503, contacts=["p2@"])
    with sender(tool, batch=1) as made:
        with pytest.raises(Unavailable):
            made.send(sending(*rows(3)))
        tool.behave()
        made.send(sending(Row("other@x.example", "add", {}), *rows(3)[1:]))
    assert "other@x.example" in tool.held()


@pytest.mark.parametrize(
    ("environ", "mend"),
    [
        ({}, "the environment lacks SECRET"),
        ({"SECRET": "hunter2"}, "24 to 64 bytes"),
        ({"SECRET": "whsec_!!"}, "24 to 64 bytes"),
        ({"SECRET": "whsec_aGk="}, "24 to 64 bytes"),
    ],
)
def test_nothing_goes_without_a_secret(tool: Tool, environ: dict[str, str], mend: str) -> None:
    with (
        closing(WebhookSender(Webhook(f"{tool.url}/", "SECRET"), environ)) as made,
        pytest.raises(Unavailable, match=mend) as missing,
    ):
        made.send(sending(*rows(1)))
    assert environ.get("SECRET", "?") not in str(missing.value)
    assert tool.told() == []


def test_it_sends_from_any_thread_beside_a_running_loop(tool: Tool) -> None:
    async def two() -> None:
        for name in ("1", "2"):
            await asyncio.to_thread(made.send, sending(*rows(1), name=name))

    with sender(tool) as made:
        asyncio.run(two())
    assert len(tool.told()) == 2


def test_what_json_lacks_is_written_as_something_else() -> None:
    body = json.loads(write_body(sending(Row("a@x.example", "add", {"n": float("nan"), "t": AT})), [0]))
    assert body["data"]["rows"][0]["fields"] == {"n": None, "t": "2026-03-01 12:30:00"}


def test_logs_are_told_nothing_of_people(tool: Tool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)  # as Faust sets the root logger
    with sender(tool, "/hook?key=hidden") as made:
        made.send(sending(*rows(2)))
    assert "hidden" not in caplog.text
    assert "webhook-signature" not in caplog.text
