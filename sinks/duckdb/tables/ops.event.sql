-- The spine: one narrow row per event of any type, in the order of landing. Read it as the view events.
CREATE TABLE ops.event (
    landed_seq BIGINT NOT NULL, -- Number in the order of landing; gaps are normal.
    key_hash UBIGINT NOT NULL, -- Hash of event type and id; finds duplicates, never decides them.
    event_type VARCHAR NOT NULL, -- channel/source/event.
    event_id VARCHAR NOT NULL, -- The event's own id, unique within its type.
    occurred_at TIMESTAMP NOT NULL, -- When it happened, as the source says, UTC.
    received_at TIMESTAMP NOT NULL, -- When it was appended to the log, UTC.
    landed_at TIMESTAMP NOT NULL, -- When it landed here, UTC.
    node UUID, -- The anchor: node of the strongest identifier; null if every identifier is blocked.
    nodes UUID[], -- Every node it mentions, blocked ones too.
    topic VARCHAR NOT NULL, -- Topic it came from.
    partition INTEGER NOT NULL, -- Partition it came from.
    "offset" BIGINT NOT NULL, -- Offset it came from.
    writer INTEGER NOT NULL -- Schema id it was written with.
);
