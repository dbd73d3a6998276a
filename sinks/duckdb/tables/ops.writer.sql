-- Writers' schemas by id, so that a record can be read when no registry answers.
CREATE TABLE ops.writer (
    log_id VARCHAR NOT NULL, -- Id of the log whose registry gave the id.
    schema_id INTEGER NOT NULL, -- The id in the record's frame.
    schema VARCHAR NOT NULL -- The Avro schema as JSON.
);
