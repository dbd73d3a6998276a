-- What came in, counted from the log's offsets, by topic and hour; see ops.conservation.
CREATE TABLE ops.ledger (
    log_id VARCHAR NOT NULL, -- Id of the log.
    topic VARCHAR NOT NULL, -- Topic of the log.
    partition INTEGER NOT NULL, -- Partition of the topic.
    hour TIMESTAMP NOT NULL, -- Hour of the records' own timestamp, UTC.
    accepted BIGINT NOT NULL, -- Records that the log gave us.
    gaps BIGINT NOT NULL, -- Offsets that hold no record: control records and compaction.
    duplicate BIGINT NOT NULL, -- Records that say again, to the letter, what was known.
    suppressed BIGINT NOT NULL -- Records about erased people, not kept.
);
