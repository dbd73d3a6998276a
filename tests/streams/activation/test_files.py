"""Destinations of several kinds side by side, their files changed while `rundum run` lives, the commands."""

from __future__ import annotations

import csv
import hashlib
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.settings import Project
from tests.divided import defined
from tests.living import append, running, wait_for
from tests.reached import VARIABLE, Reach, mail, now, webhook
from tests.tool import Tool

CSV = """\
kind = "file"
segment = "everybody"
purpose = "newsletter"
contact = "email"
exclude = []
max_change = 1.0

[file]
folder = "out"
format = "csv"
columns = "google"
"""
API = """\
kind = "http"
segment = "everybody"
purpose = "newsletter"
contact = "email"
exclude = []
max_change = 1.0
fields = {{ first = "first_name" }}

[http]
url = "{url}/api/{{contact}}"
method = "PUT"
body = {{ name = "{{field.first}}" }}
remove = {{ method = "DELETE", url = "{url}/api/{{contact}}", accept = [404] }}
"""


@contextmanager
def placed(project: Project, name: str, text: str) -> Iterator[Path]:
    """A destination's file, for as long as the block lasts."""
    file = project.root / "destinations" / f"{name}.toml"
    file.write_text(text, "utf-8")
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def in_files(folder: Path) -> set[str]:
    """Who is in the audience that files of additions and removals tell of, in their order, as hashes."""
    held: set[str] = set()
    for file in sorted(folder.glob("*.csv"), key=lambda file: file.stat().st_mtime_ns):
        with file.open(encoding="utf-8") as lines:
            rows = {row["Email"] for row in csv.DictReader(lines)}
        held = held - rows if file.name.endswith(".remove.csv") else held | rows
    return held


def in_api(tool: Tool) -> dict[str, object]:
    """Whom an API holds."""
    held: dict[str, object] = {}
    for one in tool.told():
        if one.path.startswith("/api/"):
            contact = one.path.removeprefix("/api/").replace("%40", "@")
            if one.method == "DELETE":
                held.pop(contact, None)
            else:
                held[contact] = one.json
    return held


def hashed(numbers: set[int]) -> set[str]:
    """What Google calls people."""
    return {hashlib.sha256(mail(number).encode()).hexdigest() for number in numbers}


def test_files_and_an_api_beside_a_webhook(reached: Reach) -> None:
    project, tool = reached.project, reached.tool
    out = project.root / "out"
    with placed(project, "ads", CSV), placed(project, "api", API.format(url=tool.url)):
        for name in ("ads", "api"):
            reached.approve(name)
        wait_for(lambda: in_files(out) == hashed(reached.there))
        wait_for(lambda: in_api(tool).keys() == {mail(number) for number in reached.there})
        assert in_api(tool)[mail(max(reached.there))] == {"name": "Anna"}
        reached.come()
        reached.withdraw()
        began = time.monotonic()
        wait_for(lambda: in_files(out) == hashed(reached.there))
        wait_for(lambda: in_api(tool).keys() == {mail(number) for number in reached.there})
        reached.check()
        assert time.monotonic() - began < 30


def test_a_broken_file_goes_on_as_it_was_and_a_removed_one_does_not(reached: Reach) -> None:
    file = reached.project.root / "destinations" / "mail.toml"
    text = file.read_text("utf-8")
    (file.parent / ".#mail.toml").symlink_to("nowhere")  # an editor has it open
    file.write_text("kind = webhook", "utf-8")
    reached.run.until("mail.toml: is not TOML")
    said = reached.destinations("status")
    assert "mail.toml: is not TOML" in said
    assert "exit 1" in said
    reached.withdraw()
    reached.check()
    (file.parent / ".#mail.toml").unlink()
    file.unlink()
    time.sleep(2)
    before = reached.tool.held()
    reached.come()
    gone = reached.withdraw()
    time.sleep(2)
    assert reached.tool.held() == before
    assert "its file is gone" in reached.destinations("status")
    file.write_text(text, "utf-8")
    reached.check()
    assert mail(gone) not in reached.tool.held()


