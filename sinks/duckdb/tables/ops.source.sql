-- The sources as their source.toml describes them.
CREATE TABLE ops.source (
    source VARCHAR NOT NULL, -- channel/source.
    title VARCHAR NOT NULL, -- The source in a few words.
    owner VARCHAR NOT NULL, -- Who answers for it.
    contact VARCHAR NOT NULL, -- How to reach the owner.
    purpose VARCHAR NOT NULL, -- What the data may be used for.
    legal_basis VARCHAR NOT NULL, -- Why we may hold it.
    retention VARCHAR NOT NULL, -- How long it is kept.
    trust TINYINT NOT NULL, -- 3 manual, 2 authenticated server, 1 confirmed form, 0 browser claim.
    topic VARCHAR NOT NULL -- Its topic.
);
