-- owner: Marketing
-- description: Bought before, and nothing within a year.
-- refresh: live
-- sweep: 1 hour
SELECT customer_id, last_order_at
FROM customers
WHERE last_order_at < $now - INTERVAL 365 DAY
