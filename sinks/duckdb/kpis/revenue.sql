-- owner: finance
-- description: What customers paid and we kept: orders less what was cancelled and paid back, on the day of
--   the order. A refund changes the day on which its order was placed.
-- unit: money
-- value: sum
SELECT placed_at AS occurred_at, revenue_net AS numerator, currency AS series
FROM orders
