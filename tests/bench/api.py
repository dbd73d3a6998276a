"""How long the API takes to answer while its copy is written: three processes, as a company has them.

Decides what is asked, and when a clock starts: when a request was due, so that a stall counts for all that
it holds up. Must never ask but over HTTP.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script

import numpy as np

from sinks.serving.copy import ServingCopy, copy_of
from sinks.serving.reader import CopyReader
from sinks.serving.tokens import written
from sinks.serving.update import Change, Member, Name, Profile, Update
from streams.settings import FILE, init_project
from tests.beside import RUNDUM, Beside

STORE, TOKEN = "bench", "rundum_bench"
CHUNK = 10_000  # profiles of an update while the copy is made
BATCH = 500  # of one while it is kept up to date
SEGMENTS = ("buyers", "newsletter_readers", "vip", "sleepers")
SINCE = "2026-01-01T00:00:00+00:00"
CLIENTS = 8  # connections that are kept open
SETTLE = 2.0  # seconds of asking that do not count
Figures = dict[str, Any]


def lookups(folder: str, profiles: int, rate: int, changed: int, seconds: float) -> Figures:
    """Milliseconds of GET /v1/customers at a rate, while `changed` profiles a second are written beside.

    `copy_seconds` is what filling the copy took.
    """
    project = init_project(Path(folder) / "api")
    with project.log.with_name(FILE).open("a", encoding="utf-8") as file:
        file.write(f'bench = "{written(TOKEN)}"\naccess = "{written("another")}"\n')
    path = copy_of(project.store)
    began = time.monotonic()
    _fill(path, profiles)
    filled = time.monotonic() - began
    serve = (RUNDUM, "api", "serve", "--port", "0", "--project", project.root)
    write = (sys.executable, __file__, path, profiles, changed)
    with (
        _Heard(Path(folder) / "api.txt", *serve) as api,
        Beside(Path(folder) / "writer.txt", *map(str, write)) as writer,
    ):
        port = int(api.await_line("listening").partition("/v1")[0].rpartition(":")[2])
        writer.await_line("writes")
        before, at = _upto(path), time.monotonic()
        took, errors = _ask(port, profiles, rate, seconds)
        changing = (_upto(path) - before) * BATCH / (time.monotonic() - at)
    kept = took[int(SETTLE * rate) :]
    return {
        "profiles": profiles, "rate": rate, "requests": len(kept), "errors": errors,
        **{f"p{part}_ms": float(np.percentile(kept, part)) * 1000 for part in (50, 95, 99)},
        "worst_ms": max(kept) * 1000, "changed_per_second": changing,
        "copy_seconds": filled, "copy_mib": path.stat().st_size / 2**20,
    }  # fmt: skip


class _Heard(Beside):
    """A program whose messages are heard rather than its log."""

    def __init__(self, said: Path, *command: str | Path) -> None:
        line = " ".join(f"'{word}'" for word in command)
        super().__init__(said, "sh", "-c", f"exec {line} 2>&1")


def told(number: int, version: int) -> tuple[Profile, list[Name], list[Member]]:
    """A customer of two kilobytes with three names, in two segments on average."""
    customer = f"{number:08x}-0000-4000-8000-000000000000"
    body = {
        "version": version, "first_name": "Anna", "city": "Köln", "revenue_net": number / 100,
        "orders": [{"order_id": f"B{number}-{one}", "total": 4999, "currency": "EUR", "status": "shipped",
                    "placed_at": SINCE} for one in range(12)],
        "measures": {f"measure_{one}": one * number for one in range(20)},
    }  # fmt: skip
    names = [
        Name("email", f"anna{number}@beispiel.de", customer), Name("customer_no", f"K{number:07d}", customer),
        Name("device_id", f"d{number:032x}", customer),
    ]  # fmt: skip
    member = [
        Member(one, customer, SINCE, '{"orders": 3}') for at, one in enumerate(SEGMENTS) if number >> at & 1
    ]
    return Profile(customer, json.dumps(body)), names, member


def update(upto: int, numbers: Iterator[int] | range, change: int = 0) -> Update:
    """These customers, in their version of now."""
    profiles, names, members = [], [], []
    for number in numbers:
        profile, some, more = told(number, upto)
        profiles.append(profile)
        names += some
        members += more
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    changes = [Change(change + n, one.segment, one.customer_id, True, at, "{}")
               for n, one in enumerate(members[:50], 1)] if change else []  # fmt: skip
    return Update(upto, (), profiles, names, members, changes)


def _fill(path: Path, profiles: int) -> None:
    copy = ServingCopy(path, STORE)
    with copy.rebuild() as fresh:
        for first in range(0, profiles, CHUNK):
            fresh.apply(update(1, range(first, min(profiles, first + CHUNK))))
    copy.close()


def write_on(path: Path, profiles: int, changed: int) -> None:
    """Keeps a copy up to date with customers that change by chance, until it is killed."""
    copy, chance, change = ServingCopy(path, STORE), random.Random(7), 1
    print("writes", flush=True)
    began = time.monotonic()
    for number in count():
        numbers = iter(chance.sample(range(profiles), BATCH))
        copy.apply(update(copy.cursor()[0] + 1, numbers, change))
        change += 50
        time.sleep(max(0.0, began + (number + 1) * BATCH / changed - time.monotonic()))


def _upto(path: Path) -> int:
    reader = CopyReader(path)
    try:
        return reader.standing().upto
    finally:
        reader.close()


def _ask(port: int, profiles: int, rate: int, seconds: float) -> tuple[list[float], int]:
    """Seconds that each request took from when it was due, in order of these, and how many went wrong."""
    total = int(rate * (seconds + SETTLE))
    took, errors, numbers = [0.0] * total, [0] * CLIENTS, count()
    chance = random.Random(3)
    asked = [chance.randrange(profiles) for _ in range(total)]
    began = time.monotonic() + 0.5

    def ask(client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        while (at := next(numbers)) < total:
            due = began + at / rate
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                connection.request("GET", f"/v1/customers/email/Anna{asked[at]}@beispiel.de", headers=headers)
                answer = connection.getresponse()
                is_right = answer.status == 200 and f"B{asked[at]}-0".encode() in answer.read()
            except OSError:
                is_right = False
                connection.close()
            errors[client] += not is_right
            took[at] = time.monotonic() - due
        connection.close()

    clients = [threading.Thread(target=ask, args=(client,)) for client in range(CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return took, sum(errors)


if __name__ == "__main__":
    write_on(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
