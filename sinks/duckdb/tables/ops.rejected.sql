-- Records that could not become events, with their bytes. A repair is a new record; this one stays.
CREATE TABLE ops.rejected (
    rejected_id BIGINT NOT NULL, -- Number of the reject in this store, rising.
    log_id VARCHAR NOT NULL, -- Id of the log it came from.
    topic VARCHAR NOT NULL, -- Topic it came from.
    partition INTEGER NOT NULL, -- Partition it came from.
    "offset" BIGINT NOT NULL, -- Offset it came from.
    received_at TIMESTAMP NOT NULL, -- When it was appended to the log, UTC.
    landed_at TIMESTAMP NOT NULL, -- When it was rejected, UTC.
    event_type VARCHAR, -- Event type, where it was known.
    schema_id INTEGER, -- Id of the writer's schema, where there was one.
    reason VARCHAR NOT NULL, -- Why, in a word; rundum rejected list explains them.
    field VARCHAR, -- The field at fault, as a path; empty for the whole record.
    expected VARCHAR, -- What the field wanted.
    got VARCHAR, -- What came, shortened.
    detail VARCHAR, -- Why, in a sentence.
    headers BLOB, -- The record's headers.
    value BLOB -- The record's bytes.
);
