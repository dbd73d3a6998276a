-- owner: sales
-- description: Share of the customers who ordered in the period for whom one of these orders was not the
--   first. Over the whole time: who ordered more than once. Wholly cancelled orders are left out.
-- unit: share
-- value: ratio
SELECT
    placed_at AS occurred_at,
    row_number() OVER (PARTITION BY customer_id ORDER BY placed_at, order_id) > 1 AS numerator,
    1 AS denominator,
    customer_id AS subject
FROM orders
WHERE customer_id IS NOT NULL AND cancelled_at IS NULL
