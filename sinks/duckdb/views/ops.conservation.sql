-- Proof that nothing is lost silently: what the logs gave equals what became of it, by topic and hour.
WITH outcome AS (
    SELECT topic, hour, accepted, duplicate, suppressed, 0 AS landed, 0 AS superseded, 0 AS rejected
    FROM ops.ledger
    UNION ALL
    SELECT event.topic, date_trunc('hour', event.received_at), 0, 0, 0, 1, 0, 0
    FROM ops.event AS event
    SEMI JOIN (
{landed}
    ) AS typed USING (landed_seq)
    UNION ALL
    SELECT topic, date_trunc('hour', received_at), 0, 0, 0, 0, 1, 0 FROM ops.conflict
    UNION ALL
    SELECT topic, date_trunc('hour', received_at), 0, 0, 0, 0, 0, 1 FROM ops.rejected
)
SELECT
    topic AS topic, -- Topic of the log.
    hour AS hour, -- Hour of the records' own timestamp, UTC.
    sum(accepted)::BIGINT AS accepted, -- Records that the log gave, counted from its offsets.
    sum(landed)::BIGINT AS landed, -- Events that are there, in the spine and in their typed table.
    sum(superseded)::BIGINT AS superseded, -- Losing contents of events that came with several; in ops.conflict.
    sum(rejected)::BIGINT AS rejected, -- In ops.rejected, with bytes and reason.
    sum(duplicate)::BIGINT AS duplicate, -- Said again, to the letter.
    sum(suppressed)::BIGINT AS suppressed, -- About erased people; not kept.
    sum(accepted) = sum(landed + superseded + rejected + duplicate + suppressed) AS balanced -- Must be true.
FROM outcome
GROUP BY topic, hour
