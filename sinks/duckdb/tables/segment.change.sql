-- Every entry and exit, in their order: replayed, it gives the memberships.
CREATE TABLE segment.change (
    change_id BIGINT NOT NULL, -- Number in the order of change.
    segment VARCHAR NOT NULL, -- Name of the segment.
    customer_id UUID NOT NULL, -- The customer.
    entered BOOLEAN NOT NULL, -- Whether they are in from now on; else they are out.
    changed_at TIMESTAMP NOT NULL, -- $now of the evaluation that found it, UTC.
    cause VARCHAR NOT NULL, -- event, time, definition, merge, or reason (in already, for another reason from now on).
    version VARCHAR NOT NULL, -- Version of the definition that decided.
    reason VARCHAR NOT NULL, -- The reason columns of the definition, as a JSON object; empty at an exit.
    landed_at TIMESTAMP NOT NULL -- Everything that had landed by then was considered, UTC.
);
