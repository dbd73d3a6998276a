"""Change data as its connectors write it: Debezium's envelopes in Avro and JSON, Salesforce's change events.

The schemas are those that Confluent's AvroConverter makes of Debezium's (names under `connect.name`), and
those that Salesforce's Pub/Sub API gives.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import fastavro

from schemas.catalogue import Catalogue, load
from streams.core.framing import frame
from streams.core.model import Batch, Place, Reading, Record
from streams.core.read import read
from streams.core.writers import Writer, writer_of
from tests.feed import LOG, OPENING, SECOND, registry, workshop

CUSTOMERS = "shopdb.public.customers"
BARE = "olddb.public.customers"
CONTACTS = "salesforce.contact"
ROW = "crm/shopdb/customer_row"
CONTACT = "crm/salesforce/contact_changed"
SOURCE_TOML = """
title = "t"
owner = "o"
contact = "c"
purpose = "p"
legal_basis = "l"
retention = "r"
trust = 2
"""
INSTANT = {"type": "long", "logicalType": "timestamp-micros"}


def optional(name: str, avro: Any, **keys: Any) -> dict[str, Any]:
    return {"name": name, "type": ["null", avro], "default": None, "doc": "d", **keys}


CHANGE = [
    {"name": "event_id", "type": "string", "means": "event_id", "doc": "d"},
    {"name": "occurred_at", "type": INSTANT, "means": "occurred_at", "doc": "d"},
    {"name": "sequence", "type": "long", "means": "sequence", "doc": "d"},
]
CUSTOMER_ROW: dict[str, Any] = {
    "type": "record", "name": "CustomerRow", "namespace": "crm.shopdb", "doc": "A customer's row.",
    "fields": [
        *CHANGE,
        {"name": "op", "type": "string", "doc": "d"},
        optional("snapshot", "string"),
        optional("id", "long", means="id:user_id", pii="indirect"),
        optional("email", "string", means=["id:email", "trait:email"], pii="direct", strength=1),
        optional("first_name", "string", means="trait:first_name", pii="direct"),
        optional("status", "string"),
        optional("birthday", {"type": "int", "logicalType": "date"}),
        optional("created_at", INSTANT),
        optional("updated_at", INSTANT),
        optional("credit", {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}),
    ],
}  # fmt: skip
NAME = {"type": "record", "name": "PersonName", "fields": [
    optional("Salutation", "string"), optional("FirstName", "string", means="trait:first_name", pii="direct"),
    optional("LastName", "string", means="trait:last_name", pii="direct"),
]}  # fmt: skip
CONTACT_CHANGED: dict[str, Any] = {
    "type": "record", "name": "ContactChanged", "namespace": "crm.salesforce", "doc": "A contact changed.",
    "fields": [
        *CHANGE,
        {"name": "change_type", "type": "string", "doc": "d"},
        optional("record_id", "string", means="id:crm_contact", pii="indirect"),
        {"name": "record_ids", "type": {"type": "array", "items": "string"}, "default": [], "doc": "d",
         "means": "other:crm_contact", "pii": "indirect"},
        {"name": "changed_fields", "type": {"type": "array", "items": "string"}, "default": [], "doc": "d"},
        {"name": "nulled_fields", "type": {"type": "array", "items": "string"}, "default": [], "doc": "d"},
        optional("Name", NAME),
        optional("Email", "string", means=["id:email", "trait:email"], pii="direct"),
        optional("Phone", "string", means=["id:phone", "trait:phone"], pii="direct"),
        optional("Birthdate", {"type": "int", "logicalType": "date"}),
        optional("LastModifiedDate", INSTANT),
    ],
}  # fmt: skip
SOURCES = {
    "crm/shopdb": f"""{SOURCE_TOML}
[foreign."{CUSTOMERS}"]
format = "debezium"
event = "customer_row"

[foreign."{BARE}"]
format = "debezium-json"
event = "customer_row"
units = {{birthday = "days"}}
""",
    "crm/salesforce": f"""{SOURCE_TOML}
[foreign."{CONTACTS}"]
format = "salesforce"
event = "contact_changed"
entity = "Contact"
""",
}


def write_project(folder: Path) -> Path:
    """The schemas of a company with both sources."""
    for event, schema in ((ROW, CUSTOMER_ROW), (CONTACT, CONTACT_CHANGED)):
        file = folder / f"{event}.avsc"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(schema), "utf-8")
        (file.parent / "source.toml").write_text(SOURCES[event.rpartition("/")[0]], "utf-8")
    return folder


def named(connect: str, avro: str = "long", **keys: Any) -> dict[str, Any]:
    """A type as Kafka Connect names it beside Avro's."""
    return {"type": avro, "connect.version": 1, "connect.name": connect, **keys}


COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": {"type": "long", "connect.default": 0}, "default": 0},
    {"name": "email", "type": "string"},
    {"name": "first_name", "type": ["null", "string"], "default": None},
    {"name": "status", "type": {"type": "string", "connect.default": "new"}, "default": "new"},
    {"name": "birthday", "type": ["null", named("io.debezium.time.Date", "int")], "default": None},
    {"name": "created_at", "type": ["null", named("io.debezium.time.MicroTimestamp")], "default": None},
    {"name": "updated_at", "type": ["null", named("io.debezium.time.ZonedTimestamp", "string")],
     "default": None},
    {"name": "valid_until", "type": ["null", named("io.debezium.time.Timestamp")], "default": None},
    {"name": "note", "type": ["null", "string"], "default": None},
]  # fmt: skip
EMPTY = {"id": 0, "email": "", "status": "new", **dict.fromkeys(
    ("first_name", "birthday", "created_at", "updated_at", "valid_until", "note"))}  # fmt: skip
PG_SOURCE = [
    {"name": name, "type": ["null", avro], "default": None}
    for name, avro in (("sequence", "string"), ("ts_us", "long"), ("txId", "long"), ("lsn", "long"))
]
MYSQL_SOURCE = [
    {"name": "server_id", "type": "long"},
    {"name": "gtid", "type": ["null", "string"], "default": None},
    {"name": "file", "type": "string"},
    {"name": "pos", "type": "long"},
    {"name": "row", "type": "int"},
]
ALLOWED = {"connect.parameters": {"allowed": "true,last,false,incremental"}, "connect.default": "false"}


def envelope(
    columns: Any, source: Any, name: str = CUSTOMERS, database: str = "postgresql"
) -> dict[str, Any]:
    """The schema of a table's envelopes."""
    value = {"type": "record", "name": "Value", "fields": columns, "connect.name": f"{name}.Value"}
    common = [
        {"name": "version", "type": "string"},
        {"name": "connector", "type": "string"},
        {"name": "name", "type": "string"},
        {"name": "ts_ms", "type": "long"},
        {"name": "snapshot", "type": [named("io.debezium.data.Enum", "string", **ALLOWED), "null"],
         "default": "false"},
        {"name": "db", "type": "string"},
    ]  # fmt: skip
    block = [{"name": "id", "type": "string"}, {"name": "total_order", "type": "long"}]
    return {
        "type": "record", "name": "Envelope", "namespace": name, "connect.name": f"{name}.Envelope",
        "fields": [
            {"name": "before", "type": ["null", value], "default": None},
            {"name": "after", "type": ["null", f"{name}.Value"], "default": None},
            {"name": "source", "type": {"type": "record", "name": "Source", "fields": [*common, *source],
                                        "namespace": f"io.debezium.connector.{database}"}},
            {"name": "op", "type": "string"},
            {"name": "ts_ms", "type": ["null", "long"], "default": None},
            {"name": "transaction", "default": None, "type": ["null", {
                "type": "record", "name": "block", "namespace": "event", "fields": block}]},
        ],
    }  # fmt: skip


PG = envelope(COLUMNS, PG_SOURCE)
MYSQL = envelope(COLUMNS, MYSQL_SOURCE, database="mysql")


