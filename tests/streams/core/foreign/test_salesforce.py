"""Salesforce's change events: what changed, whose it is, and what was taken away."""

from __future__ import annotations

import copy
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.framing import frame
from tests.feed import OPENING
from tests.streams.core.foreign.wire import (
    CONTACT,
    CONTACTS,
    PG,
    SALESFORCE,
    avro,
    change,
    contact,
    moment,
    number_of,
    read_values,
    reasons,
    row,
    rows,
)

ANNA: dict[str, Any] = {
    "Name": {"Salutation": "Frau", "FirstName": "Anna", "LastName": "Berg", "MiddleName": "M"},
    "Email": "anna@web.de", "Phone": "0171 3920045", "Birthdate": 3 * 86_400_000, "AccountId": "001A",
    "LastModifiedDate": OPENING // 1000 + 5, "LastCURequestDate": 5,
}  # fmt: skip


def told(*events: dict[str, Any], schema: Any = SALESFORCE) -> list[dict[str, Any]]:
    reading = read_values(CONTACTS, *(avro(schema, event) for event in events))
    assert not reading.rejected
    return rows(reading, CONTACT)


def test_a_contact_that_was_created() -> None:
    assert told(contact("CREATE", ["003A"], commit=9, **ANNA)) == [{
        "event_id": "Contact/tx-9/0000000001/003A", "occurred_at": moment("2025-10-09T08:53:20"),
        "sequence": 9, "change_type": "CREATE", "record_id": "003A", "record_ids": ["003A"],
        "changed_fields": [], "nulled_fields": [],
        "Name": {"Salutation": "Frau", "FirstName": "Anna", "LastName": "Berg"},
        "Email": "anna@web.de", "Phone": "0171 3920045", "Birthdate": date(1970, 1, 4),
        "LastModifiedDate": moment("2025-10-09T08:53:20.005"),
        "extra": '{"AccountId":"001A","LastCURequestDate":"1970-01-01T00:00:00.005000Z",'
                 '"Name":{"MiddleName":"M"}}',
        "writer": number_of(SALESFORCE), "record": 0,
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("nulled", "name", "phone", "names"),
    [
        ([], None, None, []),
        (["0x8"], None, "", ["Phone"]),
        (["0x8", "2-0x6"], {"Salutation": None, "FirstName": "", "LastName": ""}, "",
         ["Phone", "Name.FirstName", "Name.LastName"]),
        (["0x4"], {"Salutation": "", "FirstName": "", "LastName": ""}, None, ["Name"]),
        (["Phone"], None, "", ["Phone"]),
        (["0x2", "0x20"], None, None, ["AccountId", "Birthdate"]),
    ],
)  # fmt: skip
def test_null_is_unchanged_unless_the_header_says_nulled(
    nulled: list[str], name: Any, phone: str | None, names: list[str]
) -> None:
    (found,) = told(contact("UPDATE", ["003A"], nulledFields=nulled, changedFields=nulled))
    assert (found["Name"], found["Phone"]) == (name, phone)
    assert found["nulled_fields"] == found["changed_fields"] == names
    assert (found["Email"], found["Birthdate"]) == (None, None)


def test_a_part_of_a_name_that_was_taken_away_beside_one_that_was_set() -> None:
    name = {"Salutation": None, "FirstName": None, "LastName": "Neu", "MiddleName": None}
    (found,) = told(contact("UPDATE", ["003A"], nulledFields=["2-0x2"], Name=name))
    assert found["Name"] == {"Salutation": None, "FirstName": "", "LastName": "Neu"}


def test_several_records_have_no_record_id() -> None:
    one, two, again = told(
        contact("UPDATE", ["003A", "003B"]), contact("UPDATE", ["003A", "003C"]),
        contact("UPDATE", ["003A", "003B"]),
    )  # fmt: skip
    assert (one["record_id"], one["record_ids"]) == (None, ["003A", "003B"])
    assert one["event_id"] == again["event_id"] != two["event_id"]


def test_changes_of_one_transaction_sort_as_they_were_made() -> None:
    events = told(*(contact("UPDATE", ["003A"], sequenceNumber=number) for number in (2, 10)))
    assert events[0]["event_id"] < events[1]["event_id"]


def test_gaps_land_and_name_their_record() -> None:
    gap, overflow = told(contact("GAP_UPDATE", ["003A"]), contact("GAP_OVERFLOW", ["000000000000000AAA"]))
    assert (gap["change_type"], gap["record_id"]) == ("GAP_UPDATE", "003A")
    assert (overflow["record_id"], overflow["record_ids"]) == ("0" * 15, ["0" * 15])


def test_what_is_about_something_else_is_refused() -> None:
    reading = read_values(
        CONTACTS,
        avro(SALESFORCE, contact("UPDATE", ["001A"], entityName="Account")),
        avro(SALESFORCE, contact("UPDATE", [])),
        avro(SALESFORCE, contact("UPDATE", ["003A"], changedFields=["0x1"] * 10)),
        None,
    )
    assert reasons(reading) == [
        (0, "field_invalid", "ChangeEventHeader.entityName"),
        (1, "no_identifier", ""),
        (2, "field_invalid", "changed_fields"),
        (3, "empty", ""),
    ]
    assert reading.rejected[0].detail == "ChangeEventHeader.entityName: expected Contact, got Account"
    assert reading.repeated == ()


def altered(**types: Any) -> dict[str, Any]:
    """The schema with other types of the header's fields; None takes a field out."""
    schema = copy.deepcopy(SALESFORCE)
    header = schema["fields"][0]["type"]
    header["fields"] = [
        one | {"type": types.get(one["name"], one["type"])}
        for one in header["fields"]
        if types.get(one["name"], "") is not None
    ]
    return schema


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (PG, "wants a Salesforce change event with a ChangeEventHeader; the schema has before, after"),
        (altered(recordIds="string", commitNumber=None), "has recordIds, commitNumber as Salesforce writes"),
        (altered(nulledFields="string"), "that has nulledFields as Salesforce writes them"),
    ],
)
def test_another_record_is_refused_with_what_was_wanted(schema: Any, why: str) -> None:
    value = avro(PG, change("c", row(7))) if schema is PG else frame(number_of(schema), b"")
    (one,) = read_values(CONTACTS, value).rejected
    assert (one.reason, one.event_type) == ("not_decodable", CONTACT)
    assert why in one.detail


