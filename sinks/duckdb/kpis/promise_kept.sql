-- owner: logistics
-- description: Share of promised deliveries that were whole by then, on the day of the promise. What is due
--   and has not arrived counts as broken; what is not due yet, and wholly cancelled orders, are left out.
-- unit: share
-- value: ratio
SELECT
    promised_by AS occurred_at,
    coalesce(delivered_at <= promised_by, false) AS numerator,
    1 AS denominator
FROM orders
WHERE cancelled_at IS NULL AND promised_by < (SELECT max(occurred_at) FROM events)
