-- How far the store goes: the greatest number that an event can have, and the greatest of a reject.
SELECT
    (SELECT value::BIGINT - 1 FROM ops.meta WHERE key = 'next_seq') AS events,
    (SELECT coalesce(max(rejected_id), 0) FROM ops.rejected) AS rejects
