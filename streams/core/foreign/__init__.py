"""Topics that others fill: their records become events of a contract by the format that the source declares.

Decides which format opens a record. Must never know a source by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.foreign import Foreign
from streams.core.decode import Opening
from streams.core.foreign import debezium, salesforce
from streams.core.foreign.documents import WANTED as JSON_WANTED

JSON = "debezium-json"
FRAMED = b"\0"
MEND = "declare the topic in source.toml as what it is, or let its connector write that"
JSON_HINT = f'; a topic of JSON is declared by format = "{JSON}"'


def opening_of(
    declared: Foreign, wanted: Any, shape: Any, keys: Sequence[bytes | None]
) -> tuple[Opening | None, str]:
    """How records of a writer's shape on a foreign topic are opened, or why they cannot be.

    `wanted` is the shape of the contract, `keys` are those of the records.
    """
    if declared.format == JSON:
        return None, f"wants {JSON_WANTED}; the record is framed Avro; {MEND}"
    if declared.format == "salesforce":
        why = salesforce.misfit(shape)
        return (None, f"{why}; {MEND}") if why else (salesforce.salesforce(declared, wanted, shape), "")
    why = debezium.misfit(shape)
    return (None, f"{why}; {MEND}") if why else (debezium.debezium(declared, wanted, shape, keys), "")


def says_nothing(declared: Foreign, value: bytes | None) -> bool:
    """Whether a record says nothing new: Debezium sends one without a value after each that is deleted."""
    return value is None and declared.format != "salesforce"


def is_document(declared: Foreign, value: bytes) -> bool:
    """Whether a value is to be read as JSON: an event of ours may come framed on any topic."""
    return declared.format == JSON and value[:1] != FRAMED


def place_in(record: Mapping[str, Any], field: str) -> str:
    """Where a field of the contract stands in a record as JSON: Debezium has it in the image of the row."""
    is_wrapped = record.keys() == {"schema", "payload"} and isinstance(record["payload"], dict)
    envelope, way = (record["payload"], "payload.") if is_wrapped else (record, "")
    first = field.partition(".")[0]
    if "op" not in envelope or first in record:
        return field
    if first in envelope:
        return way + field
    return f"{way}{'before' if envelope['op'] == 'd' else 'after'}.{field}"
