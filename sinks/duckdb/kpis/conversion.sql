-- owner: e-commerce
-- description: Share of visits in which the customer ordered, during the visit or within 30 minutes after it.
--   Orders by telephone, in a store or on a marketplace are nobody's visit.
-- unit: share
-- value: ratio
WITH online AS (
    SELECT customer_id, placed_at
    FROM orders
    WHERE coalesce(channel, 'web') NOT IN ('phone', 'store', 'marketplace')
),
-- Of two visits at once, on two devices, the order belongs to the one that began later.
ordered AS (
    SELECT DISTINCT sessions.session_id
    FROM online
    ASOF JOIN sessions
        ON sessions.customer_id = online.customer_id AND sessions.started_at <= online.placed_at
    WHERE online.placed_at < sessions.ended_at + INTERVAL 30 MINUTE
)
SELECT
    sessions.started_at AS occurred_at,
    ordered.session_id IS NOT NULL AS numerator,
    1 AS denominator
FROM sessions
LEFT JOIN ordered USING (session_id)
