-- owner: Marketing
-- description: Put something into the cart within a week, did nothing with it for an hour, and have not ordered since.
-- refresh: live
-- sweep: 5 minutes
WITH cart AS (
    SELECT
        customer_id,
        max(changed_at) AS left_at,
        max(changed_at) FILTER (action = 'added') AS added_at,
        arg_max(name, (changed_at, event_id)) FILTER (action = 'added') AS product
    FROM cart_changes
    WHERE changed_at <= $now
    GROUP BY customer_id
)
SELECT cart.customer_id, cart.left_at, cart.product
FROM cart
LEFT JOIN customers USING (customer_id)
WHERE
    cart.added_at > $now - INTERVAL 7 DAY
    AND cart.left_at < $now - INTERVAL 1 HOUR
    AND (customers.last_order_at IS NULL OR customers.last_order_at < cart.added_at)
