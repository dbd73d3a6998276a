"""A project with people, segments and destinations for tests, beside a tool that is told of them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from streams.pipeline import micros, utc_now
from streams.settings import Project
from tests.divided import defined
from tests.feed import OPENING, SECOND, Said, says
from tests.living import new_project
from tests.tool import Tool

SECRET = "whsec_" + b64encode(b"s" * 32).decode()
VARIABLE = "TOOL_SECRET"
SEGMENT, NEWSLETTER = "everybody", "newsletter"
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
timeout = 2
"""


def webhook(project: Project, tool: Tool, name: str = "mail", **said: object) -> Path:
    """Writes the file of a destination that is the tool; everything may change at once unless `said`."""
    told: Mapping[str, object] = {
        "segment": SEGMENT, "purpose": NEWSLETTER, "exclude": "[]", "max_change": 1.0, "url": tool.url,
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


@contextmanager
def tooled(folder: Path) -> Iterator[tuple[Project, Tool]]:
    """A new project and a living tool."""
    tool_folder = folder / "tool"
    tool_folder.mkdir()
    with Tool(tool_folder) as tool:
        yield new_project(folder / "shop"), tool
