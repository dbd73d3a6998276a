-- owner: Marketing
-- description: Everybody who has bought, by recency, frequency and money: each in fifths of all buyers of one
--   currency, 5 being the best, and a group made of them.
-- refresh: 1 day
WITH scored AS (
    SELECT
        customer_id,
        ntile(5) OVER (PARTITION BY currency ORDER BY last_order_at, customer_id) AS recency,
        ntile(5) OVER (PARTITION BY currency ORDER BY orders, customer_id) AS frequency,
        ntile(5) OVER (PARTITION BY currency ORDER BY revenue_net, customer_id) AS money
    FROM customers
    WHERE orders > 0 AND kind = 'person'
)
SELECT
    customer_id,
    recency,
    frequency,
    money,
    CASE
        WHEN recency >= 4 AND frequency >= 4 AND money >= 4 THEN 'champions'
        WHEN frequency >= 4 AND recency >= 3 THEN 'loyal'
        WHEN recency >= 4 AND frequency <= 2 THEN 'recent'
        WHEN recency <= 2 AND frequency >= 4 THEN 'at_risk'
        WHEN recency = 1 THEN 'lost'
        WHEN money >= 4 THEN 'big_spenders'
        ELSE 'average'
    END AS group_name
FROM scored