def change(
    op: str, after: Any = None, before: Any = None, *, lsn: int = 100, at: int = 0, **source: Any
) -> Any:
    """An envelope of PostgreSQL, `at` microseconds after the opening; `processed` is the connector's time."""
    micros = OPENING + at
    return {
        "before": before,
        "after": after,
        "source": {
            "version": "3.0.0.Final", "connector": "postgresql", "name": "shopdb", "ts_ms": micros // 1000,
            "snapshot": "false", "db": "shop", "sequence": None, "ts_us": micros, "txId": 7, "lsn": lsn,
        } | {key: value for key, value in source.items() if key != "processed"},
        "op": op,
        "ts_ms": source.get("processed", micros // 1000 + 250),
        "transaction": None,
    }  # fmt: skip


def row(id: int, **columns: Any) -> dict[str, Any]:
    """A customer's row; what is not given is null, or the database's default."""
    return EMPTY | {"id": id, "email": f"c{id}@web.de"} | columns


LISTS = ("nulledFields", "diffFields", "changedFields")
HEADER_FIELDS = [
    {"name": "entityName", "type": "string"},
    {"name": "recordIds", "type": {"type": "array", "items": "string"}},
    {"name": "changeType", "type": {"type": "enum", "name": "ChangeType", "symbols": [
        "CREATE", "UPDATE", "DELETE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE",
        "GAP_OVERFLOW", "SNAPSHOT"]}},
    {"name": "changeOrigin", "type": "string"},
    {"name": "transactionKey", "type": "string"},
    {"name": "sequenceNumber", "type": "int"},
    {"name": "commitTimestamp", "type": "long"},
    {"name": "commitNumber", "type": "long"},
    {"name": "commitUser", "type": "string"},
    *({"name": name, "type": {"type": "array", "items": "string"}}
      for name in LISTS),
]  # fmt: skip
SALESFORCE: dict[str, Any] = {
    "type": "record", "name": "ContactChangeEvent", "namespace": "com.sforce.eventbus",
    "fields": [
        {"name": "ChangeEventHeader", "type": {"type": "record", "name": "ChangeEventHeader",
                                               "fields": HEADER_FIELDS}},
        {"name": "AccountId", "type": ["null", "string"], "doc": "ForeignKey:EntityId", "default": None},
        {"name": "Name", "type": ["null", {"type": "record", "name": "PersonName", "fields": [
            {"name": part, "type": ["null", "string"], "default": None}
            for part in ("Salutation", "FirstName", "LastName", "MiddleName")]}], "default": None},
        {"name": "Phone", "type": ["null", "string"], "doc": "Data:Phone", "default": None},
        {"name": "Email", "type": ["null", "string"], "doc": "Data:Email", "default": None},
        {"name": "Birthdate", "type": ["null", "long"], "doc": "Data:DateOnly", "default": None},
        {"name": "LastModifiedDate", "type": ["null", "long"], "doc": "LastModifiedDate:DateTime",
         "default": None},
        {"name": "LastCURequestDate", "type": ["null", "long"], "doc": "Data:DateTime:00N123",
         "default": None},
    ],
}  # fmt: skip


def contact(
    change_type: str, ids: list[str], *, commit: int = 1, at: int = 0, **fields: Any
) -> dict[str, Any]:
    """A change event of contacts; fields of the header by their own names."""
    header = {
        "entityName": "Contact", "recordIds": ids, "changeType": change_type, "changeOrigin": "",
        "transactionKey": f"tx-{commit}", "sequenceNumber": 1, "commitTimestamp": (OPENING + at) // 1000,
        "commitNumber": commit, "commitUser": "005", **{name: [] for name in LISTS},
    }  # fmt: skip
    given = {name: fields.pop(name) for name in header.keys() & fields.keys()}
    empty = {entry["name"]: None for entry in SALESFORCE["fields"]}
    return empty | {"ChangeEventHeader": header | given, **fields}


SCHEMAS: list[Mapping[str, Any]] = [PG, MYSQL, SALESFORCE, CUSTOMER_ROW]


def number_of(schema: Mapping[str, Any]) -> int:
    """The id under which the registry knows a schema."""
    if not any(schema is one for one in SCHEMAS):
        SCHEMAS.append(schema)
    return 1_000 + next(at for at, one in enumerate(SCHEMAS) if one is schema)


def avro(schema: Mapping[str, Any], datum: Any) -> bytes:
    """A value as the converter writes it."""
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(dict(schema), named_schemas={}), datum)
    return frame(number_of(schema), body.getvalue())


def key_of(id: int) -> bytes:
    """The key of a customer's row, framed with the id of its own schema."""
    return frame(77, bytes([2 * id]) if id < 64 else str(id).encode())


class Wire:
    """A registry of the schemas here, and batches whose offsets go on."""

    def __init__(self) -> None:
        self.heads: dict[Place, int] = {}

    def register(self, subject: str, schema: str) -> int:
        raise NotImplementedError(subject + schema)

    def fetch(self, schema_id: int) -> str | None:
        at = schema_id - 1_000
        return json.dumps(SCHEMAS[at]) if 0 <= at < len(SCHEMAS) else registry().fetch(schema_id)

    def batch(self, topic: str, values: Iterable[tuple[bytes | None, bytes | None]]) -> Batch:
        """Records of one topic, of (key, value)."""
        place = Place(topic, 0)
        first = self.heads.get(place, 0)
        records = [
            Record(*place, first + at, OPENING + at * SECOND, key, value)
            for at, (key, value) in enumerate(values)
        ]
        self.heads[place] = first + len(records)
        return Batch(LOG, records, {place: self.heads[place]})


def writers() -> dict[int, Writer]:
    """All writers that the registry knows."""
    return {1_000 + at: writer_of(1_000 + at, json.dumps(schema)) for at, schema in enumerate(SCHEMAS)}


@cache
def catalogue() -> Catalogue:
    """The shipped contracts and those of the project."""
    return load([write_project(workshop() / "foreign")])


def read_values(topic: str, *values: bytes | None, keys: Sequence[bytes | None] = ()) -> Reading:
    """What values on a topic say; without keys each record has one of its own."""
    told = keys or [b"key %d" % at for at in range(len(values))]
    return read(Wire().batch(topic, zip(told, values, strict=True)), catalogue(), writers())


def rows(reading: Reading, event: str = ROW) -> list[dict[str, Any]]:
    """The events of one contract."""
    return reading.events[event].to_pylist() if event in reading.events else []


def moment(text: str) -> datetime:
    """A time, UTC, without a zone as columns have it."""
    return datetime.fromisoformat(text)


def reasons(reading: Reading) -> list[tuple[int, str, str]]:
    """The rejects as (record, reason, field)."""
    return [(one.record, one.reason, one.field) for one in reading.rejected]
