-- owner: Marketing
-- description: Bought twice or more, and are overdue by twice their own rhythm: two months at least, a year at most.
-- refresh: live
-- sweep: 1 hour
SELECT customer_id, orders, last_order_at
FROM customers
WHERE
    orders >= 2
    AND last_order_at < $now - INTERVAL 60 DAY
    AND last_order_at >= $now - INTERVAL 365 DAY
    AND $now - last_order_at > 2 * (last_order_at - first_order_at) / (orders - 1)
