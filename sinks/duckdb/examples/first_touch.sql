-- Which campaign first brought the customers, and what have they bought since? First-touch attribution.
-- A customer belongs to the first campaign that touched them before or at their first order; 'none' came
-- otherwise, or on a device that nothing ties to them. Each order counts once: the rows add up to all orders.
WITH buyer AS (
    SELECT customer_id, min(placed_at) AS first_order_at FROM orders GROUP BY customer_id
),
touch AS (
    SELECT
        customer_id,
        arg_min(
            {'source': utm_source, 'medium': utm_medium, 'campaign': utm_campaign}, (touched_at, event_id)
        ) AS first
    FROM campaign_touches
    JOIN buyer USING (customer_id)
    WHERE touched_at <= first_order_at
    GROUP BY customer_id
)
SELECT
    coalesce(touch.first.source, 'none') AS utm_source,
    touch.first.medium AS utm_medium,
    touch.first.campaign AS utm_campaign,
    orders.currency,
    count(DISTINCT orders.customer_id) AS customers,
    count(*) AS orders,
    sum(orders.revenue_net) AS revenue_net,
    round(sum(orders.revenue_net) / nullif(count(DISTINCT orders.customer_id), 0), 2) AS revenue_per_customer
FROM orders
LEFT JOIN touch USING (customer_id)
GROUP BY ALL
ORDER BY revenue_net DESC, utm_source, utm_medium, utm_campaign, currency
