-- Traits that a definition computes from what customers did; the view traits shows them beside the others.
CREATE TABLE profile.computed (
    customer_id UUID NOT NULL, -- Customer, as they were known then.
    trait VARCHAR NOT NULL, -- Name of the trait: that of its file.
    value VARCHAR NOT NULL, -- The value as text.
    version VARCHAR NOT NULL, -- Version of the definition.
    computed_for TIMESTAMP NOT NULL -- $now of the evaluation that found it, UTC.
);
