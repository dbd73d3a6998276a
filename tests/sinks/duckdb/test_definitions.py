"""What a file that defines a segment or a trait must say, what it may read, and when it is looked at."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.catalogue import ContractError
from sinks.duckdb.definitions import (
    READABLE,
    SEGMENT,
    SHARED,
    TRAIT,
    Definition,
    find_files,
    read_definition,
    read_file,
)
from sinks.duckdb.sql import scripts

HEAD = "-- owner: Marketing\n-- description: Some.\n-- refresh: {}\n"
TIMED = "SELECT customer_id FROM customers WHERE last_order_at < $now - INTERVAL 1 DAY"
UNTIMED = "SELECT customer_id FROM customers WHERE orders > 2"
COUNTED = "SELECT customer_id FROM customers ORDER BY orders DESC LIMIT 10"


def read(
    select: str, refresh: str = "live", more: str = "", kind: str = SEGMENT, name: str = "some"
) -> Definition:
    return read_definition(kind, name, HEAD.format(refresh) + more + select)


def refusal(*args: str, **named: str) -> str:
    with pytest.raises(ContractError) as caught:
        read(*args, **named)
    return str(caught.value)


def test_head() -> None:
    found = read(TIMED + ";\n")
    assert (found.owner, found.description, found.kind, found.name) == ("Marketing", "Some.", SEGMENT, "some")
    assert found.select == TIMED
    assert found.is_live
    assert len(found.version) == 12
    assert found.version != read(TIMED).version
    assert found.key == (SEGMENT, "some")


def test_description_of_several_lines() -> None:
    text = "-- owner: M\n-- description: One\n--   and two.\n-- refresh: live\n" + UNTIMED
    assert read_definition(SEGMENT, "some", text).description == "One and two."


@pytest.mark.parametrize("key", ["owner", "description", "refresh"])
def test_every_key_of_the_head_is_needed(key: str) -> None:
    lines = [line for line in HEAD.format("live").splitlines() if not line.startswith(f"-- {key}")]
    with pytest.raises(ContractError, match=f"{key}.*is missing"):
        read_definition(SEGMENT, "some", "\n".join([*lines, UNTIMED]))


@pytest.mark.parametrize(
    ("refresh", "select", "more", "is_live", "every"),
    [
        ("live", UNTIMED, "", True, None),
        ("live", UNTIMED, "-- sweep: 1 day\n", True, None),
        ("live", TIMED, "", True, timedelta(hours=1)),
        ("live", TIMED, "-- sweep: 15 minutes\n", True, timedelta(minutes=15)),
        ("1 minute", COUNTED, "", False, timedelta(minutes=1)),
        ("2 hours", UNTIMED, "", False, timedelta(hours=2)),
        ("1 day", COUNTED, "", False, timedelta(days=1)),
        ("2 weeks", COUNTED, "", False, timedelta(weeks=2)),
    ],
)
def test_when_it_is_looked_at(
    refresh: str, select: str, more: str, is_live: bool, every: timedelta | None
) -> None:
    found = read(select, refresh, more)
    assert (found.is_live, found.every) == (is_live, every)


@pytest.mark.parametrize(
    "text", ["0 days", "1 month", "day", "1day", "-1 day", "1.5 hours", "10000 days", "1 day "[:-1] + "x"]
)
def test_what_is_no_interval(text: str) -> None:
    assert f"is {text}; write live, or an interval" in refusal(UNTIMED, text)
    assert f"is {text}; write an interval" in refusal(TIMED, "live", f"-- sweep: {text}\n")


def test_what_cannot_be_live_says_why_and_what_to_do() -> None:
    assert "cannot be live: it takes some rows of all" in refusal(COUNTED)
    assert "write an interval, such as `refresh: 1 day`" in refusal(COUNTED)
    assert "belongs to `refresh: live`" in refusal(UNTIMED, "1 day", "-- sweep: 1 hour\n")


@pytest.mark.parametrize("name", ["Some", "1st", "a-b", "ä", "_x", "x" * 64])
def test_names(name: str) -> None:
    assert "must be named in lower case letters" in refusal(UNTIMED, name=name)
    assert read(UNTIMED, name="x" * 63).name == "x" * 63


def test_name_in_the_head_is_that_of_the_file() -> None:
    assert read(UNTIMED, more="-- name: some\n").name == "some"
    assert "must be some, as the file is" in refusal(UNTIMED, more="-- name: other\n")


def test_unknown_and_double_keys() -> None:
    assert "unknown key of the head" in refusal(UNTIMED, more="-- swep: 1 day\n")
    assert "stands twice" in refusal(UNTIMED, more="-- owner: Two\n")


def test_requires_leaves_those_with_a_consent() -> None:
    found = read(UNTIMED, more="-- requires: consent:newsletter\n")
    assert "purpose = 'newsletter' AND status = 'granted'" in found.select
    assert found.statement.tables == {"customers", "consents"}
    for wrong in ("consent", "consent:", "consent:News", "newsletter", "consent:a'b"):
        assert "must be consent:<purpose>" in refusal(UNTIMED, more=f"-- requires: {wrong}\n")
    assert "must be consent:<purpose>, of a segment" in refusal(
        "SELECT customer_id, email AS value FROM customers", more="-- requires: consent:x\n", kind=TRAIT
    )


def test_what_may_be_read() -> None:
    for table in READABLE:
        read(f"SELECT customer_id FROM {table}", "1 day")
    for table in ("events", "guide", "ops.rejected", "segment.membership", "shop_standard.order_placed", "x"):
        assert f"{table}: cannot be read here" in refusal(f"SELECT customer_id FROM {table}")
    assert "cannot be read here" in refusal(
        'WITH "segment.membership" AS (FROM orders) FROM segment.membership'
    )
    assert "reads nothing" in refusal("SELECT uuid FROM (VALUES ('x')) v(uuid)", "1 day")
    assert "custmers: cannot be read here; did you mean customers" in refusal("FROM custmers")


def test_segments_rest_on_no_segments_and_traits_on_no_traits() -> None:
    assert "a segment cannot rest on segments" in refusal(
        "SELECT customer_id FROM customers WHERE 'lost' IN segments"
    )
    assert "traits: cannot be read here" in refusal("SELECT customer_id, value FROM traits", kind=TRAIT)


def test_everything_that_can_be_read_is_there_and_belongs_to_a_customer() -> None:
    there = {one.name: one for folder in ("views", "models") for one in scripts(folder)}
    assert set(READABLE) <= there.keys()
    assert set(READABLE) >= SHARED


def test_a_projects_files_stand_before_those_that_ship(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    for name in ("lost", "mine"):
        (tmp_path / "segments" / f"{name}.sql").write_text(HEAD.format("live") + UNTIMED)
    (tmp_path / "segments" / "note.txt").write_text("no SQL")
    found = find_files(SEGMENT, tmp_path)
    assert found["lost"] == tmp_path / "segments" / "lost.sql"
    assert read_file(SEGMENT, found["mine"]).name == "mine"
    assert found.keys() - find_files(SEGMENT, None).keys() == {"mine"}
    assert find_files(TRAIT, tmp_path) == find_files(TRAIT, None)


def test_what_ships() -> None:
    for kind, size in ((SEGMENT, 12), (TRAIT, 4)):
        read_all = [read_file(kind, file) for file in find_files(kind, None).values()]
        assert len(read_all) == size
        assert {one.name for one in read_all if not one.is_live} <= {"rfm", "big_baskets"}


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "some.sql"
    with pytest.raises(ContractError, match="cannot be read"):
        read_file(SEGMENT, file)
    file.write_bytes(b"-- owner: \xff")
    with pytest.raises(ContractError, match="UTF-8"):
        read_file(SEGMENT, file)
    file.write_text(HEAD.format("live"))
    with pytest.raises(ContractError, match="holds no statement"):
        read_file(SEGMENT, file)