def test_a_header_of_an_older_version_still_does() -> None:
    events = told(contact("CREATE", ["003A"], **ANNA), schema=altered(changedFields=None, diffFields=None))
    assert (events[0]["changed_fields"], events[0]["Email"]) == ([], "anna@web.de")


def test_a_number_without_documentation_is_no_time() -> None:
    schema = copy.deepcopy(SALESFORCE)
    for one in schema["fields"]:
        one.pop("doc", None)
    reading = read_values(CONTACTS, avro(schema, contact("CREATE", ["003A"], **ANNA)))
    assert reasons(reading) == [(0, "field_invalid", "Birthdate")]


def test_a_name_may_be_a_record_or_a_text() -> None:
    """As Salesforce has it where people and firms are accounts: ["null", "string", record]."""
    schema = copy.deepcopy(SALESFORCE)
    schema["fields"][2]["type"].insert(1, "string")
    cleared = contact("UPDATE", ["003A"], nulledFields=["2-0x2"], changedFields=["2-0x2"])
    anna, none = told(contact("CREATE", ["003A"], **ANNA), cleared, schema=schema)
    (plain,) = told(contact("CREATE", ["003A"], **ANNA))
    assert anna == plain | {"writer": number_of(schema)}
    assert none["changed_fields"] == ["Name.FirstName"]
    assert none["Name"] == {"Salutation": None, "FirstName": "", "LastName": None}
    reading = read_values(CONTACTS, avro(schema, contact("CREATE", ["003A"], Name="Berg GmbH")))
    assert reasons(reading) == [(0, "field_invalid", "Name")]


IDS = st.lists(st.text(max_size=4), max_size=3)
NUMBERS = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda ids, at, lists: avro(SALESFORCE, contact(
                "UPDATE", ids, commitTimestamp=at, commitNumber=at, transactionKey=str(at),
                nulledFields=lists, changedFields=lists, Birthdate=at)),
            IDS, NUMBERS,
            st.lists(st.sampled_from(["0x8", "2-0x6", "0xf" * 9, "9-0x1", "-", ""]), max_size=9),
        )
        | st.binary(max_size=40).map(lambda body: frame(number_of(SALESFORCE), body)),
        max_size=5,
    )
)  # fmt: skip
def test_every_record_is_a_row_or_a_reject(values: list[bytes]) -> None:
    reading = read_values(CONTACTS, *values)
    told = [found["record"] for found in rows(reading, CONTACT)] + [one.record for one in reading.rejected]
    assert sorted(told) == list(range(len(values)))
    for found in rows(reading, CONTACT):
        assert json.loads(found["extra"] or "{}").keys() <= {"Name"}
