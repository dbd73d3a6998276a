-- owner: Marketing
-- description: The tenth of all buyers of one currency whose orders are worth the most on average.
-- refresh: 1 day
WITH basket AS (
    SELECT customer_id, currency, avg(total) AS average
    FROM orders
    WHERE status <> 'cancelled' AND customer_id IS NOT NULL
    GROUP BY customer_id, currency
)
SELECT customer_id, currency, round(average, 2) AS average
FROM basket
QUALIFY average >= quantile_disc(average, 0.9) OVER (PARTITION BY currency)
