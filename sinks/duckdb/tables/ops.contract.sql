-- The contracts under which the typed tables stand.
CREATE TABLE ops.contract (
    event_type VARCHAR NOT NULL, -- channel/source/event.
    schema VARCHAR NOT NULL, -- The Avro schema as JSON, marks included.
    rules VARCHAR NOT NULL, -- Digest of what the contract means: types, marks, trust.
    since TIMESTAMP NOT NULL, -- When the store took it over, UTC.
    version INTEGER NOT NULL -- Number of the contract's version in this store, from 1.
);
