-- Which share of the pieces sold comes back, and what are they worth, by category and currency?
-- Lines of cancelled orders are left out. Young orders may still come back: compare old months with old ones.
SELECT
    coalesce(line.category, 'none') AS category,
    line.currency,
    sum(line.quantity)::BIGINT AS sold,
    sum(line.returned)::BIGINT AS returned,
    round(sum(line.returned) / sum(line.quantity), 4) AS return_rate,
    sum(line.total) AS sold_for,
    round(sum(line.total * line.returned / line.quantity), 2) AS returned_worth
FROM order_lines AS line
JOIN orders USING (order_id)
WHERE orders.cancelled_at IS NULL AND line.quantity > 0
GROUP BY ALL
ORDER BY return_rate DESC, category, currency
