-- owner: Marketing
-- description: The category of which the customer has bought and kept the most pieces.
-- refresh: live
WITH bought AS (
    SELECT customer_id, category, sum(quantity - returned) AS pieces
    FROM order_lines
    WHERE category IS NOT NULL
    GROUP BY customer_id, category
)
SELECT customer_id, arg_max(category, (pieces, category)) AS value
FROM bought
WHERE pieces > 0
GROUP BY customer_id
