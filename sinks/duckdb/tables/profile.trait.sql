-- The latest value of each trait for each node, source and trust; the view traits picks among them.
CREATE TABLE profile.trait (
    node UUID NOT NULL, -- Anchor of the event that said it.
    trait VARCHAR NOT NULL, -- Name of the trait.
    source VARCHAR NOT NULL, -- channel/source that said it.
    value VARCHAR NOT NULL, -- The value as text; empty where it was cleared.
    strength TINYINT NOT NULL, -- How far the field is trusted.
    occurred_at TIMESTAMP NOT NULL, -- When it was said, UTC.
    sequence BIGINT NOT NULL, -- The source's own order within one instant; 0 where it has none.
    event_type VARCHAR NOT NULL, -- The event that said it.
    event_id VARCHAR NOT NULL -- Its id.
);
