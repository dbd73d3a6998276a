-- The ledger: what the log gave in this batch, counted from its offsets, and what became of duplicates.
CREATE OR REPLACE TEMP TABLE account AS
WITH record AS (
    SELECT topic, partition, date_trunc('hour', received_at) AS hour, 1 AS accepted, 0 AS gaps,
        0 AS duplicate, 0 AS suppressed
    FROM arrow_record
    UNION ALL
    SELECT topic, partition, hour, 0, gaps, 0, 0 FROM arrow_gap
    UNION ALL
    SELECT topic, partition, date_trunc('hour', received_at), 0, 0, 1, 0
    FROM arrow_record
    WHERE landed_seq IN (FROM duplicate)
    UNION ALL
    SELECT topic, partition, hour, accepted, gaps, duplicate, suppressed
    FROM ops.ledger
    WHERE log_id = $log_id
)
SELECT
    $log_id AS log_id,
    topic,
    partition,
    hour,
    sum(accepted) AS accepted,
    sum(gaps) AS gaps,
    sum(duplicate) AS duplicate,
    sum(suppressed) AS suppressed
FROM record
GROUP BY ALL
HAVING hour IN (SELECT date_trunc('hour', received_at) FROM arrow_record UNION ALL SELECT hour FROM arrow_gap);

DELETE FROM ops.ledger AS known
USING account AS next
WHERE known.log_id = next.log_id AND known.topic = next.topic AND known.partition = next.partition
    AND known.hour = next.hour;

INSERT INTO ops.ledger BY NAME SELECT * FROM account;
