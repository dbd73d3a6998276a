-- What a definition finds, and what that changes against what holds.
WITH answer AS MATERIALIZED (
    SELECT DISTINCT customer_id FROM (
{found}
    ) WHERE customer_id IS NOT NULL
),
held AS (
    SELECT DISTINCT customer_id FROM {held}
)
SELECT
    (SELECT count(*) FROM answer) AS size,
    (SELECT count(*) FROM answer ANTI JOIN held USING (customer_id)) AS entering,
    (SELECT count(*) FROM held ANTI JOIN answer USING (customer_id)) AS leaving;
