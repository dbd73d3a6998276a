-- Is the money of the customers that of the orders, and that of the events? Both differences must be 0.
-- by_nobody are orders whose every identifier is blocked: they are orders, but no customer's. The events are
-- added up here in minor units, apart from the view orders; add the tables of sources of your own.
WITH placed AS (
    SELECT order_id, currency, total_minor AS total
    FROM shop_standard.order_placed
    QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY occurred_at DESC, event_id DESC) = 1
),
refund AS (
    SELECT order_id, currency, amount_minor AS amount, reason
    FROM shop_standard.order_refunded
    QUALIFY row_number() OVER (PARTITION BY order_id, refund_id ORDER BY occurred_at DESC, event_id DESC) = 1
),
refunded AS (
    SELECT
        order_id,
        currency,
        coalesce(sum(amount) FILTER (reason = 'cancellation'), 0) AS for_cancellation,
        sum(amount) - for_cancellation AS for_the_rest
    FROM refund
    GROUP BY order_id, currency
),
cancelled AS (
    SELECT order_id, CASE WHEN bool_and(amount_minor IS NOT NULL) THEN sum(amount_minor) END AS part
    FROM shop_standard.order_cancelled
    GROUP BY order_id
),
kept AS (
    SELECT
        currency,
        cancelled.order_id IS NOT NULL AND coalesce(part, total) >= total AS wholly,
        CASE WHEN wholly THEN total ELSE coalesce(part, 0) END AS called_off,
        -- What was called off before it was paid, and what was paid back for it, is one loss.
        total - greatest(called_off, coalesce(for_cancellation, 0)) - coalesce(for_the_rest, 0) AS minor
    FROM placed
    LEFT JOIN refunded USING (order_id, currency)
    LEFT JOIN cancelled USING (order_id)
),
statement AS (
    SELECT 'events' AS part, currency, major(CASE WHEN wholly THEN 0 ELSE minor END, currency) AS amount
    FROM kept
    UNION ALL
    SELECT 'events', currency, major(amount_minor, currency) FROM shop_cdnow.purchase
    UNION ALL
    SELECT 'orders', currency, revenue_net FROM orders
    UNION ALL
    SELECT 'nobody', currency, revenue_net FROM orders WHERE customer_id IS NULL
    UNION ALL
    SELECT 'customers', entry.key, entry.value
    FROM customers, unnest(map_entries(revenue_by_currency)) AS each(entry)
)
SELECT
    currency,
    coalesce(sum(amount) FILTER (part = 'customers'), 0) AS by_customers,
    coalesce(sum(amount) FILTER (part = 'nobody'), 0) AS by_nobody,
    coalesce(sum(amount) FILTER (part = 'orders'), 0) AS by_orders,
    coalesce(sum(amount) FILTER (part = 'events'), 0) AS by_events,
    by_customers + by_nobody - by_orders AS customers_differ,
    by_orders - by_events AS events_differ
FROM statement
GROUP BY currency
ORDER BY currency
