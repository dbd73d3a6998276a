-- A KPI by periods. A fact counts in the period of its instant or, where facts hold until something ends them,
-- in every period at whose end it holds; of each subject the greatest counts, once a period and series.
WITH fact AS (
    SELECT *, CASE WHEN subject IS NULL THEN row_number() OVER () END AS alone
    FROM (
        SELECT
            NULL::TIMESTAMP AS occurred_at,
            NULL::TIMESTAMP AS ended_at,
            NULL::TINYINT AS numerator,
            NULL::TINYINT AS denominator,
            NULL::VARCHAR AS subject,
            NULL::VARCHAR AS series
        WHERE false
        UNION ALL BY NAME
        SELECT * FROM (
{kpi}
        )
    )
    WHERE isfinite(occurred_at)
),
edge AS (
    SELECT
        greatest(min(occurred_at), $since::TIMESTAMP) AS starts_at,
        least(
            greatest(max(occurred_at), (SELECT max(occurred_at) FROM events)) + INTERVAL 1 MICROSECOND,
            $until::TIMESTAMP + INTERVAL 1 DAY
        ) AS ends_at
    FROM fact
    HAVING count(*) > 0
),
cut AS (
    SELECT
        date_trunc(if($by = 'whole', 'microsecond', $by), starts_at) AS starts_at,
        ends_at,
        CASE $by
            WHEN 'day' THEN INTERVAL 1 DAY
            WHEN 'week' THEN INTERVAL 7 DAY
            WHEN 'month' THEN INTERVAL 1 MONTH
            ELSE INTERVAL 1000 YEAR
        END AS step
    FROM edge
    WHERE starts_at < ends_at
),
period AS (
    SELECT greatest(starts_at, $since::TIMESTAMP) AS starts_at, least(starts_at + step, ends_at) AS ends_at
    FROM (SELECT unnest(range(starts_at, ends_at, step)) AS starts_at, ends_at, step FROM cut)
),
placed AS (
    SELECT period.starts_at, fact.*
    FROM fact
    JOIN period ON fact.occurred_at >= period.starts_at AND fact.occurred_at < period.ends_at
    WHERE NOT $holds
    UNION ALL
    SELECT period.starts_at, fact.*
    FROM fact
    JOIN period ON fact.occurred_at < period.ends_at AND coalesce(fact.ended_at, 'infinity') >= period.ends_at
    WHERE $holds
),
once AS (
    SELECT starts_at, series, max(numerator) AS numerator, max(denominator) AS denominator
    FROM placed
    GROUP BY starts_at, series, subject, alone
),
cell AS (
    SELECT starts_at, series, {value} AS value, {of} AS "of"
    FROM once
    GROUP BY starts_at, series
),
series AS (
    SELECT DISTINCT series FROM cell
    UNION ALL
    SELECT NULL WHERE NOT EXISTS (FROM cell)
)
SELECT
    period.starts_at::DATE AS first_day,
    (period.ends_at - INTERVAL 1 MICROSECOND)::DATE AS last_day,
    series.series,
    CASE WHEN $adds THEN coalesce(cell.value, 0) ELSE cell.value END AS value,
    coalesce(cell."of", 0) AS "of"
FROM period
CROSS JOIN series
LEFT JOIN cell ON cell.starts_at = period.starts_at AND cell.series IS NOT DISTINCT FROM series.series
ORDER BY series.series NULLS FIRST, period.starts_at
