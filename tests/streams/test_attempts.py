"""The mark of what is being landed: it counts deaths, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from sinks.duckdb.database import StoreError
from streams.attempts import Attempts, Span
from streams.core.model import Batch, Place
from streams.log.protocol import LogError
from streams.registry.protocol import RegistryError

WEB, SHOP = Place("web.tracking", 0), Place("shop.standard", 1)
BATCH = Batch("log", [], {WEB: 10, SHOP: 4})
POSITIONS = {WEB: 7}


@pytest.fixture
def attempts(tmp_path: Path) -> Attempts:
    """The mark of a store."""
    return Attempts(tmp_path / "store.duckdb")


def die(attempts: Attempts, batch: Batch = BATCH, start: int = 7) -> None:
    """What a process that dies leaves behind: the mark, as it was within."""
    within = attempts.marked(batch, {WEB: start})
    within.__enter__()


def test_the_third_start_is_told_what_was_being_landed(attempts: Attempts) -> None:
    die(attempts)
    assert attempts.deadly("log") == []
    die(attempts)
    assert attempts.deadly("log") == [Span(WEB, 7, 10), Span(SHOP, 0, 4)]
    assert attempts.deadly("another log") == []
    attempts.clear()
    assert attempts.deadly("log") == []
    attempts.clear()


def test_a_batch_that_lands_counts_for_nothing(attempts: Attempts, tmp_path: Path) -> None:
    die(attempts)
    with attempts.marked(BATCH, POSITIONS):
        assert attempts.deadly("log") != []
    assert attempts.deadly("log") == []
    assert list(tmp_path.iterdir()) == []


def test_another_batch_starts_to_count_anew(attempts: Attempts) -> None:
    die(attempts)
    die(attempts, start=8)
    assert attempts.deadly("log") == []


def test_a_batch_that_has_grown_is_the_same(attempts: Attempts) -> None:
    """Between two deaths more can be appended."""
    die(attempts)
    die(attempts, Batch("log", [], {WEB: 99, SHOP: 4}))
    assert attempts.deadly("log") == [Span(WEB, 7, 99), Span(SHOP, 0, 4)]


@pytest.mark.parametrize("error", [StoreError(), LogError(), RegistryError(), KeyboardInterrupt()])
def test_what_the_world_does_is_no_fault_of_a_record(attempts: Attempts, error: BaseException) -> None:
    for _ in range(3):
        with pytest.raises(type(error)), attempts.marked(BATCH, POSITIONS):
            raise error
    assert attempts.deadly("log") == []


def test_an_error_that_nobody_expected_counts_like_a_death(attempts: Attempts) -> None:
    for _ in range(2):
        with suppress(ZeroDivisionError), attempts.marked(BATCH, POSITIONS):
            raise ZeroDivisionError
    assert len(attempts.deadly("log")) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b'{"log": "log", "tri'])
def test_a_mark_that_cannot_be_read_says_nothing(attempts: Attempts, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "store.duckdb.attempt").write_bytes(content)
    assert attempts.deadly("log") == []
    die(attempts)
    die(attempts)
    assert len(attempts.deadly("log")) == 2


def test_a_mark_that_cannot_be_written_keeps_nobody_from_landing(tmp_path: Path) -> None:
    for name in ("store.duckdb.attempt", "store.duckdb.attempt.new"):
        (tmp_path / name).mkdir()
    attempts = Attempts(tmp_path / "store.duckdb")
    with attempts.marked(BATCH, POSITIONS):
        assert attempts.deadly("log") == []
