"""What must hold between the store and the Kafka cluster that feeds it.

Decides when the two belong together. Must never make a topic, nor move a position.
"""

from __future__ import annotations

from schemas.catalogue import Catalogue
from sinks.duckdb.reader import Reader
from streams.brokers import Kafka
from streams.check.finding import Finding, State
from streams.inlet import names_of
from streams.log.protocol import LogError
from streams.standing import FINE, standings

TOPICS = "The store goes on where its topics have records, and they are the same topics."
REACH = "start it, or mend [kafka] in rundum.toml; records wait there meanwhile"
LOST = "`rundum restore` a backup, or say that the records are lost: `rundum topics accept TOPIC`"
SHOWN = 5


def check_topics(kafka: Kafka, catalogue: Catalogue, reader: Reader) -> Finding:
    """Whether the store's positions lie within the topics that they were taken from."""
    from streams.log.kafka import KafkaLog  # only those who have Kafka pay for its clients

    try:
        with KafkaLog(kafka.cluster, names_of(kafka, catalogue)) as log:
            found = standings(log, reader)
            cluster = reader.value("SELECT value FROM ops.meta WHERE key = 'cluster_id'")
            stranger = cluster not in (None, log.id)
    except LogError as failure:
        return Finding("topics", TOPICS, State.ADVICE, (str(failure),), 1, REACH)
    if stranger:
        seen = (f"the store is fed from cluster {cluster}, the one that is there is {log.id}",)
        return Finding("topics", TOPICS, State.WRONG, seen, 1, "name the cluster that belongs to the store")
    wrong = [one for one in found if one.state != FINE]
    if wrong:
        told = tuple(
            f"{one.place.topic}/{one.place.partition}: {one.state}; the store goes on at {one.position:,}, "
            f"the topic has {one.ends.start:,} to {one.ends.head:,}"
            for one in wrong[:SHOWN]
        )
        return Finding("topics", TOPICS, State.WRONG, told, len(wrong), LOST)
    return Finding("topics", TOPICS, seen=(f"{sum(one.left for one in found):,} records wait to be landed",))