def test_other_fields_are_updates_for_all(reached: Reach) -> None:
    file = reached.project.root / "destinations" / "mail.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace('city = "city"', 'name = "first_name"'), "utf-8")
    wait_for(lambda: all(one == {"name": "Anna"} for one in reached.tool.held().values()))
    file.write_text(text.replace('city = "city"', 'name = "no_such_column"'), "utf-8")
    wait_for(lambda: "no_such_column" in reached.status("mail"))
    gone = reached.withdraw()
    wait_for(lambda: mail(gone) not in reached.tool.held())  # which waits for no mended file
    said = reached.destinations("preview", "mail")
    assert "no_such_column" in said
    assert "exit 1" in said
    assert "Traceback" not in said
    file.write_text(text, "utf-8")
    wait_for(lambda: all(one == {"city": None} for one in reached.tool.held().values()))


def test_a_preview_counts_step_by_step_and_sends_nothing(reached: Reach) -> None:
    project, tool = reached.project, reached.tool
    while len(reached.there) < 12:  # more than half as many again would wait for an approval
        first = max(3000, max(reached.there) + 1)
        reached.come(range(first, first + len(reached.there) // 2))
        reached.check()
    one = min(reached.there)
    append(
        project, [defined("some", f"SELECT customer_id FROM customers WHERE email = '{mail(one)}'", at=now())]
    )
    webhook(project, tool, "careful", exclude='["some"]', max_change=0)
    try:
        wait_for(lambda: reached.standing("careful"))
        before, people = len(tool.told()), len(reached.there)
        matched = len(reached.known)
        said = reached.destinations("preview", "careful")
        counts = f"{matched} matched -> 1 excluded -> {people - 1} consented -> {people - 1} reachable"
        assert counts in said
        assert said.count("@web.de") == 10
        assert mail(one) not in said
        assert len(tool.told()) == before
    finally:
        (project.root / "destinations" / "careful.toml").unlink()


def test_pause_and_resume(reached: Reach) -> None:
    assert "paused" in reached.destinations("pause", "mail", "--reason", "Holiday.")
    assert "paused since" in reached.status("mail")
    time.sleep(0.7)
    before = reached.tool.held()
    reached.come()
    time.sleep(2)
    assert reached.tool.held() == before
    assert "goes on" in reached.destinations("resume", "mail")
    reached.check()
    assert "well; sent last" in reached.status("mail")


def test_resync_sends_all_again_under_new_ids(reached: Reach) -> None:
    before = {one.headers["webhook-id"] for one in reached.tool.told() if "webhook-id" in one.headers}
    assert "sent again" in reached.destinations("resync", "mail")

    def again() -> set[str]:
        told = [one for one in reached.tool.told() if one.headers.get("webhook-id", "") not in before | {""}]
        return {row["contact"] for one in told for row in one.json["data"]["rows"]}

    wait_for(lambda: again() == {mail(number) for number in reached.there})


def test_mistakes_are_named(reached: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    said = reached.destinations("pause", "male")
    assert "male.toml: is not there" in said
    assert "mail" in said.partition("is not there")[2]
    assert "exit 1" in said
    assert "nothing of mail waits" in reached.destinations("approve", "mail")
    nowhere = API.format(url=reached.tool.url).replace("everybody", "nobody_knows")
    with placed(reached.project, "lost", nowhere):
        said = reached.destinations("preview", "lost")
        assert "lost.toml: no segment nobody_knows holds" in said
        assert "exit 1" in said
        wait_for(
            lambda: "rundum segments apply nobody_knows" in " ".join(reached.destinations("status").split())
        )
    monkeypatch.delenv(VARIABLE)
    assert f"mail.toml: webhook.secret: the environment lacks {VARIABLE}" in reached.destinations("status")


def test_it_ends_in_time_while_destinations_hang_and_goes_on_later(reached: Reach) -> None:
    for name in ("mail", "second", "third"):
        webhook(reached.project, reached.tool, name, timeout=60)
    for name in ("second", "third"):
        reached.approve(name)
    reached.check()
    reached.tool.behave("hang")
    reached.come()
    gone = reached.withdraw()
    wait_for(lambda: len([one for one in reached.tool.told() if one.status == 0]) >= 3)
    began = time.monotonic()
    assert reached.run.end(signal.SIGTERM) == 0, reached.run.said
    assert time.monotonic() - began < 5
    assert "Traceback" not in reached.run.said
    for name in ("second", "third"):
        (reached.project.root / "destinations" / f"{name}.toml").unlink()
    reached.tool.behave()
    reached.run = running(reached.project)
    try:
        reached.check()
        assert mail(gone) not in reached.tool.held()
    finally:
        reached.run.__exit__()
