"""A marketing tool in another process: `python -m tests.tool FOLDER PORT`, or `Tool` in a test.

Decides how a tool answers, well or badly, as it is told by requests to /control. Writes every other request
to FOLDER/requests.jsonl before it answers, so that what it was told outlives its death. Must never use the
house: it is what others run.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self

ROOT = Path(__file__).parents[1]
REQUESTS = "requests.jsonl"
CONTROL = "/control"
PATIENCE = 60.0
# What a behaviour may say, with what it is by default: `times` requests are answered so (-1: all that come),
# then well again. Only requests that hold one of `contacts` are, if there are any. `how`:
#   answer   with status, headers and body
#   garbage  what is not HTTP        cut   close in the middle of the answer's body
#   hang     no answer               drip  the answer a byte every 50 ms
#   close    close before an answer  die   the whole tool ends, at once
GOOD: dict[str, Any] = {
    "how": "answer", "status": 200, "headers": {}, "body": "", "times": -1, "contacts": [],
}  # fmt: skip


class Told(NamedTuple):
    """A request as the tool had it, and the status that it answered, 0 for none. Headers are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    status: int

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Tool:
    """The tool from a test's side. It lives from `start`, which entering calls, and can start again."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where it writes what it was told."""
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @cached_property
    def url(self) -> str:
        """Where it is, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it, at the same address each time, answering well; waits until it can be asked."""
        command = [sys.executable, "-m", "tests.tool", str(self.folder), str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.behave()
            except OSError:
                assert time.monotonic() < end, "the tool never came"
                time.sleep(0.02)

    def behave(self, how: str = "answer", **rest: Any) -> None:
        """How it answers from now on; see GOOD. Without arguments: well."""
        unknown = rest.keys() - GOOD.keys()
        assert not unknown, f"the tool knows no {unknown}"
        body = json.dumps({**GOOD, "how": how, **rest}).encode()
        with urllib.request.urlopen(f"{self.url}{CONTROL}", body, timeout=PATIENCE) as answer:
            answer.read()

    def told(self) -> list[Told]:
        """Every request so far, those before a death too."""
        file = self.folder / REQUESTS
        if not file.exists():
            return []
        return [Told(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]

    def forget(self) -> None:
        """Forgets what it was told."""
        (self.folder / REQUESTS).unlink(missing_ok=True)

    def held(self) -> dict[str, Any]:
        """Whom the tool holds by webhooks that it took, each once by its id: contact -> fields."""
        webhooks = [one for one in self.told() if "webhook-id" in one.headers]
        taken = {one.headers["webhook-id"]: one.json for one in webhooks if 200 <= one.status < 300}
        held = dict[str, Any]()
        for body in taken.values():
            for row in body["data"]["rows"]:
                if row["action"] == "remove":
                    held.pop(row["contact"], None)
                else:
                    held[row["contact"]] = row["fields"]
        return held

    def kill(self) -> None:
        """Kills it, if it lives."""
        if self._process:
            self._process.kill()
            self.wait()

    def wait(self) -> None:
        """Waits until it has died."""
        assert self._process
        self._process.wait(PATIENCE)

    def __enter__(self) -> Self:
        """Starts it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Kills it."""
        self.kill()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.lock, self.behaviour = folder, threading.Lock(), dict(GOOD)
        super().__init__(("127.0.0.1", port), _Handler)

    def next(self, said: str) -> dict[str, Any]:
        """How a request that says this is answered."""
        behaviour = self.behaviour
        contacts = behaviour["contacts"]
        if behaviour["times"] == 0 or (contacts and not any(one in said for one in contacts)):
            return GOOD
        behaviour["times"] -= 1
        return behaviour

    def handle_error(self, *_: Any) -> None:
        """Who is gone before the answer is not of interest."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if self.path == CONTROL:
            self.server.behaviour = json.loads(body)
            return self._answer(GOOD)
        with self.server.lock:
            behaviour = self.server.next(f"{self.path} {body}")
            how = behaviour["how"]
            told = Told(
                self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body,
                behaviour["status"] if how in ("answer", "cut", "drip") else 0,
            )  # fmt: skip
            with (self.server.folder / REQUESTS).open("a", encoding="utf-8") as out:
                out.write(json.dumps(told._asdict()) + "\n")
        if how == "die":
            os._exit(1)
        if how == "hang":
            time.sleep(PATIENCE)
        if how == "garbage":
            self.wfile.write(b"\x00 220 this is no HTTP\r\n\r\n")
        if how in ("answer", "cut", "drip"):
            return self._answer(behaviour)
        self.close_connection = True

    do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _answer(self, behaviour: Mapping[str, Any]) -> None:
        body = behaviour["body"].encode()
        self.send_response(behaviour["status"])
        for name, value in behaviour["headers"].items():
            self.send_header(name, value)
        is_cut = behaviour["how"] == "cut"
        self.send_header("Content-Length", str(len(body) + (100 if is_cut else 0)))
        self.end_headers()
        self.wfile.flush()
        for at in range(len(body)) if behaviour["how"] == "drip" else ():
            self.wfile.write(body[at : at + 1])
            time.sleep(0.05)
        if behaviour["how"] != "drip":
            self.wfile.write(body)
        self.close_connection = self.close_connection or is_cut


if __name__ == "__main__":
    _Server(Path(sys.argv[1]), int(sys.argv[2])).serve_forever()
