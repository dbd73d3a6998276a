"""What Prometheus is told of segments and destinations.

Decides which figures they have. Must never name a customer or a contact point.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from sinks.duckdb.reader import Reader

DESTINATION = ["destination"]


def figures_of(reader: Reader, now: datetime) -> Iterator[Metric]:
    """The figures of this moment; `now` is UTC without a zone. Raises QueryError."""
    members = GaugeMetricFamily("rundum_segment_members", "Customers in a segment.", labels=["segment"])
    failed = GaugeMetricFamily(
        "rundum_segment_failed", "1 while its definition gives no answer.", labels=["segment"]
    )
    for row in reader.query("metrics_segments"):
        members.add_metric([row["name"]], row["members"])
        failed.add_metric([row["name"]], row["failed"])
    yield from (members, failed)
    holds = GaugeMetricFamily("rundum_destination_rows", "Contact points its tool holds.", labels=DESTINATION)
    under_way = GaugeMetricFamily(
        "rundum_destination_waiting_rows", "Rows that it has not taken yet.", labels=DESTINATION
    )
    held = GaugeMetricFamily(
        "rundum_destination_held_rows", "Rows that wait for an approval.", labels=DESTINATION
    )
    refused = GaugeMetricFamily("rundum_destination_refused_rows", "Rows it has refused.", labels=DESTINATION)
    trouble = GaugeMetricFamily(
        "rundum_destination_trouble", "1 while it takes nothing or cannot be compared.", labels=DESTINATION
    )
    late = GaugeMetricFamily(
        "rundum_withdrawal_waiting_seconds", "How long a withdrawal has waited for it.", labels=DESTINATION
    )
    for row in reader.query("metrics_destinations"):
        label = [row["destination"]]
        holds.add_metric(label, row["holds"])
        under_way.add_metric(label, row["under_way"])
        held.add_metric(label, row["held_rows"])
        refused.add_metric(label, row["refused"])
        trouble.add_metric(label, row["trouble"])
        since = row["withdrawn_since"]
        late.add_metric(label, (now - since).total_seconds() if since else 0.0)
    yield from (holds, under_way, held, refused, trouble, late)
