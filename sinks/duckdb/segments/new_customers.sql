-- owner: Marketing
-- description: People whom we have known for 30 days at most.
-- refresh: live
-- sweep: 1 hour
SELECT customer_id, first_seen_at
FROM customers
WHERE kind = 'person' AND first_seen_at > $now - INTERVAL 30 DAY
