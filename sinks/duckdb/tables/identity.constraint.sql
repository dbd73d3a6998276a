-- What people have decided about two identifiers; the latest word counts.
CREATE TABLE identity.constraint (
    a UUID NOT NULL, -- One node; the lesser id.
    b UUID NOT NULL, -- The other node.
    verdict VARCHAR NOT NULL, -- must, cannot, or none (taken back).
    occurred_at TIMESTAMP NOT NULL, -- When it was decided, UTC.
    event_id VARCHAR NOT NULL, -- The own/rundum/identity_constrained event.
    outcome VARCHAR NOT NULL -- joined, within, cannot, or absent (a node is not there, or taken back).
);
