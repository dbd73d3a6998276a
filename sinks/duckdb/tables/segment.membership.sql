-- Who was in which segment, from when until when, and why.
CREATE TABLE segment.membership (
    segment VARCHAR NOT NULL, -- Name of the segment.
    customer_id UUID NOT NULL, -- The customer, as they were known then.
    since TIMESTAMP NOT NULL, -- From this time on: $now of the evaluation that found it, UTC.
    until TIMESTAMP, -- Until before this time; null while it holds.
    cause VARCHAR NOT NULL, -- Why then: event, time, definition, merge, or reason (in before already, for another).
    left_by VARCHAR, -- Why it ended, in the same words; null while it holds.
    version VARCHAR NOT NULL, -- Version of the definition that took them in.
    reason VARCHAR NOT NULL -- The reason columns of the definition at entry, as a JSON object.
);
