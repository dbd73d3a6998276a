-- How well is the promised day of delivery kept, by month of the promise?
-- late counts what came after the promise and what is still missing though it is due in the data; orders that
-- were cancelled or promised nothing are left out. A month whose promises are not all due yet is marked.
WITH seen AS (
    SELECT max(occurred_at) AS until FROM events
),
promised AS (
    SELECT
        date_trunc('month', promised_by) AS month,
        promised_by,
        delivered_at,
        promised_by < until AS due,
        due AND coalesce(delivered_at > promised_by, true) AS late,
        date_diff('hour', promised_by, delivered_at) AS hours_late
    FROM orders
    CROSS JOIN seen
    WHERE promised_by IS NOT NULL AND cancelled_at IS NULL
)
SELECT
    month,
    count(*) AS promised,
    count(*) FILTER (due) AS due,
    count(*) FILTER (late) AS late,
    count(*) FILTER (late AND delivered_at IS NULL) AS still_missing,
    round(count(*) FILTER (late) / nullif(count(*) FILTER (due), 0), 4) AS share_late,
    median(hours_late) FILTER (late) AS median_hours_late,
    bool_and(due) AS complete
FROM promised
GROUP BY month
ORDER BY month
