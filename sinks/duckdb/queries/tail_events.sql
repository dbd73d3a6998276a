-- The last $most of the events numbered from after $after up to $upto, of one source ($source) or, if null, of
-- all, in the order of landing; and how many there are in all.
WITH fresh AS NOT MATERIALIZED (
    SELECT landed_seq, landed_at, event_type, event_id, node
    FROM ops.event
    WHERE
        landed_seq > $after
        AND landed_seq <= $upto
        AND ($source::VARCHAR IS NULL OR starts_with(event_type, $source::VARCHAR || '/'))
),
latest AS (
    SELECT * FROM fresh ORDER BY landed_seq DESC LIMIT $most
)
SELECT
    latest.landed_seq, latest.landed_at, latest.event_type, latest.event_id, owner.customer AS customer_id,
    (SELECT count(*) FROM fresh) AS total
FROM latest
LEFT JOIN identity.node AS owner USING (node)
ORDER BY latest.landed_seq
