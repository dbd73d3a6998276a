"""Changes of a shop's database and of a CRM in a real store: typed, deduplicated, and part of who is who."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import SHIPPED, load
from sinks.duckdb.digest import digest
from sinks.duckdb.store import Landing, Store
from streams.core.model import Batch
from streams.pipeline import Pipeline
from tests.feed import LANDED, OPENING, SECRET, check_books, says, value_of, workshop
from tests.schemas.test_guides import blocks
from tests.streams.core.foreign.wire import (
    BARE,
    CONTACTS,
    CUSTOMER_ROW,
    CUSTOMERS,
    INSTANT,
    PG,
    SALESFORCE,
    Wire,
    avro,
    catalogue,
    change,
    contact,
    key_of,
    optional,
    row,
    write_project,
)

Sent = tuple[str, bytes | None, bytes | None]
TABLE = "crm_shopdb.customer_row"


@cache
def _blank() -> Path:
    path = workshop() / "blank_foreign.duckdb"
    Store(path, catalogue(), secret=SECRET).close()
    return path


@contextmanager
def new_store() -> Iterator[Store]:
    path = workshop() / "foreign.duckdb"
    shutil.copyfile(_blank(), path)
    store = Store(path, catalogue())
    try:
        yield store
    finally:
        store.close()
        path.unlink()


def sent(id: int, envelope: Any, topic: str = CUSTOMERS) -> Sent:
    """A change of a customer's row, in Avro or, on the topic for it, in JSON."""
    if topic == BARE:
        return topic, json.dumps({"id": id}).encode(), json.dumps(envelope).encode()
    return topic, key_of(id), avro(PG, envelope)


def told(event: Any) -> Sent:
    return CONTACTS, None, avro(SALESFORCE, event)


def land(store: Store, records: Iterable[Sent], wire: Wire | None = None) -> Landing:
    """Lands records as one batch after another, one a topic that changes."""
    wire, landing = wire or Wire(), Landing()
    pipeline = Pipeline(store, wire)
    for batch in _batches(wire, list(records)):
        last = store.last_landed_at() or LANDED
        landing += pipeline.handle(batch, last + timedelta(seconds=1))
    return landing


def _batches(wire: Wire, records: Sequence[Sent]) -> Iterator[Batch]:
    while records:
        topic = records[0][0]
        size = next((at for at, one in enumerate(records) if one[0] != topic), len(records))
        yield wire.batch(topic, [(key, value) for _, key, value in records[:size]])
        records = records[size:]


def customers(store: Store) -> list[tuple[Any, ...]]:
    return store.database.rows("SELECT email, first_name, phone FROM customers ORDER BY ALL")


def test_a_row_lands_typed() -> None:
    with new_store() as store:
        landing = land(store, [sent(7, change("c", row(7, birthday=11_000, note="n"), lsn=4711))])
        assert landing == Landing(landed=1)
        columns = "op, sequence, id, email, birthday::VARCHAR, occurred_at::VARCHAR, extra"
        assert store.database.rows(f"SELECT {columns} FROM {TABLE}") == [
            ("c", 4711, 7, "c7@web.de", "2000-02-13", "2025-10-09 08:53:20", '{"note":"n"}')
        ]
        check_books(store, 1)


def test_rows_and_contacts_join_the_shops_account() -> None:
    """One login, one e-mail address: the shop's account, the row of its database, the CRM's contact."""
    account = says("shop/standard/account_created", "a", user_id="7", email="anna@web.de")
    with new_store() as store:
        anna = contact("CREATE", ["003A"], Email="C7@web.de", Phone="0171 3920045")
        land(store, [
            ("shop.standard", None, value_of(account)), sent(7, change("c", row(7, first_name="Anna"))),
            sent(8, change("c", row(8))), told(anna),
            told(contact("CREATE", ["003B"], commit=2, Email="c8@web.de")),
        ])  # fmt: skip
        names = store.database.rows(
            "SELECT list_sort(list(kind || ':' || value)) FROM identifiers GROUP BY customer_id ORDER BY ALL"
        )
        assert names == [
            (
                [
                    "crm_contact:003A",
                    "email:anna@web.de",
                    "email:c7@web.de",
                    "phone:+491713920045",
                    "user_id:7",
                ],
            ),
            (["crm_contact:003B", "email:c8@web.de", "user_id:8"],),
        ]
        check_books(store, 5)


def test_records_changed_together_are_not_joined() -> None:
    with new_store() as store:
        land(store, [
            told(contact("CREATE", ["003A"], Email="a@web.de")),
            told(contact("CREATE", ["003B"], commit=2, Email="b@web.de")),
            told(contact("UPDATE", ["003A", "003B", "003C"], commit=3)),
            told(contact("GAP_OVERFLOW", ["000000000000000AAA"], commit=4)),
            told(contact("GAP_DELETE", ["003A"], commit=5)),
        ])  # fmt: skip
        assert store.database.value("SELECT count(*) FROM identity.edge") == 2
        emails = store.database.rows("SELECT email FROM customers ORDER BY ALL")
        assert emails == [("a@web.de",), ("b@web.de",), (None,)]
        assert store.database.value("SELECT count(*) FROM crm_salesforce.contact_changed") == 5
        check_books(store, 5)


