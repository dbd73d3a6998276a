"""Rejects and their way back: never twice, and nothing sent that would be refused again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import EventType, load
from streams.core.framing import frame
from streams.inlet import Inlet, embedded_inlet
from streams.log.protocol import Outgoing
from tests.streams.cli.conftest import Run, payment, payments
from tests.streams.core.foreign import wire
from tests.streams.core.foreign.wire import write_project

PAID = "shop/standard/order_paid"
DATUM: dict[str, Any] = {
    "event_id": "1",
    "occurred_at": 1_772_359_200_000_000,
    "order_id": "R-1",
    "user_id": None,
    "customer_no": None,
    "payment_id": "p",
    "amount_minor": 100,
    "currency": "EUR",
    "payment_method": None,
}
ROWS = "SELECT event_id, order_id, amount_minor, extra FROM shop_standard.order_paid ORDER BY event_id"

Send = Callable[[Callable[[Inlet, EventType], Outgoing]], None]


@pytest.fixture
def send(project: Path, rundum: Run) -> Send:
    """Appends one record to the log and lands it."""

    def send(make: Callable[[Inlet, EventType], Outgoing]) -> None:
        catalogue = load()
        with embedded_inlet(project / "log.sqlite", catalogue) as inlet:
            inlet.log.append([make(inlet, catalogue.events[PAID])])
        assert rundum("land").exit_code == 0

    return send


def rows(rundum: Run, query: str = ROWS) -> list[dict[str, Any]]:
    answer = rundum("sql", query, "--format", "json")
    assert answer.exit_code == 0, answer.output
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


@pytest.mark.usefixtures("project")
def test_a_refused_row_is_shown_repaired_and_never_sent_twice(rundum: Run) -> None:
    Path("a.csv").write_text(payments(payment("1", amount_minor="zwölf"), payment("2")))
    rundum("ingest", "a.csv", "--as", PAID)
    assert "1 open." in rundum("rejected", "list").stdout
    shown = rundum("rejected", "show", "1").stdout
    assert "input_refused: a row of a file or a request did not fit its contract" in shown
    assert "`rundum rejected repair 1 --set amount_minor=VALUE`" in shown
    assert payment("1", amount_minor="zwölf") in shown
    assert '"order_id": "R-1"' in shown
    wrong = rundum("rejected", "repair", "1", "--set", "amount_minor=zwei")
    assert wrong.exit_code == 1
    assert "does not fit shop/standard/order_paid yet: amount_minor: expected a whole number" in wrong.stderr
    assert rundum("rejected", "replay", "1").exit_code == 1
    done = rundum("rejected", "repair", "1", "--set", "amount_minor=1200", "--set", "order_id=77")
    assert done.exit_code == 0, done.output
    again = rundum("rejected", "repair", "1", "--set", "amount_minor=1300")
    assert again.stdout == "Reject 1 is resolved already; nothing was sent.\n"
    assert [(row["event_id"], row["order_id"], row["amount_minor"]) for row in rows(rundum)] == [
        ("1", "77", 1200),
        ("2", "R-2", 1000),
    ]
    assert rundum("rejected", "list").stdout == "0 open.\n"
    assert "input_refused" in rundum("rejected", "list", "--all").stdout
    rundum("ingest", "a.csv", "--as", PAID)
    assert rundum("rejected", "list").stdout == "0 open.\n"
    told = rows(rundum, "SELECT action, reason FROM own_rundum.rejected_corrected")
    assert [row["action"] for row in told] == ["repair"]
    assert rows(rundum, "SELECT 1 FROM ops.conservation WHERE NOT balanced") == []


def test_a_bad_field_is_mended_and_what_goes_beyond_the_contract_stays(send: Send, rundum: Run) -> None:
    def make(inlet: Inlet, event: EventType) -> Outgoing:
        schema = json.loads(json.dumps(event.schema))
        schema["fields"].append({"name": "note", "type": "string"})
        writer = EventType(event.name, event.source, event.file, schema, event.marks, event.fields)
        return inlet.outgoing(writer, {**DATUM, "occurred_at": 1 << 60, "note": "bar"})

    send(make)
    shown = rundum("rejected", "show", "1").stdout
    assert "field_invalid" in shown
    assert '"note": "bar"' in shown
    done = rundum("rejected", "repair", "1", "--set", "occurred_at=2026-03-01T10:00:00Z")
    assert done.exit_code == 0, done.output
    assert rows(rundum) == [
        {"event_id": "1", "order_id": "R-1", "amount_minor": 100, "extra": '{"note":"bar"}'}
    ]


def test_replay_waits_until_a_contract_is_there(
    send: Send, rundum: Run, project: Path, tmp_path: Path
) -> None:
    assert rundum("schemas", "new", "loyalty/app/points_earned").exit_code == 0
    new = load([project / "schemas"]).events["loyalty/app/points_earned"]
    example = json.loads(new.examples.read_text().splitlines()[0])["event"]
    Path("points.jsonl").write_text(json.dumps(example))
    rundum("ingest", "points.jsonl", "--as", new.name, "--store", tmp_path / "other.duckdb")
    shutil.move(project / "schemas" / "loyalty", tmp_path / "away")
    send(lambda inlet, event: inlet.outgoing(event, DATUM))
    assert "contract_unknown" in rundum("rejected", "list").stdout
    early = rundum("rejected", "replay", "1")
    assert early.exit_code == 1
    assert "reject 1 would be refused again: contract_unknown" in early.stderr
    shutil.move(tmp_path / "away", project / "schemas" / "loyalty")
    done = rundum("rejected", "replay", "--all")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("1 sent again")
    assert len(rows(rundum, "FROM loyalty_app.points_earned")) == 1
    assert rundum("rejected", "replay", "--all").stdout.startswith("0 sent again")


def test_bytes_that_nothing_can_be_told_of(send: Send, rundum: Run) -> None:
    send(lambda _, event: Outgoing(event.source.topic, b"{\x1b[31m"))
    send(lambda _, event: Outgoing(event.source.topic, frame(4711, b"\xff" * 1000)))
    send(lambda inlet, event: inlet.outgoing(event, DATUM)._replace(value=frame(1, b"\xff\xff")))
    listed = rundum("rejected", "list").stdout
    assert "not_framed" in listed
    assert "schema_unknown" in listed
    assert "3 open." in listed
    assert "7b 1b 5b 33 31 6d" in rundum("rejected", "show", "1").stdout
    assert "1,005 bytes in all" in rundum("rejected", "show", "2").stdout
    said = rundum("rejected", "repair", "1", "--set", "event_id=1")
    assert said.exit_code == 1
    assert "nobody can tell of which event type reject 1 is" in said.stderr


@pytest.mark.usefixtures("project")
def test_what_is_asked_for_wrongly(rundum: Run) -> None:
    rundum("land")
    assert "there is no reject 7" in rundum("rejected", "show", "7").stderr
    assert rundum("rejected", "repair", "1").exit_code == 2
    assert "write FIELD=VALUE" in rundum("rejected", "repair", "1", "--set", "currency").stderr
    assert rundum("rejected", "replay").exit_code == 2


def test_records_of_foreign_topics_are_shown_and_repaired(project: Path, rundum: Run) -> None:
    """As their connectors write them: a Debezium envelope in Avro, one in JSON, a Salesforce change event."""
    write_project(project / "schemas")
    catalogue = load([project / "schemas"])
    hostile = wire.row(7, first_name="A\0", created_at=1_700_000_000_000_000)
    nobody = wire.contact("UPDATE", [], Email=None)
    with embedded_inlet(project / "log.sqlite", catalogue) as inlet:
        for schema, datum, topic in ((wire.PG, wire.change("c", hostile), wire.CUSTOMERS),
                                     (wire.SALESFORCE, nobody, wire.CONTACTS)):  # fmt: skip
            number = inlet.registry.register(topic, json.dumps(schema))
            value = frame(number, wire.avro(schema, datum)[5:])
            inlet.log.append([Outgoing(topic, value, key=b"k")])
        document = json.dumps(wire.change("c", wire.row(8, created_at=1_700_000_000_000))).encode()
        inlet.log.append([Outgoing(wire.BARE, document), Outgoing(wire.BARE, b"null")])
    assert rundum("land").exit_code == 0
    assert rundum("rejected", "list").stdout.endswith("3 open.\n")
    query = "SELECT rejected_id, topic FROM ops.rejected"
    numbers = {row["topic"]: str(row["rejected_id"]) for row in rows(rundum, query)}
    shown = rundum("rejected", "show", numbers[wire.BARE]).stdout
    assert '"created_at": 1700000000000' in shown
    assert "units = {created_at" in shown
    for topic, *sets in (
        (wire.CUSTOMERS, "first_name=Anna"),
        (wire.BARE, "created_at=2026-05-01T10:00:00Z", "first_name=Eva"),
        (wire.CONTACTS, "Email=otto@web.de"),
    ):
        done = rundum(
            "rejected", "repair", numbers[topic], *(word for one in sets for word in ("--set", one))
        )
        assert done.exit_code == 0, done.output
    assert rundum("rejected", "list").stdout == "0 open.\n"
    query = "SELECT id, first_name, created_at FROM crm_shopdb.customer_row ORDER BY id"
    assert rows(rundum, query) == [
        {"id": 7, "first_name": "Anna", "created_at": "2023-11-14T22:13:20Z"},
        {"id": 8, "first_name": "Eva", "created_at": "2026-05-01T10:00:00Z"},
    ]
    assert rows(rundum, "SELECT Email FROM crm_salesforce.contact_changed") == [{"Email": "otto@web.de"}]
    assert rows(rundum, "FROM ops.conservation WHERE NOT balanced") == []
