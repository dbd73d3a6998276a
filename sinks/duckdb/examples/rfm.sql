-- Recency, frequency, monetary value: each customer's fifth in each, 5 is best, among those of one currency.
-- Ties are cut by customer_id, so that the same data give the same fifths. Anchored at the last order known.
WITH buyer AS (
    SELECT customer_id, currency, last_order_at, orders, revenue_net
    FROM customers
    WHERE orders > 0
),
scored AS (
    SELECT
        *,
        ntile(5) OVER (PARTITION BY currency ORDER BY last_order_at, customer_id) AS recency,
        ntile(5) OVER (PARTITION BY currency ORDER BY orders, customer_id) AS frequency,
        ntile(5) OVER (PARTITION BY currency ORDER BY revenue_net, customer_id) AS monetary
    FROM buyer
)
SELECT
    customer_id,
    recency,
    frequency,
    monetary,
    concat(recency, frequency, monetary) AS rfm,
    date_diff('day', last_order_at, (SELECT max(last_order_at) FROM buyer)) AS days_since_last_order,
    orders,
    revenue_net,
    currency
FROM scored
ORDER BY recency + frequency + monetary DESC, customer_id
