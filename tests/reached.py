"""A project with people, segments and destinations for tests, beside a tool that is told of them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from sinks.gateway.access import Access
from streams.pipeline import micros, utc_now
from streams.settings import Project
from tests.divided import defined
from tests.feed import OPENING, SECOND, Said, says
from tests.living import Started, append, new_project, running, typed, wait_for
from tests.tool import Tool

SECRET = "whsec_" + b64encode(b"s" * 32).decode()
VARIABLE = "TOOL_SECRET"
SEGMENT, NEWSLETTER = "everybody", "newsletter"
HELD = "SELECT held_rows FROM activation.standing WHERE destination = ?"
WEBHOOK = """\
kind = "webhook"
segment = "{segment}"
purpose = "{purpose}"
contact = "email"
exclude = {exclude}
max_change = {max_change}
fields = {{ city = "city" }}

[webhook]
url = "{url}/hook"
secret = "TOOL_SECRET"
batch = 10
timeout = {timeout}
"""


def webhook(project: Project, tool: Tool, name: str = "mail", **said: object) -> Path:
    """Writes the file of a destination that is the tool; everything may change at once unless `said`."""
    told: Mapping[str, object] = {
        "segment": SEGMENT, "purpose": NEWSLETTER, "exclude": "[]", "max_change": 1.0, "timeout": 2,
        "url": tool.url,
    } | said  # fmt: skip
    file = project.root / "destinations" / f"{name}.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(WEBHOOK.format(**told), "utf-8")
    return file


def now(late: int = 0) -> int:
    """Microseconds from the opening to the present, and so many seconds."""
    return micros(utc_now()) - OPENING + late * SECOND


def person(number: int, *, purpose: str | None = NEWSLETTER) -> list[Said]:
    """Somebody with an account who has consented, or has not."""
    email, at = mail(number), now(-7200) + number
    told = [says("shop/standard/account_created", f"a-{number}", at, user_id=f"u-{number}", email=email,
                 first_name="Anna", newsletter_opt_in=False)]  # fmt: skip
    if purpose:
        told.append(consent(number, purpose=purpose))
    return told


def mail(number: int) -> str:
    """Their address."""
    return f"p{number}@web.de"


def consent(number: int, at: int | None = None, purpose: str = NEWSLETTER) -> Said:
    """They consent."""
    when = now(-3600) if at is None else at
    return says("crm/standard/consent_given", f"c-{number}-{when}", when, email=mail(number),
                email_purpose=purpose, method="double_opt_in")  # fmt: skip


def withdrawal(number: int, at: int | None = None) -> Said:
    """They take it back."""
    when = now() if at is None else at
    return says("crm/standard/consent_withdrawn", f"w-{number}-{when}", when, email=mail(number),
                email_purpose=NEWSLETTER)  # fmt: skip


def everybody() -> Said:
    """The segment of all people."""
    return defined(SEGMENT, "SELECT customer_id FROM customers WHERE kind = 'person'", at=now(-60))


class Reach:
    """A project whose `rundum run` lives, a tool that it sends to, who is to be there, and who ever came."""

    run: Started

    def __init__(self, project: Project, tool: Tool) -> None:
        """Nobody is there yet."""
        self.project, self.tool = project, tool
        self.there: set[int] = set()
        self.known: set[int] = set()
        self._numbers = count(100)

    def come(self, numbers: Iterable[int] = ()) -> int:
        """Somebody new consents, or those of `numbers`; the last of them."""
        new = [*numbers] or [next(self._numbers)]
        append(self.project, [said for number in new for said in person(number)])
        self.there |= {*new}
        self.known |= {*new}
        return new[-1]

    def withdraw(self) -> int:
        """Somebody who is there withdraws."""
        gone = self.there.pop()
        append(self.project, [withdrawal(gone)])
        return gone

    def is_right(self, tool: Tool | None = None) -> bool:
        """Whether a tool holds whom it should, and nobody else."""
        return set((tool or self.tool).held()) == {mail(number) for number in self.there}

    def check(self, tool: Tool | None = None) -> None:
        """It does in the end, and the same id always had the same rows, byte by byte."""
        wait_for(lambda: self.is_right(tool))
        check_ids(tool or self.tool)

    def destinations(self, *words: str) -> str:
        """What `rundum destinations` says, with an exit code other than 0 behind it."""
        code, run = typed(self.project.root, "destinations", *words)
        return run.said + (f"exit {code}" if code else "")

    def status(self, name: str) -> str:
        """The line of a destination in `rundum destinations status`, and what is below it; wrapped or not."""
        said = " ".join(re.sub(r"[^\x20-\x7e]+", " ", self.destinations("status")).split())
        return said[said.index(f"{name} {SEGMENT}") :]

    def approve(self, name: str) -> None:
        """Lets the first transfer go, once it waits for that."""
        wait_for(lambda: self.standing(name))
        assert "may go" in self.destinations("approve", name, "--reason", "First transfer.")

    def standing(self, name: str) -> int:
        """How many rows wait for an approval."""
        with Access(self.project.store) as access:
            rows = access.reader.rows(HELD, [name])
        return int(rows[0][0]) if rows else 0


def check_ids(tool: Tool) -> None:
    """One id, one body."""
    bodies: dict[str, set[str]] = {}
    for one in tool.told():
        if "webhook-id" in one.headers:
            bodies.setdefault(one.headers["webhook-id"], set()).add(one.body)
    assert [name for name, said in bodies.items() if len(said) > 1] == []


@contextmanager
def reach(folder: Path) -> Iterator[Reach]:
    """A living project in which six people are held by the tool."""
    with tooled(folder) as (project, tool):
        append(project, [everybody()])
        webhook(project, tool)
        with running(project) as run:
            made = Reach(project, tool)
            made.run = run
            made.come(range(6))
            made.approve("mail")
            wait_for(made.is_right)
            yield made


@contextmanager
def reach_stopped(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Reach]:
    """A project, to be run by the test, and a tool."""
    patch.setenv(VARIABLE, SECRET)
    with tooled(folder) as (project, tool):
        yield Reach(project, tool)


@contextmanager
def tooled(folder: Path) -> Iterator[tuple[Project, Tool]]:
    """A new project and a living tool."""
    tool_folder = folder / "tool"
    tool_folder.mkdir()
    with Tool(tool_folder) as tool:
        yield new_project(folder / "shop"), tool
