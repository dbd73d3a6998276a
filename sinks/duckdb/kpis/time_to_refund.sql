-- owner: finance
-- description: Median days from when goods came back, or the order was cancelled, until money was paid back,
--   on the day of the refund. Goodwill is left out; money that was faster than the goods took 0 days.
-- unit: days
-- value: median
WITH entitled AS (
    SELECT
        order_id,
        min(coalesce(returned_at, return_requested_at)) AS returned_at,
        min(cancelled_at) AS cancelled_at
    FROM orders
    GROUP BY order_id
),
paid_back AS (
    SELECT
        refunds.refunded_at,
        CASE
            WHEN refunds.reason = 'cancellation' THEN entitled.cancelled_at
            WHEN refunds.reason = 'return' OR refunds.reason IS NULL
                THEN coalesce(returns.received_at, returns.requested_at, entitled.returned_at)
        END AS since
    FROM refunds
    LEFT JOIN returns USING (order_id, return_id)
    LEFT JOIN entitled USING (order_id)
)
SELECT
    refunded_at AS occurred_at,
    date_diff('second', since, greatest(refunded_at, since)) / 86400 AS numerator
FROM paid_back
WHERE since IS NOT NULL
