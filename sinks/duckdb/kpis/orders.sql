-- owner: sales
-- description: Orders placed, cancelled ones too.
-- unit: orders
-- value: sum
SELECT placed_at AS occurred_at, 1 AS numerator
FROM orders
