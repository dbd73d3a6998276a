-- The latest word of each kind about a contact point and a purpose.
CREATE TABLE profile.consent (
    node UUID NOT NULL, -- The contact point: an e-mail address or a telephone number.
    purpose VARCHAR NOT NULL, -- What for.
    status VARCHAR NOT NULL, -- granted, requested, withdrawn, or unproven (a browser claims it was granted).
    occurred_at TIMESTAMP NOT NULL, -- When it was said last, UTC.
    event_type VARCHAR NOT NULL, -- The event that said it.
    event_id VARCHAR NOT NULL -- Its id.
);
