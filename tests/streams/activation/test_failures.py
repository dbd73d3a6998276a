"""A tool that fails in every way: nothing is lost, nothing doubled beyond its id, and all is right again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.living import wait_for
from tests.reached import Reach, mail, webhook
from tests.tool import Told, Tool

FAILURES: dict[str, dict[str, Any]] = {
    "500": {"status": 500, "body": "oh", "times": 2},
    "429": {"status": 429, "headers": {"Retry-After": "3"}, "times": 1},
    "garbage": {"how": "garbage", "times": 1},
    "hang": {"how": "hang", "times": 1},
    "cut": {"how": "cut", "body": "{", "times": 1},
    "close": {"how": "close", "times": 1},
}


def since(tool: Tool, act: Callable[[], object]) -> list[Told]:
    """What a tool is told from now on until `act` is done."""
    before = len(tool.told())
    act()
    return tool.told()[before:]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_tool_that_fails_is_told_again(reached: Reach, failure: str) -> None:
    reached.tool.behave(**FAILURES[failure])

    def change() -> None:
        gone = reached.withdraw()
        wait_for(lambda: mail(gone) in str(reached.tool.told()[-1:]) or reached.is_right())
        reached.come()
        wait_for(reached.is_right)

    told = since(reached.tool, change)
    ids = [one.headers["webhook-id"] for one in told]
    assert len(ids) > len(set(ids)), "it was told again, under the same id"
    if failure == "429":
        first, again = (int(one.headers["webhook-timestamp"]) for one in told[:2])
        assert again - first >= 3


def test_a_tool_that_dies_in_mid_batch_hears_all_when_it_lives_again(reached: Reach) -> None:
    reached.tool.behave("die", times=1)
    reached.come(range(1000, 1006))
    reached.tool.wait()
    gone = reached.withdraw()
    time.sleep(0.5)
    reached.tool.start()
    began = time.monotonic()
    reached.check()
    assert mail(gone) not in reached.tool.held()
    assert time.monotonic() - began < 40


def test_one_row_that_is_refused_holds_up_no_other(reached: Reach) -> None:
    bad = reached.come([2000])
    reached.check()
    reached.tool.behave(status=400, body="no such inbox", contacts=[mail(bad + 1)])
    reached.come(range(bad + 1, bad + 5))
    reached.there.remove(bad + 1)
    reached.check()
    wait_for(lambda: "no such inbox" in reached.destinations("refused", "mail"))
    said = reached.destinations("refused", "mail")
    assert mail(bad + 1) in said
    assert "400" in said
    assert mail(bad + 2) not in said
    time.sleep(1)
    assert since(reached.tool, lambda: time.sleep(1.5)) == [], "it is not told again"
    reached.tool.behave()
    reached.destinations("resync", "mail", "--reason", "Its inbox is there now.")
    reached.there.add(bad + 1)
    reached.check()


def test_a_tool_that_hangs_or_is_down_delays_no_other(reached: Reach, tmp_path: Any) -> None:
    with Tool(tmp_path) as other:
        file = webhook(reached.project, other, "other", timeout=60)
        reached.approve("other")
        reached.check(other)
        other.behave("hang")
        reached.come()
        wait_for(lambda: other.told()[-1].status == 0)
        gone = reached.withdraw()
        began = time.monotonic()
        wait_for(reached.is_right)
        seconds = time.monotonic() - began
        print(f"{seconds:.1f} s from a withdrawal to its removal beside a tool that hangs")
        assert seconds < 20
        other.kill()
        wait_for(lambda: "withdrawal not delivered yet" in reached.status("other"))
        assert "tried" in reached.status("other")
        assert "last withdrawal delivered" in reached.destinations("status")
        other.start()
        reached.check(other)
        assert mail(gone) not in other.held()
        file.unlink()
