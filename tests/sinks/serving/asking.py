"""`rundum api serve` as a process of its own, and a client of it.

Decides how a test asks. Must never import the API into the test's process.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sinks.serving.tokens import written
from streams.settings import FILE, Project, init_project, read_project
from tests.living import PATIENCE, Started, command

ALL, CUSTOMERS, NEWS = "rundum_all", "rundum_customers", "rundum_news"
TOKENS = f"""
all = "{written(ALL)}"
website = {{ hash = "{written(CUSTOMERS)}", scope = ["customers"] }}
news = {{ hash = "{written(NEWS)}", segments = ["newsletter_readers"] }}
"""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The document."""
        return json.loads(self.text)


def api_project(folder: Path, tokens: str = TOKENS, **keys: str | int) -> Project:
    """A project whose rundum.toml holds only [api]."""
    init_project(folder)
    told = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    (folder / FILE).write_text(f"[api]\n{told}[api.tokens]\n{tokens}", "utf-8")
    return read_project(folder)


class Serving:
    """A running API."""

    def __init__(self, process: Started) -> None:
        """From when it listens."""
        self.process = process
        self.port = int(process.until(r"listening on http://127\.0\.0\.1:(\d+)/v1")[1])

    def ask(self, path: str, token: str | None = ALL, method: str = "GET", **query: Any) -> Answer:
        """What it answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        try:
            connection.request(method, f"{path}?{urlencode(query)}" if query else path, headers=headers)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers, answer.read().decode())
        finally:
            connection.close()

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the access log that have come so far, those of standard output."""
        return [json.loads(line) for line in self.process.said.splitlines() if line.startswith("{")]


@contextmanager
def serving(project: Project, *words: str) -> Iterator[Serving]:
    """`rundum api serve` on a project."""
    with command(project.root, "api", "serve", *(words or ("--port", "0"))) as process:
        yield Serving(process)
