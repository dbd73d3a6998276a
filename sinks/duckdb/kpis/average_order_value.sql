-- owner: sales
-- description: What an order was to cost on average, before refunds; wholly cancelled orders are left out.
-- unit: money
-- value: ratio
SELECT placed_at AS occurred_at, total AS numerator, 1 AS denominator, currency AS series
FROM orders
WHERE cancelled_at IS NULL
