-- The schemas that records were written with, as the registry of each log told them. An id means something only
-- together with its log.
CREATE TABLE ops.writer (
    log_id VARCHAR NOT NULL, -- Id of the log whose registry gave the id.
    schema_id INTEGER NOT NULL, -- Id of the schema, as records carry it.
    schema VARCHAR NOT NULL -- The Avro schema as JSON.
);
