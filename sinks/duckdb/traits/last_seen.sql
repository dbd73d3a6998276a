-- owner: Marketing
-- description: When we last heard of the customer: today, this_week, this_month, this_quarter or longer_ago.
-- refresh: live
-- sweep: 1 hour
SELECT
    customer_id,
    CASE
        WHEN last_seen_at > $now - INTERVAL 1 DAY THEN 'today'
        WHEN last_seen_at > $now - INTERVAL 7 DAY THEN 'this_week'
        WHEN last_seen_at > $now - INTERVAL 30 DAY THEN 'this_month'
        WHEN last_seen_at > $now - INTERVAL 90 DAY THEN 'this_quarter'
        ELSE 'longer_ago'
    END AS value
FROM customers
