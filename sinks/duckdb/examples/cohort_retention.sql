-- Of those who first ordered in a month, which share ordered again 1, 2, 3 ... months later?
-- One row per cohort and month. A month that is not over in the data is censored: NULL, not 0, for we cannot
-- know yet. Average down the columns over the cohorts that have a value, never over the censored ones.
WITH bought AS (
    SELECT customer_id, date_trunc('month', placed_at) AS month
    FROM orders
    WHERE customer_id IS NOT NULL
    GROUP BY ALL
),
cohort AS (
    SELECT customer_id, min(month) AS cohort FROM bought GROUP BY customer_id
),
size AS (
    SELECT cohort, count(*) AS customers FROM cohort GROUP BY cohort
),
later AS (
    SELECT cohort, date_diff('month', cohort, month) AS months_later, count(*) AS came
    FROM bought
    JOIN cohort USING (customer_id)
    GROUP BY ALL
),
seen AS (
    SELECT date_trunc('month', max(occurred_at)) AS first_open_month FROM events
),
grid AS (
    SELECT
        cohort,
        customers,
        unnest(range(1, date_diff('month', first_month, first_open_month) + 1)) AS months_later
    FROM size
    CROSS JOIN seen
    CROSS JOIN (SELECT min(cohort) AS first_month FROM size)
)
SELECT
    cohort,
    customers,
    months_later,
    CASE WHEN cohort + to_months(months_later) < first_open_month THEN coalesce(came, 0) END AS active,
    round(active / customers, 4) AS retention
FROM grid
CROSS JOIN seen
LEFT JOIN later USING (cohort, months_later)
ORDER BY cohort, months_later
