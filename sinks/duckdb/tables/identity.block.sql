-- Identifiers that people have blocked or released; the latest word counts.
CREATE TABLE identity.block (
    node UUID NOT NULL, -- The identifier's node.
    blocked BOOLEAN NOT NULL, -- Whether it is blocked.
    occurred_at TIMESTAMP NOT NULL, -- When it was decided, UTC.
    event_id VARCHAR NOT NULL -- The own/rundum/identifier_blocked event.
);
