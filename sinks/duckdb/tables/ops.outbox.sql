-- What is still to be told to others: written in the transaction that changed it, deleted once it was taken.
CREATE TABLE ops.outbox (
    outbox_id BIGINT NOT NULL, -- Number in the order of telling; gaps are normal.
    landed_at TIMESTAMP NOT NULL, -- When it changed, UTC.
    customer_id UUID NOT NULL, -- The customer that changed.
    now_id UUID -- The customer that its identifiers belong to now: itself, another one, or nobody.
);
