-- How each segment and computed trait stands: when all customers were looked at last, and what went wrong.
CREATE TABLE segment.refresh (
    kind VARCHAR NOT NULL, -- segment or trait.
    name VARCHAR NOT NULL, -- Its name.
    version VARCHAR, -- Version of the definition that holds; null before the first look at all.
    tried VARCHAR NOT NULL, -- Version that was asked last; another one than holds if it gave no answer.
    swept_for TIMESTAMP, -- $now of the last look at all customers, UTC; null before the first.
    seconds DOUBLE, -- How long that look took.
    members BIGINT, -- How many it found.
    error VARCHAR, -- Why the last evaluation failed; null where it did not. The memberships before it hold.
    failed_for TIMESTAMP -- $now of that evaluation, UTC.
);
