-- The last $most of the rejects numbered from after $after up to $upto, of one source ($source) or, if null, of
-- all, in the order of landing; and how many there are in all.
WITH fresh AS (
    SELECT rejected_id, landed_at, coalesce(event_type, topic) AS what, reason, field, expected, got, detail
    FROM ops.rejected
    WHERE
        rejected_id > $after
        AND rejected_id <= $upto
        AND (
            $source::VARCHAR IS NULL
            OR starts_with(event_type, $source::VARCHAR || '/')
            OR event_type IS NULL AND topic = (SELECT topic FROM ops.source WHERE source = $source::VARCHAR)
        )
),
latest AS (
    SELECT * FROM fresh ORDER BY rejected_id DESC LIMIT $most
)
SELECT latest.*, (SELECT count(*) FROM fresh) AS total
FROM latest
ORDER BY latest.rejected_id
