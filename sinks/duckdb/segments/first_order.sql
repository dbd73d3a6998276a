-- owner: Marketing
-- description: Placed their first and so far only order within the last 30 days.
-- refresh: live
-- sweep: 1 hour
SELECT customer_id, first_order_at
FROM customers
WHERE orders = 1 AND first_order_at > $now - INTERVAL 30 DAY
