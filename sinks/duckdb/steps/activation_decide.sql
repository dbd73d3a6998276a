-- The differences at hand as deliveries of at most $portion rows: withdrawals first and alone, then removals.
CREATE OR REPLACE TEMP TABLE decided AS
WITH placed AS (
    SELECT *, row_number() OVER (PARTITION BY withdrawn ORDER BY action <> 'remove', contact) - 1 AS place
    FROM difference
)
SELECT
    placed.* REPLACE (place % $portion::BIGINT AS place),
    dense_rank() OVER (ORDER BY NOT withdrawn, place // $portion::BIGINT) AS number
FROM placed;

INSERT INTO activation.delivery
SELECT
    $delivery || '-' || number,
    $destination,
    number + coalesce((SELECT max(number) FROM activation.delivery WHERE destination = $destination), 0),
    $now::TIMESTAMP,
    0,
    $now::TIMESTAMP,
    NULL,
    NULL
FROM (SELECT DISTINCT number FROM decided);

INSERT INTO activation.item
SELECT
    $delivery || '-' || number, $destination, place, contact, action, fields, withdrawn, NULL, NULL, NULL
FROM decided;
