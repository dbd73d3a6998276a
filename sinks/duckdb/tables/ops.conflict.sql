-- Copies of events that lost against another content under the same key. They count for nothing.
CREATE TABLE ops.conflict (
    event_type VARCHAR NOT NULL, -- Event type.
    event_id VARCHAR NOT NULL, -- Event id that two contents share.
    content VARCHAR NOT NULL, -- SHA-256 of the content; the smallest wins in every order of arrival.
    topic VARCHAR NOT NULL, -- Topic it came from.
    partition INTEGER NOT NULL, -- Partition it came from.
    "offset" BIGINT NOT NULL, -- Offset it came from.
    writer INTEGER NOT NULL, -- Schema id it was written with.
    received_at TIMESTAMP NOT NULL, -- When it was appended to the log, UTC.
    landed_at TIMESTAMP NOT NULL, -- When it landed, UTC.
    landed_seq BIGINT NOT NULL, -- Its number in the order of landing.
    datum JSON NOT NULL -- The losing content.
);
