-- owner: Marketing
-- description: Up to three categories that the customer looks at and buys, the strongest first. A view counts 1, a
--   piece in the cart 3, a piece bought 5, and everything half as much every 30 days.
-- refresh: live
-- sweep: 1 day
WITH sign AS (
    SELECT customer_id, category, viewed_at AS happened_at, 1 AS weight FROM product_views
    UNION ALL
    SELECT customer_id, category, changed_at, 3 FROM cart_changes WHERE action = 'added'
    UNION ALL
    SELECT customer_id, category, placed_at, 5 FROM order_lines
),
weighed AS (
    SELECT
        customer_id,
        category,
        -- in whole thousandths: sums of fractions depend on their order
        sum(CAST(1000 * weight * pow(0.5, date_diff('day', happened_at, $now) / 30.0) AS BIGINT)) AS strength
    FROM sign
    WHERE happened_at <= $now AND happened_at > $now - INTERVAL 365 DAY AND category IS NOT NULL
    GROUP BY customer_id, category
)
SELECT customer_id, array_to_string(list(category ORDER BY strength DESC, category)[1:3], ', ') AS value
FROM weighed
WHERE strength > 0
GROUP BY customer_id
