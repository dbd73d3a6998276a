-- owner: Marketing
-- description: Looked at products of one category three times or more within a week, and neither put anything into
--   the cart nor ordered since; the category is what they are interested in.
-- refresh: live
-- sweep: 15 minutes
WITH seen AS (
    SELECT customer_id, category, count(*) AS views, max(viewed_at) AS viewed_at
    FROM product_views
    WHERE viewed_at > $now - INTERVAL 7 DAY AND viewed_at <= $now AND category IS NOT NULL
    GROUP BY customer_id, category
    HAVING count(*) >= 3
),
favourite AS (
    SELECT customer_id, max(viewed_at) AS viewed_at, arg_max(category, (views, viewed_at, category)) AS interest
    FROM seen
    GROUP BY customer_id
),
cart AS (
    SELECT customer_id, max(changed_at) AS added_at FROM cart_changes WHERE action = 'added' GROUP BY customer_id
)
SELECT favourite.customer_id, favourite.interest
FROM favourite
LEFT JOIN cart USING (customer_id)
LEFT JOIN customers USING (customer_id)
WHERE
    (cart.added_at IS NULL OR cart.added_at < $now - INTERVAL 7 DAY)
    AND (customers.last_order_at IS NULL OR customers.last_order_at < $now - INTERVAL 7 DAY)
