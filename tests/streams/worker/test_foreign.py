"""Topics that connectors fill, on a real Kafka: they land typed, say who is who, and keep their names."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.catalogue import load
from sinks.gateway.access import Access
from streams.core.framing import frame
from streams.inlet import Inlet, kafka_inlet
from streams.log.protocol import Outgoing
from streams.log.topics import Topics
from tests.cluster import topics
from tests.cluster.shared import Cluster
from tests.grown import await_landed, grown_project, heads, kafka_of, working
from tests.living import wait_for
from tests.streams.core.foreign import wire


def sent(inlet: Inlet, topic: str, schema: Mapping[str, Any], datum: Any) -> Outgoing:
    """What a connector writes, with the schema that it registers."""
    number = inlet.registry.register(f"{topic}-value", json.dumps(schema))
    return Outgoing(topic, frame(number, wire.avro(schema, datum)[5:]), wire.key_of(7))


def test_change_data_and_change_events_land(tmp_path: Path, kafka: Cluster) -> None:
    project = grown_project(tmp_path / "shop", kafka)
    wire.write_project(project.root / "schemas")
    contracts = load([project.root / "schemas"])
    foreign = sorted(contracts.foreign)
    there = Topics(kafka_of(project).cluster).look(foreign)
    if there:  # of a broker that was used before
        topics.delete(kafka.bootstrap, *there)
    for topic in foreign:
        topics.create(kafka.bootstrap, topic, 2)
    row = wire.row(7, email="anna@example.de", first_name="Anna")
    with working(project) as worker, kafka_inlet(kafka_of(project), contracts) as inlet:
        changes = [sent(inlet, wire.CUSTOMERS, wire.PG, wire.change(op, row)) for op in ("c", "c")]
        inlet.log.append([*changes, Outgoing(wire.CUSTOMERS, None, wire.key_of(7))])
        contact = wire.contact("UPDATE", ["003A"], Email="anna@example.de")
        inlet.log.append([sent(inlet, wire.CONTACTS, wire.SALESFORCE, contact)])
        inlet.log.append([Outgoing(wire.BARE, b"{}")])
        await_landed(project, heads(project, contracts))
        with Access(project.store) as access:
            rows = access.reader.rows
            wait_for(lambda: rows("SELECT 1 FROM ops.rejected"))
            assert rows("SELECT op, id, email FROM crm_shopdb.customer_row") == [("c", 7, "anna@example.de")]
            assert rows("SELECT count(*) FROM crm_salesforce.contact_changed") == [(1,)]
            joined = (
                "SELECT count(DISTINCT customer_id) FROM identifiers WHERE kind IN ('email', 'sf_contact')"
            )
            assert rows(joined) == [(1,)]
            assert rows("SELECT topic, reason FROM ops.rejected") == [(wire.BARE, "not_decodable")]
            books = "SELECT topic, accepted, landed, duplicate FROM ops.conservation WHERE topic = ?"
            assert access.reader.rows(books, [wire.CUSTOMERS]) == [(wire.CUSTOMERS, 3, 1, 2)]
            assert rows("FROM ops.conservation WHERE NOT balanced") == []
        worker.end(signal.SIGTERM)
