-- Whom each destination has been told of and has taken: what its tool holds.
CREATE TABLE activation.holding (
    destination VARCHAR NOT NULL, -- Name of the destination.
    contact VARCHAR NOT NULL, -- The contact point: an e-mail address or a telephone number.
    fields VARCHAR NOT NULL, -- What was told of them last, as a JSON object.
    told_at TIMESTAMP NOT NULL -- When it was taken last, UTC.
);
