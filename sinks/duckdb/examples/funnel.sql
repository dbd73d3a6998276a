-- How many visits saw a product, put one into the cart, went to the checkout, ordered?
-- A visit counts for a step if it took every step before it as well, in whatever order. An order belongs to a
-- visit if its browser is the visit's and it came during it or within 30 minutes after; orders that name no
-- browser (telephone, refused tracking) are not in the funnel.
WITH step AS (
    SELECT device_id, occurred_at, 1 AS step FROM web_tracking.product_viewed
    UNION ALL
    SELECT device_id, occurred_at, 2 FROM web_tracking.product_added
    UNION ALL
    SELECT device_id, occurred_at, 3 FROM web_tracking.checkout_started
    UNION ALL
    SELECT device_id, occurred_at, 4 FROM shop_standard.order_placed WHERE device_id IS NOT NULL
),
visit AS (
    SELECT
        session_id,
        bool_or(step = 1) AS viewed,
        viewed AND bool_or(step = 2) AS added,
        added AND bool_or(step = 3) AS checked_out,
        checked_out AND bool_or(step = 4) AS ordered
    FROM step
    ASOF JOIN sessions
        ON sessions.device_id = step.device_id AND sessions.started_at <= step.occurred_at
    WHERE step.occurred_at < sessions.ended_at + INTERVAL 30 MINUTE
    GROUP BY session_id
),
counted AS (
    SELECT
        unnest(['visit', 'product viewed', 'added to cart', 'checkout started', 'order placed']) AS step,
        unnest([
            (SELECT count(*) FROM sessions),
            count(*) FILTER (viewed),
            count(*) FILTER (added),
            count(*) FILTER (checked_out),
            count(*) FILTER (ordered)
        ]) AS visits,
        unnest(range(5)) AS position
    FROM visit
)
SELECT
    step,
    visits,
    round(visits / lag(visits) OVER (ORDER BY position), 4) AS of_step_before,
    round(visits / first(visits) OVER (ORDER BY position), 4) AS of_all_visits
FROM counted
ORDER BY position
