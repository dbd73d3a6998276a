"""Records that land again: from a time on, up to where their topic had landed when that was asked for.

Decides which records those are. Must never move a position: whoever ends amid it has lost nothing, and begins
anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sinks.duckdb.store import Landing, Store
from streams.core.model import Place
from streams.log.protocol import Log
from streams.pipeline import Pipeline, later, micros

Clock = Callable[[], datetime]


@dataclass
class Replay:
    """One request on its way: where each place stands, and where it ends."""

    event_id: str
    topic: str
    positions: dict[Place, int]
    ends: dict[Place, int]
    total: int = 0
    landing: Landing = field(default_factory=Landing)

    @property
    def left(self) -> int:
        """Offsets that are still to be read."""
        return sum(end - self.positions[place] for place, end in self.ends.items())


def plan(store: Store, log: Log, request: tuple[str, str, datetime]) -> Replay:
    """What a request (event id, topic, since) asks for. Raises LogError."""
    event_id, topic, since = request
    landed, ends = store.positions(log.id), log.ends()
    starts = log.offsets_at(micros(since))
    places = [place for place in ends if place.topic == topic and place in landed]
    stops = {place: min(landed[place], ends[place].head) for place in places}
    begins = {place: min(max(starts[place], ends[place].start), stops[place]) for place in places}
    found = Replay(event_id, topic, begins, stops)
    found.total = found.left
    return found


def go_on(replay: Replay, pipeline: Pipeline, log: Log, clock: Clock, limit: int) -> Landing:
    """Lands the next records of a replay again. Raises what landing raises; then they are still to come."""
    heads = {place: ends.head for place, ends in log.ends().items()}
    batch = log.poll({**heads, **replay.positions}, limit)
    records = [
        record
        for record in batch.records
        if record.offset < replay.ends.get(Place(record.topic, record.partition), 0)
    ]
    landing = Landing()
    if records:
        again = replace(batch, records=records, positions={})
        landing = pipeline.handle(again, later(pipeline.store.last_landed_at(), clock()))
    for place, end in replay.ends.items():
        replay.positions[place] = min(batch.positions.get(place, replay.positions[place]), end)
    replay.landing += landing
    return landing


def finish(replay: Replay, store: Store, now: datetime) -> None:
    """Notes that a request was carried out."""
    told = replay.landing
    row = [replay.event_id, replay.total, told.landed + told.conflicting, told.rejected, now]
    store.database.run("INSERT INTO ops.replay VALUES (?, ?, ?, ?, ?)", row)
