-- Facts about this store: its id, secret, version and the rules it was built under.
CREATE TABLE ops.meta (
    key VARCHAR NOT NULL, -- Name of the fact.
    value VARCHAR NOT NULL -- The fact, as text.
);
