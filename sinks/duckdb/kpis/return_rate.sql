-- owner: logistics
-- description: Share of orders of which goods came back, on the day of the order; wholly cancelled orders are
--   left out. Young orders may still come back.
-- unit: share
-- value: ratio
SELECT placed_at AS occurred_at, returned_at IS NOT NULL AS numerator, 1 AS denominator
FROM orders
WHERE cancelled_at IS NULL
