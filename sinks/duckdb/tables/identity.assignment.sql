-- Whose each identifier was, as we knew it at any time.
CREATE TABLE identity.assignment (
    node UUID NOT NULL, -- Node id.
    customer UUID NOT NULL, -- The canonical node of its customer.
    known_from TIMESTAMP NOT NULL, -- Landing time since when we knew, UTC.
    known_to TIMESTAMP -- Landing time until when; null while it holds.
);
