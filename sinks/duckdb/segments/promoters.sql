-- owner: Marketing
-- description: Bought, praised us within a year, and have not complained since.
-- refresh: live
-- sweep: 1 day
WITH said AS (
    SELECT
        customer_id,
        max(opened_at) FILTER (kind = 'praise') AS praised_at,
        max(opened_at) FILTER (kind = 'complaint') AS complained_at
    FROM conversations
    GROUP BY customer_id
)
SELECT said.customer_id, said.praised_at
FROM said
JOIN customers USING (customer_id)
WHERE
    customers.orders > 0
    AND said.praised_at > $now - INTERVAL 365 DAY
    AND (said.complained_at IS NULL OR said.complained_at < said.praised_at)
