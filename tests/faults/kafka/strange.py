"""Records that nobody can read: garbage, schemas that nobody knows, or knows yet, and schemas that harm.

Decides what is sent. Each function gives the outcome of one trial.
"""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from sinks.gateway.access import Access
from streams.core.framing import frame
from streams.log.protocol import Outgoing
from tests.cluster.shared import Cluster
from tests.faults.kafka.scene import Outcome, Scene, shop
from tests.feed import Said, catalogue
from tests.grown import inlet_of
from tests.living import LANDING, pages, wait_for

WEB = "web.tracking"
NOBODYS = 2**31 - 7
HOSTILE: list[dict[str, Any]] = [
    {"type": "record", "name": "Endless", "fields": [{"name": "self", "type": "Endless"}]},
    {"type": "record", "name": "Bomb", "fields": [{"name": "a", "type": {"type": "array", "items": "null"}}]},
    {"type": "record", "name": "Wide", "fields": [{"name": f"f{at}", "type": "int"} for at in range(1500)]},
]
AHEAD = 60  # ids that the contracts may still take
TRIES = 20
MANY = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"  # Avro's largest number of items


def poison(folder: Path, served: Cluster, seed: int) -> Outcome:
    """Garbage at any offset is rejected, each for its reason, and all else lands."""
    scene = Scene(folder, served, seed)
    with SchemaRegistryClient({"url": served.registry}) as client:
        numbers = [
            client.register_schema(f"{scene.project.root.name}-{one['name']}-{time.time_ns()}", _avro(one))
            for one in HOSTILE
        ]
    bad = {
        "not_framed": [b"", b"garbage", b"\x00\x01", b"\x01" + bytes(40), scene.chance.randbytes(200)],
        "schema_unknown": [frame(NOBODYS, b"body"), frame(NOBODYS, bytes(100))],
        "schema_refused": [frame(number, MANY) for number in numbers],
    }
    records = [Outgoing(WEB, value) for values in bad.values() for value in values]
    events = shop(2_000, seed)
    scene.tell(events[:1_000])
    with inlet_of(scene.project) as inlet, scene.worker() as worker:
        inlet.log.append([record._replace(partition=scene.chance.randrange(4)) for record in records])
        worker.until(LANDING)
        scene.tell(events[1_000:])
        outcome = scene.finish(worker)
    found = _rejected(scene)
    assert sum(found.values()) == len(records), found
    assert found["schema_unknown"] == 2
    return outcome


def known_later(folder: Path, served: Cluster, seed: int) -> Outcome:
    """A schema that the registry is told later: what it wrote lands by itself."""
    scene = Scene(folder, served, seed, outbox="")
    scene.tell(shop(300, seed))
    with scene.worker() as worker, SchemaRegistryClient({"url": served.registry}) as client:
        worker.until(LANDING)
        scene.recover(worker)
        said = next(said for at in range(TRIES) if (said := _told_later(scene, client, at)))
        scene.told.append(said)
        wait_for(lambda: _landed(scene, said.datum["event_id"]))
        return scene.finish(worker)


def _told_later(scene: Scene, client: SchemaRegistryClient, at: int) -> Said | None:
    """An event that was refused for its schema, which has been registered since.

    None if somebody else took the id meanwhile: who registers is given the next one.
    """
    event, said = catalogue().events["web/tracking/page_viewed"], pages(1, first=at)[0]
    writer = dict(event.schema) | {"fields": [*event.schema["fields"], _text(f"beyond{time.time_ns()}")]}
    body = io.BytesIO()
    full = {entry["name"]: entry.get("default") for entry in writer["fields"]} | said.datum
    fastavro.schemaless_writer(body, fastavro.parse_schema(writer, named_schemas={}), full)
    number = _filled(client) + AHEAD
    with inlet_of(scene.project) as inlet:
        inlet.log.append([Outgoing(WEB, frame(number, body.getvalue()), partition=0)])
    wait_for(lambda: _rejected(scene) == {"schema_unknown": at + 1})
    while _filled(client) < number - 1:
        pass
    known_as = client.register_schema(f"{WEB}-{event.full_name}-{time.time_ns()}", _avro(writer))
    return said if known_as == number else None


def _filled(client: SchemaRegistryClient) -> int:
    """The id of a schema that is new and that nobody needs."""
    name = f"Filler{time.time_ns()}"
    return int(client.register_schema(name, _avro({**HOSTILE[1], "name": name})))


def _avro(schema: dict[str, Any]) -> Schema:
    return Schema(json.dumps(schema), "AVRO")


def _text(name: str) -> dict[str, Any]:
    return {"name": name, "type": ["null", "string"], "default": None}


def _rejected(scene: Scene) -> dict[str, int]:
    with Access(scene.project.store) as access:
        rows = access.reader.rows("SELECT reason, count(*) FROM ops.rejected GROUP BY ALL")
        return {str(reason): int(count) for reason, count in rows}


def _landed(scene: Scene, event_id: str) -> bool:
    with Access(scene.project.store) as access:
        return bool(access.reader.value(f"SELECT count(*) FROM ops.event WHERE event_id = '{event_id}'"))
