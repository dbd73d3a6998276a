"""A Salesforce change event becomes the fields that changed, and what its header says of the change.

Decides whose change it is. Must never join the records of one event to one another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.foreign import Foreign
from schemas.meanings import without_null
from streams.core.decode import Opening
from streams.core.faults import Indices, Place, where
from streams.core.foreign.bitmaps import names_in, record_in, taken_away
from streams.core.foreign.opened import MICROS, TEXTS, members, raw_type, row_fields, struct_of
from streams.core.foreign.position import digest
from streams.core.project import container, signature, sources
from streams.core.settle import rebuild
from streams.core.units import micros

HEADER = "ChangeEventHeader"
WANTED = f"a Salesforce change event with a {HEADER}"
NOBODY = "^0{15}.*$"  # stands for records that are too many to name; the store blocks zeros for every kind
NEEDED = {
    "entityName": ("string",), "recordIds": (("array", "string"),), "changeType": ("string",),
    "transactionKey": ("string",), "sequenceNumber": ("int", "long"), "commitTimestamp": ("long",),
    "commitNumber": ("long",),
}  # fmt: skip
LISTS = {"changed_fields": "changedFields", "nulled_fields": "nulledFields"}
FILLED: dict[str, Any] = {
    "event_id": "string", "occurred_at": MICROS, "sequence": "long", "change_type": "string",
    "record_id": ["null", "string"], "record_ids": TEXTS, "changed_fields": TEXTS, "nulled_fields": TEXTS,
}  # fmt: skip


def misfit(shape: Any) -> str:
    """Why a writer's schema is no change event; empty if it is one."""
    parts = {entry["name"]: without_null(entry["type"]) for entry in shape["fields"]}
    if container(parts.get(HEADER)) != "record":
        return f"wants {WANTED}; the schema has {', '.join(parts)[:200]}"
    header = {entry["name"]: signature(without_null(entry["type"])) for entry in parts[HEADER]["fields"]}
    wrong = [name for name, kinds in NEEDED.items() if header.get(name) not in kinds]
    wrong += [name for name in LISTS.values() if header.get(name) not in (None, ("array", "string"))]
    return f"wants {WANTED} that has {', '.join(wrong)} as Salesforce writes them" if wrong else ""


def salesforce(declared: Foreign, wanted: Any, shape: Any) -> Opening:
    """The opening of change events of a shape that is no misfit."""
    parts = [entry["name"] for entry in shape["fields"]]
    header = without_null(shape["fields"][parts.index(HEADER)]["type"])
    row = [_compound(entry, wanted) for entry in shape["fields"] if entry["name"] != HEADER]
    fields = row_fields(declared, row)
    named = {entry["name"] for entry in wanted["fields"]} | {"record_ids"}
    filled = [{"name": name, "type": avro} for name, avro in FILLED.items() if name in named]

    def unwrap(raw: Any, _: Indices, place: Place) -> Any:
        said = dict(zip(parts, members(raw), strict=True))
        names = [entry["name"] for entry in header["fields"]]
        about = dict(zip(names, members(said[HEADER]), strict=True))
        if declared.entity:
            other = where(pc.not_equal(about["entityName"], declared.entity))
            got = about["entityName"].take(pa.array(other)).to_pylist()
            place.at(HEADER).at("entityName").blame(other, declared.entity, got)
        told = _told(about) | {
            name: names_in(about[source], shape["fields"], place.at(name))
            for name, source in LISTS.items()
            if source in about
        }
        nulled = told.get("nulled_fields", _no_lists(len(raw)))
        columns = [
            taken_away(_structured(said[entry["name"]], entry, place), entry, wanted, nulled) for entry in row
        ]
        empty = _no_lists(len(raw))
        return struct_of(
            [*fields, *filled], [*columns, *(told.get(entry["name"], empty) for entry in filled)]
        )

    return Opening({"type": "record", "name": "row", "fields": [*fields, *filled]}, unwrap)


def _compound(entry: Mapping[str, Any], wanted: Any) -> Mapping[str, Any]:
    """A field that may be a record or a text, as the record where the contract wants one."""
    found = record_in(entry["type"]) if isinstance(without_null(entry["type"]), list) else None
    known = sources({"fields": [entry]}, wanted)
    wants_record = any(one["name"] in known and container(one["type"]) for one in wanted["fields"])
    return {**entry, "type": ["null", found]} if found and wants_record else entry


def _structured(column: Any, entry: Mapping[str, Any], place: Place) -> Any:
    """The column of a compound: where it came as JSON text, for its type is a union, read as the record."""
    if container(entry["type"]) != "record" or not pa.types.is_string(column.type):
        return column
    kind, data = raw_type(entry["type"]), []
    for at, text in enumerate(column.to_pylist()):
        value = json.loads(text) if text else None
        try:
            data.append(pa.scalar(value, kind).as_py())
        except (pa.ArrowException, TypeError):
            data.append(None)
            place.at(entry["name"]).blame(np.array([at]), "a compound field", [value])
    return pa.array(data, kind)


def _told(about: dict[str, Any]) -> dict[str, Any]:
    ids = about["recordIds"]
    ids = rebuild(ids, ids.type, [pc.replace_substring_regex(ids.values, NOBODY, "0" * 15)])
    count = pc.list_value_length(ids).fill_null(0).to_numpy(zero_copy_only=False)
    one = pa.array(ids.offsets.to_numpy()[:-1].astype(np.int64), mask=count != 1)
    record_id = ids.values.take(one)
    number = pc.utf8_lpad(about["sequenceNumber"].cast(pa.string()), 10, "0")
    subject = pc.coalesce(record_id, _several(ids, np.flatnonzero(count != 1)))
    return {
        "event_id": pc.binary_join_element_wise(
            about["entityName"], about["transactionKey"], number, subject, "/"
        ),
        "occurred_at": micros(about["commitTimestamp"], "ms"),
        "sequence": about["commitNumber"],
        "change_type": about["changeType"],
        "record_id": record_id,
        "record_ids": ids,
    }


def _several(ids: Any, rows: Indices) -> Any:
    """A word for the records of an event that is not about exactly one."""
    told: list[str | None] = [None] * len(ids)
    for row in rows.tolist():
        told[row] = digest("", ((one or "").encode() for one in ids[row].as_py() or ()))
    return pa.array(told, pa.string())


def _no_lists(size: int) -> Any:
    return pa.ListArray.from_arrays(np.zeros(size + 1, np.int32), pa.array([], pa.string()))
