"""`rundum run`, killed again and again while it sends: the tool holds whom it should, an id has one body."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sinks.gateway.access import Access
from tests.compared import constraint
from tests.feed import SECOND
from tests.living import append, running, wait_for
from tests.reached import Reach, consent, everybody, mail, now, reach_stopped, webhook

KILLS = int(os.environ.get("SENDING_KILLS", "4"))
FIRST = 80  # so many that what changes is never so large that it waits


@pytest.fixture
def reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reach]:
    """A project whose tool is to be told of people."""
    with reach_stopped(tmp_path, monkeypatch) as made:
        append(made.project, [everybody()])
        webhook(made.project, made.tool, max_change=1.0)
        yield made


def stir(reached: Reach, chance: Random, turn: int) -> None:
    """People come, withdraw, consent again, are joined and parted; the tool may fail as well."""
    reached.come(range(100 * turn, 100 * turn + chance.randint(1, 3)))
    gone = reached.withdraw()
    if chance.random() < 0.5:
        append(reached.project, [consent(gone, now(1))])
        reached.there.add(gone)
    one, other = chance.sample(sorted(reached.there), 2)
    left, right = ("user_id", f"u-{one}"), ("user_id", f"u-{other}")
    verdict = chance.choice(["must", "cannot"])
    append(reached.project, [constraint(left, right, verdict, now() // SECOND)])
    reached.withdraw()
    how: dict[str, Any] = chance.choice(
        [{}, {"status": 500, "times": 1}, {"how": "cut", "times": 1}, {"how": "hang", "times": 1}]
    )
    reached.tool.behave(**how)


def test_killed_again_and_again_while_it_sends(reached: Reach) -> None:
    chance = Random(11)
    reached.come(range(FIRST))
    with running(reached.project):
        reached.approve("mail")
        wait_for(reached.is_right)
    for turn in range(1, KILLS + 1):
        told = len(reached.tool.told())
        with running(reached.project) as run:
            stir(reached, chance, turn)
            if chance.random() < 0.7:  # amid what it is telling
                wait_for(lambda told=told: len(reached.tool.told()) > told)  # type: ignore[misc]
            time.sleep(chance.random() * 0.3)
            assert run.end(signal.SIGKILL) == -signal.SIGKILL
    reached.tool.behave()
    with running(reached.project) as run:
        reached.check()
        wait_for(lambda: is_quiet(reached))
        assert run.end(signal.SIGTERM) == 0
    check_order(reached)


def is_quiet(reached: Reach) -> bool:
    """Whether nothing is under way, and the store believes of the tool what it holds."""
    with Access(reached.project.store) as access:
        rows = access.reader.rows
        held = {contact for (contact,) in rows("SELECT contact FROM activation.holding")}
        return rows("FROM activation.delivery WHERE sent_at IS NULL") == [] and held == {*reached.tool.held()}


def check_order(reached: Reach) -> None:
    """Each contact was told of in the order in which that was decided, and no removal came out of nothing."""
    told: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in reached.tool.told():
        for row in one.json["data"]["rows"]:
            told[row["contact"]].append((one.json["timestamp"], row["action"]))
    assert told.keys() <= {mail(number) for number in reached.known}
    for contact, words in told.items():
        assert words == sorted(words, key=lambda word: word[0]), contact
        assert words[0][1] == "add", contact
