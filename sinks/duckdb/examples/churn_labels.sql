-- Who churned? Nobody cancels a shop, so churn is defined: no order within 90 days after a cutoff.
-- One row per customer who had ordered by then. The cutoff lies 90 days before the last order known, so that
-- every label is observed in full; put a TIMESTAMP of your own there, never a later one.
WITH cutoff AS (
    SELECT max(placed_at) - INTERVAL 90 DAY AS cutoff FROM orders
)
SELECT
    customer_id,
    cutoff,
    max(placed_at) FILTER (placed_at <= cutoff) AS last_order_at,
    count(*) FILTER (placed_at > cutoff AND placed_at <= cutoff + INTERVAL 90 DAY) AS orders_after,
    orders_after = 0 AS churned
FROM orders
CROSS JOIN cutoff
WHERE customer_id IS NOT NULL
GROUP BY customer_id, cutoff
HAVING min(placed_at) <= cutoff
ORDER BY customer_id
