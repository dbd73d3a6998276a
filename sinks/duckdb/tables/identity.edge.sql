-- Two identifiers that one event named together, and what came of it.
CREATE TABLE identity.edge (
    a UUID NOT NULL, -- One node; the lesser id.
    b UUID NOT NULL, -- The other node.
    first_seen TIMESTAMP NOT NULL, -- Earliest event that names both, UTC.
    strength TINYINT NOT NULL, -- The greatest trust of an event that names both.
    outcome VARCHAR NOT NULL -- joined, within (were one already), hub, browser, cannot, limit:kind, window:kind.
);