def test_the_log_decides_between_changes_of_one_instant() -> None:
    """Two changes of one transaction have one time; the later place in the log is the later word."""
    first = sent(7, change("u", row(7, first_name="Zoe"), lsn=9))
    second = sent(7, change("u", row(7, first_name="Anna"), lsn=10))
    for records in ([first, second], [second, first]):
        with new_store() as store:
            land(store, records)
            assert customers(store) == [("c7@web.de", "Anna", None)]


def test_commits_decide_between_changes_of_one_instant() -> None:
    first = told(contact("UPDATE", ["003A"], commit=9, Email="z@web.de"))
    second = told(contact("UPDATE", ["003A"], commit=10, Email="a@web.de"))
    for records in ([first, second], [second, first]):
        with new_store() as store:
            land(store, records)
            assert store.database.value("SELECT email FROM customers") == "a@web.de"


def test_a_change_that_comes_again_is_counted_once() -> None:
    once = sent(7, change("c", row(7)))
    again = sent(7, change("c", row(7), processed=OPENING // 1000 + 99, version="3.2.0.Final"))
    event = told(contact("CREATE", ["003A"], Email="c7@web.de"))
    with new_store() as store:
        landing = land(store, [once, once, event]) + land(store, [again, event], wire=_after(2, 1))
        assert landing == Landing(landed=2, duplicate=3)
        check_books(store, 5)


def _after(rows: int, contacts: int) -> Wire:
    """A wire on which some records went before."""
    wire = Wire()
    list(_batches(wire, [(CUSTOMERS, None, None)] * rows + [(CONTACTS, None, None)] * contacts))
    return wire


def test_the_life_of_a_row() -> None:
    """A snapshot, an update that takes the name away, a delete that knows the key alone, its tombstone."""
    old = row(7, first_name="Anna")
    gone = row(7, email="")
    life = [
        sent(7, change("r", old, snapshot="last", lsn=1)),
        sent(7, change("u", row(7), old, lsn=2, at=1_000_000)),
        sent(7, change("d", None, gone, lsn=3, at=2_000_000)),
        (CUSTOMERS, key_of(7), None),
    ]
    with new_store() as store:
        assert land(store, life[:1]) == Landing(landed=1)
        assert customers(store) == [("c7@web.de", "Anna", None)]
        wire = _after(1, 0)
        assert land(store, life[1:2], wire) == Landing(landed=1)
        assert customers(store) == [("c7@web.de", None, None)]
        assert land(store, life[2:], wire) == Landing(landed=1, duplicate=1)
        assert customers(store) == [("c7@web.de", None, None)]
        assert store.database.rows(f"SELECT op, id, email, status FROM {TABLE} ORDER BY sequence") == [
            ("r", 7, "c7@web.de", "new"), ("u", 7, "c7@web.de", "new"), ("d", 7, None, None)
        ]  # fmt: skip
        check_books(store, 4)
        assert store.database.rows("SELECT topic, accepted, landed, duplicate FROM ops.conservation") == [
            (CUSTOMERS, 4, 3, 1)
        ]


def test_tombstones_alone_balance() -> None:
    with new_store() as store:
        assert land(store, [(CUSTOMERS, b"k", None)] * 3) == Landing(duplicate=3)
        check_books(store, 3)
        assert store.database.value("SELECT count(*) FROM ops.rejected") == 0


def test_hostile_records_are_rejects_with_their_bytes() -> None:
    with new_store() as store:
        hostile: list[Sent] = [
            (CUSTOMERS, None, b"\0\x7f\0\0\x05x"), (CUSTOMERS, None, b"{}"),
            (CUSTOMERS, None, avro(PG, change("t"))),
            (CUSTOMERS, None, avro(SALESFORCE, contact("UPDATE", ["003A"]))), (BARE, None, b"{}"),
            (BARE, None, b"["), (CONTACTS, None, None), (CONTACTS, None, avro(PG, change("c", row(7)))),
        ]  # fmt: skip
        assert land(store, [*hostile, sent(7, change("c", row(7)))]) == Landing(landed=1, rejected=8)
        assert store.database.rows("SELECT topic, reason, value FROM ops.rejected ORDER BY rejected_id") == [
            (topic, reason, value)
            for (topic, _, value), reason in zip(hostile, [
                "schema_unknown", "not_framed", "no_identifier", "not_decodable", "not_decodable",
                "not_decodable", "empty", "not_decodable",
            ], strict=True)
        ]  # fmt: skip
        check_books(store, 9)


def test_avro_and_json_feed_one_contract() -> None:
    with new_store() as store:
        land(store, [sent(7, change("c", row(7))), sent(7, change("c", row(7)), BARE)])
        assert store.database.rows(f"SELECT email, writer > 0 FROM {TABLE} ORDER BY ALL") == [
            ("c7@web.de", False), ("c7@web.de", True)
        ]  # fmt: skip
        assert len(customers(store)) == 1


def test_a_contract_learns_of_a_column_later() -> None:
    """What had a unit becomes a time, as if it had been known then; what had none stays where it is."""
    later: dict[str, Any] = CUSTOMER_ROW | {
        "fields": [*CUSTOMER_ROW["fields"], optional("valid_until", INSTANT)]
    }
    folder = write_project(workshop() / "later")
    (folder / "crm" / "shopdb" / "customer_row.avsc").write_text(json.dumps(later), "utf-8")
    catalogue_then = load([folder])
    number = row(8, valid_until=1_700_000_000_123)
    records = [
        sent(7, change("c", row(7, valid_until=1_700_000_000_123))),
        sent(8, change("c", number), BARE),
    ]
    with new_store() as store:
        land(store, records)
        store.adopt(catalogue_then)
        assert store.database.rows(f"SELECT valid_until::VARCHAR, extra FROM {TABLE} ORDER BY id") == [
            ("2023-11-14 22:13:20.123", None), (None, '{"valid_until":1700000000123}')
        ]  # fmt: skip
        before = digest(store.database, catalogue_then)
    with new_store() as store:
        store.adopt(catalogue_then)
        assert land(store, records) == Landing(landed=1, rejected=1)
    with new_store() as store:
        land(store, records[1:])
        store.adopt(catalogue_then)
        land(store, records[:1], Wire())
        assert digest(store.database, catalogue_then) == before


@st.composite
def histories(draw: st.DrawFn) -> list[Sent]:
    """Changes of a few rows and contacts, some of one instant, some snapshots again, with tombstones."""
    records: list[Sent] = []
    names = st.none() | st.sampled_from(["Anna", "Eva"])
    states: dict[int, Any] = {}
    for lsn in range(1, draw(st.integers(1, 12))):
        id, at = draw(st.integers(1, 3)), draw(st.integers(0, 2)) * 1_000_000
        if draw(st.booleans()):
            event = contact(
                draw(st.sampled_from(["CREATE", "UPDATE", "GAP_UPDATE"])), [f"003{id}"], commit=lsn, at=at,
                Email=draw(st.none() | st.sampled_from(["c1@web.de", "c2@web.de"])),
                nulledFields=draw(st.sampled_from([[], ["0x8"], ["2-0x2"]])),
            )  # fmt: skip
            records.append(told(event))
            continue
        old, new = states.get(id), row(id, first_name=draw(names))
        op = draw(st.sampled_from(["u", "d", "r"])) if old else "c"
        states[id] = None if op == "d" else new
        records.append(sent(id, change(op, None if op == "d" else new, old, lsn=lsn, at=at)))
        if op == "d":
            records.append((CUSTOMERS, key_of(id), None))
    return records


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_of_the_same_changes_gives_the_same_store(records: list[Sent], chance: Random) -> None:
    with new_store() as store:
        land(store, records)
        check_books(store, len(records))
        clean, people = digest(store.database, catalogue()), customers(store)
    again = [*records, *(chance.choice(records) for _ in records[::3])]
    chance.shuffle(again)
    with new_store() as store:
        land(store, again)
        check_books(store, len(again))
        assert digest(store.database, catalogue()) == clean
        assert customers(store) == people


def test_the_worked_page_takes_what_the_connectors_write(tmp_path: Path) -> None:
    for block in blocks(SHIPPED / "guides" / "change_data.md"):
        if "file" in block.keys:
            file = tmp_path / block.keys["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, "utf-8")
    wire, store = Wire(), Store(tmp_path / "s.duckdb", load([tmp_path / "schemas"]), secret=SECRET)
    full = row(7, first_name="Anna", created_at=1_700_000_000_123_456)
    land(store, [
        sent(7, change("c", full)), sent(7, change("d", None, row(7, email=""), lsn=101)),
        (CUSTOMERS, key_of(7), None),
        told(contact("CREATE", ["003A"], Email="c7@web.de", Phone="0171 3920045")),
        told(contact("UPDATE", ["003A", "003B"], commit=2)),
    ], wire)  # fmt: skip
    rows = store.database.rows
    assert rows("SELECT op, id, created_at::VARCHAR FROM shop_database.customer_row ORDER BY sequence") == [
        ("c", 7, "2023-11-14 22:13:20.123456"), ("d", 7, None)
    ]  # fmt: skip
    assert customers(store) == [("c7@web.de", "Anna", "0171 3920045"), (None, None, None)]
    assert rows("FROM ops.rejected") == []
    check_books(store, 5)
    store.close()
