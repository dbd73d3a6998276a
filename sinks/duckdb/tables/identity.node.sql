-- What is known of each identifier that may join, and whose it is now.
CREATE TABLE identity.node (
    node UUID NOT NULL, -- Node id.
    kind VARCHAR NOT NULL, -- Kind of identifier.
    first_seen TIMESTAMP NOT NULL, -- Earliest event that names it, UTC.
    last_seen TIMESTAMP NOT NULL, -- Latest event that names it, UTC.
    events BIGINT NOT NULL, -- Events anchored at it.
    hub TINYINT NOT NULL, -- Edges of this strength or less join nobody here; -1 where all may.
    component UUID NOT NULL, -- Everything that could belong together: what is decided as one.
    customer UUID NOT NULL -- The canonical node of its customer.
);
