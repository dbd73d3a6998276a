-- Differences on their way to destinations, in their order; sent ones are kept for 30 days.
CREATE TABLE activation.delivery (
    delivery_id VARCHAR NOT NULL, -- The idempotency key: the same rows always go under it.
    destination VARCHAR NOT NULL, -- Name of the destination.
    number BIGINT NOT NULL, -- Order within the destination.
    decided_at TIMESTAMP NOT NULL, -- When it was decided, UTC.
    attempts BIGINT NOT NULL, -- How often it was tried.
    next_at TIMESTAMP NOT NULL, -- When it is tried next at the earliest, UTC.
    trouble VARCHAR, -- Why the last attempt failed; null where none has.
    sent_at TIMESTAMP -- When the destination had taken or refused every row, UTC; null until then.
);
