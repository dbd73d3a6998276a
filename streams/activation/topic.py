"""The sender of a destination that is a Kafka topic: a record for each contact point, keyed by it.

Decides how a row is written. Must never count as sent what Kafka has not.
"""

from __future__ import annotations

import json

from schemas.catalogue import SHIPPED
from sinks.destinations.kinds import Kafka as Topic
from sinks.destinations.protocol import Answer, Sending, Unavailable
from sinks.destinations.settings import Destination
from streams.brokers import Kafka
from streams.log.protocol import LogError
from streams.outlet import Outlet
from streams.pipeline import micros
from streams.registry.protocol import RegistryError

CONTRACT = SHIPPED / "outgoing" / "contact_changed.avsc"


class TopicSender:
    """Sends to one topic."""

    def __init__(self, destination: Destination, kafka: Kafka | None) -> None:
        """Connects when there is something to send. Raises Unavailable without a cluster."""
        if kafka is None:
            raise Unavailable(f"{destination.file}: kind: is a topic, but rundum.toml names no [kafka]")
        assert isinstance(destination.how, Topic)
        self._outlet = Outlet(kafka, destination.how.topic, CONTRACT)

    def send(self, sending: Sending) -> Answer:
        """Raises Unavailable."""
        try:
            self._outlet.send(
                [
                    (
                        row.contact,
                        {
                            "event_id": f"{sending.id}/{place}",
                            "changed_at": micros(sending.at),
                            "destination": sending.destination,
                            "segment": sending.segment,
                            "purpose": sending.purpose,
                            "kind": sending.contact_kind,
                            "contact": row.contact,
                            "action": row.action,
                            "fields": json.dumps(row.fields, ensure_ascii=False, sort_keys=True),
                        },
                    )
                    for place, row in enumerate(sending.rows)
                ]
            )
        except (LogError, RegistryError) as failure:
            raise Unavailable(str(failure)) from None
        return Answer()

    def close(self) -> None:
        """Lets go of the cluster."""
        self._outlet.close()
